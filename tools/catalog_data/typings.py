"""Microsoft's descriptions of properties, read from its typings of Graph v1.0 and shortened to the property's meaning.

Microsoft's metadata has hardly any descriptions of directory properties. The typings have them as comments:
`microsoft-graph.d.ts` of the npm package @microsoft/microsoft-graph-types (MIT).
"""

import re
from collections.abc import Iterable
from pathlib import Path

Descriptions = dict[str, dict[str, str]]
"""Entity type in lower case → property → description in Microsoft's words."""

_NAMESPACE = re.compile(r"export namespace (?P<name>[\w.]+?)(Namespace)? \{")
_INTERFACE = re.compile(r"(export )?interface (?P<name>\w+)")
_MEMBER = re.compile(r"""["']?(?P<name>[\w.@-]+)["']?\?: """)
_COMMENT = re.compile(r"(//|/\*\*|\*/|\*)\s?(?P<text>.*?)(\s*\*/)?$")

_MISSING_SPACE = re.compile(
    r"(?<=[a-z0-9)])\.(?=(Returned|Supports|Read-only|Nullable|Not nullable|Inherited|Required|This|The|To)\b|0{8}-)"
)
_SENTENCE = re.compile(r"(?<=[^.]\.)(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z$(\[`'\"])")

_IT = r"(this|the) (property|value|field|attribute)"

# The beginnings of sentences that are about requests, not about the meaning of a property.
_ABOUT_REQUESTS = re.compile(
    "|".join(
        (
            r"(also )?(supports|doesn't support|does not support|isn't supported|not supported with|supported only on)\b",
            r"read[- ]?only|write[- ]only|\(?(not |non-)?nullable|optional\b|required\b|requires \$|key\.|inherited\b",
            r"(not )?returned\b|filterable|filter(ing)? |searchable by|a? ?\$(filter|select|search|expand)",
            rf"{_IT} (is|isn't|are|can( only)? be|must be|cannot be|can't be) (read[- ]only|(only )?returned|required|null)",
            rf"{_IT} (can( only)? be|must be|cannot be) (updated|set|specified|changed)",
            rf"{_IT} (is never|is always returned|can't be)\b|this can only be updated\b",
            r"only callers\b|apps need\b|(you must|must) (use|be (included|specified))|by default, this property",
            r"for (more|further) (information|details)|for details|for (an )?examples? of|for an example|for supported",
            r"see\b|learn more|note:|we (don't )?recommend\b|you can (get|update|use)|use (this property|the|\$)",
            r"(you )?(must )?use the prefer\b|to (get|read|write|update|list|learn|query)\b",
            r"http method|on (post|update)|in post",
            r"the (timestamp|datetimeoffset|date ?time) type\b|the date and time information uses\b",
            r"for example, midnight utc|the any operator\b",
            r"(the )?(maximum|max) (length|size|allowed)\b|this property has a maximum",
        )
    ),
    re.IGNORECASE,
)
_ASIDES = re.compile(r"\s*\((read-only|nullable|optional|required)\)|,? ?(which is )?read-only(?=\.$)", re.IGNORECASE)
_FUTURE = re.compile(r",? (and |or )?unknownFutureValue\b")

MAX_LENGTH = 300
"""Maximum length of a meaning in characters. A first sentence that is longer is kept whole."""


def read_typings(path: Path) -> Descriptions:
    """Return the comments on the members of each interface in a TypeScript declaration file."""
    described: Descriptions = {}
    namespace, comment = "", list[str]()
    members: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        text = line.strip()
        if match := _NAMESPACE.match(text):
            namespace = match["name"].lower() + "."
        elif match := _INTERFACE.match(text):
            members, comment = described.setdefault(f"{namespace}{match['name'].lower()}", {}), []
        elif match := _COMMENT.match(text):
            comment.append(match["text"])
        elif match := _MEMBER.match(text):
            if comment:
                members[match["name"]] = " ".join(" ".join(comment).split())
            comment = []
    return described


def shorten(description: str) -> str:
    """Return the first sentences of `description` that are not about requests; empty if there are none."""
    text = ""
    for sentence in _SENTENCE.split(_MISSING_SPACE.sub(". ", description.strip())):
        if text and len(text) + len(sentence) > MAX_LENGTH:
            break
        if not _ABOUT_REQUESTS.match(sentence):
            text = f"{text} {sentence}"
    text = _FUTURE.sub("", _ASIDES.sub("", text)).strip()
    return text if not text or text[-1] in ".!?)" else f"{text}."


def find_meaning(descriptions: Descriptions, lineage: Iterable[str], name: str) -> str:
    """Return the meaning of property `name` from the first type in `lineage` that describes it; empty if none does.

    `lineage`: an entity type, then its base types.
    """
    for type_ in lineage:
        if meaning := shorten(descriptions.get(type_.lower(), {}).get(name, "")):
            return meaning
    return ""
