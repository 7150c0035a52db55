"""The messages of errors, read from the code: every text with which an error of this project is created."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aad_assets
from aad_assets import errors

PACKAGE = Path(aad_assets.__file__).parent
PLACEHOLDER = "…"

_BUILDERS = {"_block": "LoadBlocked"}
"""Methods that create an error around a text, with the error's name."""


@dataclass(frozen=True)
class Message:
    """A text for people, with PLACEHOLDER for what is known at run time only."""

    error: str
    """The name of the class."""
    text: str
    module: str


def error_classes() -> list[type[errors.AadAssetsError]]:
    """Return the classes of the hierarchy in the order of their definition."""
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    return [each for each in found if issubclass(each, errors.AadAssetsError)]


@cache
def messages() -> tuple[Message, ...]:
    """Return every message of an error, in the order of the code, each once."""
    names = {each.__name__ for each in error_classes()}
    found = [message for path in _modules() for message in _in_module(path, names)]
    return tuple(dict.fromkeys(found))


def texts(module: str, *, least: int = 20) -> list[str]:
    """Return the sentences of a module: its strings of at least `least` characters that end as a sentence does."""
    tree = ast.parse((PACKAGE / module).read_text("utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node
    }
    strings = [template(node) or "" for node in ast.walk(tree) if id(node) not in docstrings | inside]
    return list(dict.fromkeys(text for text in strings if len(text) >= least and text.endswith(".")))


def template(node: ast.AST | None) -> str | None:
    """Return the text of a string or an f-string with placeholders; None for another expression."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(template(part) or PLACEHOLDER for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return (template(left) or PLACEHOLDER) + (template(right) or PLACEHOLDER)
        case ast.IfExp(body=body):
            return template(body)
    return None


def _modules() -> Iterator[Path]:
    """Yield the modules of the product without the demo tenant, from the settings up to the commands."""
    order = ("settings", "metadata", "identity", "transport", "graph", "warehouse", "reload", "orchestration", "commands")
    paths = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "demo"]

    def rank(path: Path) -> tuple[int, str]:
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        return (order.index(part) if part in order else len(order), str(path))

    yield from sorted(paths, key=rank)


def _in_module(path: Path, names: set[str]) -> Iterator[Message]:
    module = path.relative_to(PACKAGE).as_posix()
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        error = _BUILDERS.get(name, name)
        given = [text for argument in call.args if (text := template(argument)) and " " in text]
        if error in names and given:
            yield Message(error, max(given, key=len), module)
