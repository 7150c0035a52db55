"""Check the wording of documents, docstrings, comments and messages against a short list of patterns to avoid.

    python -m tools.check_prose [FILE ...]

Without arguments, it checks the documents, and the Python and SQL files in FOLDERS. The exit code is 1 if there
are findings. To keep a wording on purpose, add an Exemption with its reason.
"""

import ast
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).parents[1]

DOCUMENTS = ("*.md", "docs/**/*.md")

FOLDERS = ("aad_assets", "aad_assets_tests", "benchmarks", "tools")
"""Folders whose Python and SQL files are checked."""

LISTS = ("tools/check_prose.py", "aad_assets_tests/test_prose.py")
"""Files that list the wordings to avoid."""


class Kind(Enum):
    """The place of a piece of prose."""

    DOCUMENT = "document"
    DOCSTRING = "docstring"
    COMMENT = "comment"
    MESSAGE = "message"


@dataclass(frozen=True)
class Pattern:
    """A wording to avoid, as a regular expression. A space in it also matches a line break."""

    regex: str
    suggestion: str
    kinds: frozenset[Kind] = frozenset(Kind)

    def search(self, text: str) -> Iterator[re.Match[str]]:
        """Find the wording in `text`."""
        return re.finditer(self.regex.replace(" ", r"\s+"), text)


PATTERNS = (
    Pattern(r"\b[Mm]end(?:s|ed|ing)?\b", "fix"),
    Pattern(r"\banew\b", "again"),
    Pattern(r"\bfor want of\b", "because … is missing"),
    Pattern(r"(?<!are\s)(?<!is\s)\ball the same\b", "still, or anyway"),
    Pattern(r"\bbut for\b(?! example)", "except"),
    Pattern(r"\bNot here:", "delete it, or See also, if readers look for a neighbour"),
    Pattern(r"\b[Ll]et(?:s|ting)? go of\b", "release, or detach"),
    Pattern(r", since (?!\d|then\b|its? (?:start|release))", "because"),
    Pattern(r"[,;] else (?!if\b)", "otherwise"),
    Pattern(r"\b[Tt]old\b(?! apart)", "reported, or logged"),
    # Parents are refused, as in `refused_parents`; requests and values are rejected.
    Pattern(
        r"\b(?:value|request|query|column|property|filter|link|setting|token)s? (?:is|are|was|were|be|been) refused\b",
        "rejected",
    ),
    Pattern(r"\b[Ii]n passing\b|\b[Pp]assing (?:fault|error)s?\b", "transient"),
    Pattern(r"\banswer(?:s|ed)? (?:with )?[1-5]\d\d\b", "returned"),
    Pattern(r"(?:\A|(?<=[.!?|]\s)|(?<=\n\n))Of (?:[\w'-]+ ){0,4}[\w'-]+:", "put the subject first"),
    Pattern(r"\A(?:What|Whether) ", "a verb in the imperative: Return, Check, …", frozenset({Kind.DOCSTRING})),
)


@dataclass(frozen=True)
class Exemption:
    """A wording that one file keeps. `text` contains the wording, and as much around it as identifies the place."""

    path: str
    text: str
    reason: str


EXEMPTIONS = tuple(
    Exemption(f"docs/tables/{page}.md", "groups, but for Microsoft 365", "Microsoft wrote it, and does not mean “except”.")
    for page in ("directory", "recycle-bin")
)


@dataclass(frozen=True)
class Prose:
    """A piece of prose and the line where it starts."""

    line: int
    kind: Kind
    text: str


@dataclass(frozen=True)
class Finding:
    """A wording to avoid, and where it is."""

    path: str
    line: int
    wording: str
    suggestion: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.wording!r}. Write: {self.suggestion}."


def check_file(path: Path, exemptions: Sequence[Exemption] = EXEMPTIONS) -> list[Finding]:
    """Return the wordings to avoid in one file, by line."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
    findings = []
    kept = [exemption.text for exemption in exemptions if exemption.path == name]
    for prose in prose_of(path):
        for pattern in PATTERNS:
            if prose.kind not in pattern.kinds:
                continue
            for match in pattern.search(prose.text):
                if not any(_covers(prose.text, text, match) for text in kept):
                    line = prose.line + prose.text.count("\n", 0, match.start())
                    findings.append(Finding(name, line, " ".join(match[0].split()), pattern.suggestion))
    return sorted(findings, key=lambda finding: finding.line)


def _covers(prose: str, text: str, match: re.Match[str]) -> bool:
    """Return whether `text` occurs in `prose` around `match`."""
    start = prose.find(text, max(0, match.end() - len(text)), match.start() + len(text))
    return 0 <= start <= match.start()


def prose_of(path: Path) -> Iterator[Prose]:
    """Split a file into pieces of prose, by the ending of its name."""
    text = path.read_text("utf-8")
    match path.suffix:
        case ".md":
            yield Prose(1, Kind.DOCUMENT, _without_code(text))
        case ".py":
            yield from _strings(text)
            yield from _comments(path)
        case ".sql":
            for number, line in enumerate(text.splitlines(), 1):
                if comment := re.search(r"(?:^|\s)--\s*(.*)", line):
                    yield Prose(number, Kind.COMMENT, comment[1])


def _without_code(markdown: str) -> str:
    """Return the text with code replaced by blanks, so that lines keep their numbers."""
    code = re.compile(r"^ *```.*?^ *```|`[^`\n]+(?:\n[^`\n]+)?`", re.MULTILINE | re.DOTALL)
    return code.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), markdown)


def _strings(source: str) -> Iterator[Prose]:
    """Return docstrings and the string literals that contain a space: shorter ones are keys and names."""
    docstrings = set[int]()
    for node in ast.walk(ast.parse(source)):  # a statement comes before the string in it
        if isinstance(node, ast.Expr):
            docstrings.add(id(node.value))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            kind = Kind.DOCSTRING if id(node) in docstrings else Kind.MESSAGE
            yield Prose(node.lineno, kind, node.value)


def _comments(path: Path) -> Iterator[Prose]:
    """Return the comments; those on consecutive lines are one piece."""
    first, last, lines = 0, -1, list[str]()
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type != tokenize.COMMENT:
                continue
            if token.start[0] != last + 1 and lines:
                yield Prose(first, Kind.COMMENT, "\n".join(lines))
                lines = []
            first = first if lines else token.start[0]
            last = token.start[0]
            lines.append(token.string.lstrip("# "))
    if lines:
        yield Prose(first, Kind.COMMENT, "\n".join(lines))


def default_files() -> Iterator[Path]:
    """Return the documents, and the Python and SQL files of FOLDERS, except those that list the wordings."""
    lists = {ROOT / name for name in LISTS}
    for pattern in (*DOCUMENTS, *(f"{folder}/**/*.{ending}" for folder in FOLDERS for ending in ("py", "sql"))):
        yield from (path for path in sorted(ROOT.glob(pattern)) if path not in lists)


def main(arguments: Sequence[str] = ()) -> int:
    """Print the findings and return the exit code."""
    files: Iterable[Path] = [Path(name).absolute() for name in arguments] or default_files()
    findings = [finding for path in files for finding in check_file(path)]
    for finding in findings:
        print(finding)
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
