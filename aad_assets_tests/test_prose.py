"""The word list of `make lint`: each pattern catches its wording and leaves near misses alone."""

from pathlib import Path

import pytest

from tools.check_prose import EXEMPTIONS, PATTERNS, ROOT, Exemption, check_file, default_files, main

# Wording to catch, and a near miss to leave alone, in the order of PATTERNS.
CASES = [
    ("The next run mends the table.", "The amendment is commendable."),
    ("The view is created anew.", "It is a new view, in Canewdon."),
    ("It is skipped for want of a licence.", "It is skipped if people want no licence."),
    ("The rest is published all the same.", "The rows are all the same."),
    ("Everything but for the logs.", "Use a filter, but for example not here."),
    ("Not here: the queries.", "See also the queries, which are not here."),
    ("It lets go of the lock.", "Let the reload go on."),
    ("It fails, since the file is gone.", "It has been there, since 2026, and since the last run."),
    ("A file, else the keyring.", "Nothing else is written, or else it fails."),
    ("The person is told once.", "The cases can be told apart."),
    ("The value is refused.", "The refusal was logged."),
    ("It is a passing fault.", "It counts passing tests."),
    ("Graph answers 404.", "Graph answers in 404 ms."),
    ("It ends. Of the logs: nothing.", "The end of the logs: nothing."),
    ("What the tenant holds.", "Return what the tenant holds."),
]


def findings(path: Path, text: str, *exemptions: Exemption) -> list[str]:
    """Write `text` to `path` and return the wordings that are found in it."""
    path.write_text(text, encoding="utf-8")
    return [finding.wording for finding in check_file(path, exemptions)]


@pytest.mark.parametrize("number", range(len(PATTERNS)), ids=lambda number: PATTERNS[number].suggestion)
def test_each_pattern_catches_its_wording_and_leaves_near_misses_alone(tmp_path: Path, number: int) -> None:
    caught, near_miss = CASES[number]
    path = tmp_path / "module.py"

    path.write_text(f'"""{caught}"""\n', encoding="utf-8")

    assert [finding.suggestion for finding in check_file(path)] == [PATTERNS[number].suggestion]
    assert findings(path, f'"""{near_miss}"""\n') == []


def test_documents_are_checked_except_for_their_code(tmp_path: Path) -> None:
    text = "The fix is told.\n\n```sql\nSELECT told\n```\n\nThe column `told` of\nthe table is for want\nof a name.\n"
    path = tmp_path / "page.md"

    assert findings(path, text) == ["told", "for want of"]
    assert [finding.line for finding in check_file(path)] == [1, 8]


def test_comments_docstrings_and_messages_of_python_are_checked_and_identifiers_are_not(tmp_path: Path) -> None:
    text = '''"""Read a page."""

told = {"told": 1}  # is told


class Reader:
    size: int = 1
    """What is read at once."""

    def read(self, name: str) -> str:
        # A comment for
        # want of a better place, that is for want
        # of words.
        return f"{name} is read anew, since it is missing."
'''
    path = tmp_path / "module.py"

    assert sorted(findings(path, text)) == [", since", "What", "anew", "for want of", "for want of", "told"]
    lines = {finding.wording: finding.line for finding in check_file(path)}
    assert (lines["told"], lines["What"], lines["anew"]) == (3, 8, 14)
    assert {finding.line for finding in check_file(path) if finding.wording == "for want of"} == {11, 12}


def test_comments_of_sql_are_checked_and_statements_are_not(tmp_path: Path) -> None:
    assert findings(tmp_path / "query.sql", "SELECT told AS anew -- mended\nFROM users") == ["mended"]


def test_the_start_of_a_docstring_is_not_that_of_a_message(tmp_path: Path) -> None:
    assert findings(tmp_path / "module.py", 'question = "What is it?"\n') == []


def test_an_exemption_covers_one_place_alone(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    kept = Exemption(path.as_posix(), "been told", "The wording of a quotation.")

    assert findings(path, "As they had been told, they were told.", kept) == ["told"]
    assert findings(path, "As they had been told.", Exemption("other.md", kept.text, kept.reason)) == ["told"]


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda exemption: exemption.path)
def test_every_exemption_has_a_reason_and_is_needed(exemption: Exemption) -> None:
    others = [each for each in EXEMPTIONS if each is not exemption]

    assert exemption.reason
    assert check_file(ROOT / exemption.path, others)
    assert not check_file(ROOT / exemption.path)


def test_documents_and_clean_folders_are_checked_by_default() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in default_files()}

    assert {"README.md", "docs/history.md", "docs/tables/README.md", "tools/__init__.py"} <= names


def test_findings_are_printed_and_decide_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.md"
    path.write_text("It is read anew.\n", encoding="utf-8")

    assert main([str(path)]) == 1
    assert capsys.readouterr().out == f"{path}:1: 'anew'. Write: again.\n"
    path.write_text("It is read again.\n", encoding="utf-8")
    assert main([str(path)]) == 0
    assert capsys.readouterr().out == ""
