"""The generated parts of docs/troubleshooting.md: every message by the class of its error, gates, sign-in and reasons."""

import inspect
import re
from collections.abc import Iterable

from aad_assets.errors import AadAssetsError
from aad_assets.identity.sign_in_errors import ADVICE
from tools.reference.messages import error_classes, messages, texts

_BLOCK = re.compile(r"(<!-- (messages|sign-in|reasons) -->\n).*?(<!-- /\2 -->)", re.DOTALL)

_REASONS = (
    "reload/outcome.py",
    "reload/read.py",
    "reload/load.py",
    "graph/reading/extensions.py",
    "graph/reading/collections.py",
    "graph/reading/children.py",
)
"""Modules whose sentences become `loads.reason` of loads that were published or skipped."""


def with_messages(text: str) -> str:
    """Return the `text` of docs/troubleshooting.md with the messages between its markers."""
    parts = {"messages": _messages, "sign-in": _sign_in, "reasons": _reasons}
    return _BLOCK.sub(lambda found: f"{found[1]}{parts[found[2]]()}{found[3]}", text)


def _messages() -> str:
    return "\n".join(map(_section, error_classes()))


def _section(error: type[AadAssetsError]) -> str:
    meaning = inspect.cleandoc(error.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    found = [message.text for message in messages() if message.error == error.__name__ and _says_something(message.text)]
    return f"### {error.__name__}\n\n{meaning}\n\n{_bullets(found)}"


def _says_something(text: str) -> bool:
    """Return whether the text has words of its own. Others only join what is known at run time."""
    return len(re.findall(r"[a-z]{3,}", text)) > 2


def _sign_in() -> str:
    rows = "".join(f"| AADSTS{code} | {_escaped(advice)}. |\n" for code, advice in sorted(ADVICE.items()))
    return f"| code | what to do |\n| --- | --- |\n{rows}"


def _reasons() -> str:
    errors = {message.text for message in messages()}
    return _bullets(text for module in _REASONS for text in texts(module) if text not in errors)


def _bullets(found: Iterable[str]) -> str:
    return "".join(f"- {_escaped(text)}\n" for text in found)


def _escaped(text: str) -> str:
    """Return the text so that Markdown shows it as it is, in one line."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(text.split()))
