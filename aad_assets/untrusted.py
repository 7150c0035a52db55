"""Text that others wrote, such as names in the directory and messages of servers, made safe to show.

Control characters can move a terminal's cursor, change its title or hide what was printed, and overrides of the direction of
text can show a name as another one. Markdown can turn a name into a link or break a table.
"""

import re

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, separators of lines and paragraphs, overrides and isolates of direction, lone surrogates.

Joiners (U+200C, U+200D) and marks of direction (U+200E, U+200F) stay: names in some scripts, and emoji, need them.
"""

_SPACES = "\t\n\v\f\r\x85\u2028\u2029"
_PIPE = re.compile(r"(\\*)\|")
_BACKTICKS = re.compile("`+")


def printable(text: str) -> str:
    """Return the text in one line without control characters; tabs and line breaks become spaces."""
    return _UNSAFE.sub(lambda found: " " if found[0] in _SPACES else "", text)


def printable_lines(text: str) -> str:
    """Return the text without control characters, but with its line breaks."""
    return "\n".join(map(printable, text.split("\n"))) if _UNSAFE.search(text) else text


def printable_json(text: str) -> str:
    """Return JSON that means the same, with control characters escaped, and with its line breaks between values."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def markdown_code(text: str) -> str:
    """Return Markdown that shows the text as code in a cell of a table. Code has no links, HTML or emphasis."""
    shown = _PIPE.sub(lambda found: f"{found[1] * 2}\\|", printable(text))
    if not shown.strip():
        return ""
    fence = "`" * (max(map(len, _BACKTICKS.findall(shown)), default=0) + 1)
    padding = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{padding}{shown}{padding}{fence}"
