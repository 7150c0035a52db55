"""Text of others: nothing in it reaches a terminal, a log or Markdown as anything except text."""

import csv
import io
import json
import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG
from aad_assets.cli import main
from aad_assets.errors import AadAssetsError
from aad_assets.orchestration.specs import preview
from aad_assets.untrusted import markdown_code, printable, printable_json, printable_lines
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import ChangedAttribute
from aad_assets_tests.warehouse.support import FIRST_LOAD, Lab

EVIL = "\x1b[2J\x1b]0;title\x07Ann\x9b31m\u202egnp.exe\u2066\x7f\r\n  delete  all\u2028\x00"
LEGITIMATE = "Ångström Д العربية 日本 נ\u200f می\u200cخواهم 👩\u200d💻 ไทย\u200b a\u0301"
texts = st.text(st.characters() | st.sampled_from("|`\\[]()<>*_&~:\n\x1b\x9b\u202e\u2069"), max_size=30)


def is_safe(text: str) -> bool:
    forbidden = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029}
    return not any(unicodedata.category(each) in ("Cc", "Cs") or ord(each) in forbidden for each in text)


def cells(row: str) -> list[str]:
    """Split a row of a table as GFM does: a backslash takes the character after it."""
    return re.findall(r"((?:\\.|[^\\|])*)\|", row.removeprefix("|"))


@given(texts)
def test_printable_text_has_no_control_characters_and_keeps_the_rest(text: str) -> None:
    assert is_safe(printable(text))
    assert all(map(is_safe, printable_lines(text).split("\n")))
    assert [each for each in printable(text) if each != " "] == [each for each in text if is_safe(each) and each != " "]
    assert printable_lines(text).count("\n") == text.count("\n")


def test_legitimate_text_stays_as_it_is() -> None:
    assert printable(LEGITIMATE) == printable_lines(LEGITIMATE) == printable_json(LEGITIMATE) == LEGITIMATE


@given(st.dictionaries(texts, texts, max_size=3))
def test_printable_json_means_the_same(value: dict[str, str]) -> None:
    for text in (json.dumps(value, ensure_ascii=False), json.dumps(value, ensure_ascii=False, indent=2)):
        assert json.loads(printable_json(text)) == value
        assert all(map(is_safe, printable_json(text).split("\n")))


@given(texts)
def test_a_key_is_one_cell_of_code_in_the_preview(key: str) -> None:
    lines = preview([ChangedAttribute(key, "update", "jobTitle")]).split("\n")
    assert len(lines) == 3
    change, code, column = cells(lines[2])
    assert (change, column) == (" update ", " jobTitle ")
    assert code.strip() == markdown_code(key).strip()
    if shown := code.strip():
        fence = re.match("`+", shown)
        assert fence
        inner = shown[len(fence[0]) : -len(fence[0])]
        assert shown.endswith(fence[0])
        assert fence[0] not in re.findall("`+", inner), "nothing inside closes the code"
        if "\\" not in key:
            assert inner.replace("\\|", "|").strip() == printable(key).strip()


def test_the_preview_of_an_edge_table_has_three_cells() -> None:
    rows = preview([ChangedAttribute("g1|u1", "insert", None), ChangedAttribute("`a`|[b](c)", "delete", None)]).split("\n")[
        2:
    ]
    assert rows == [r"| insert | `g1\|u1` |  |", r"| delete | `` `a`\|[b](c) `` |  |"]


def test_an_error_has_no_control_characters() -> None:
    assert is_safe(str(AadAssetsError(EVIL)).replace("\n", " "))


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish a user whose name is not to be trusted, in a second load."""
    lab, target = Lab(tmp_path), Target(str(tmp_path / "entra.duckdb"), "aad")
    users = replace(CATALOG["users"])
    lab.publish(target, [], users)
    lab.publish(target, [{"id": f"u1{EVIL}", "displayName": EVIL, "jobTitle": EVIL}], users, number=1)
    lab.publish(target, [{"id": f"u1{EVIL}", "displayName": EVIL, "jobTitle": f"{EVIL}!"}], users, number=2)
    lab.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AAD_DATABASE", str(tmp_path / "entra.duckdb"))


@pytest.mark.usefixtures("changed")
def test_changes_print_names_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    since = ["changes", "--since", f"{FIRST_LOAD + timedelta(hours=1):%Y-%m-%dT%H:%M}"]
    assert main(since) == 0
    table = capsys.readouterr().out
    assert all(map(is_safe, table.split("\n")))
    assert [line.split()[0] for line in table.splitlines()] == ["users,", "insert", "users,", "update", "2"]

    assert main([*since, "--format", "json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(map(is_safe, lines))
    assert json.loads(lines[0])["new_value"]["displayName"] == EVIL
    assert json.loads(lines[0])["key"] == f"u1{EVIL}"

    assert main([*since, "--format", "csv"]) == 0
    printed = capsys.readouterr().out
    assert all(map(is_safe, printed.split("\n")))
    assert json.loads(next(csv.DictReader(io.StringIO(printed)))["new_value"])["displayName"] == EVIL


def test_whatever_a_command_prints_has_no_control_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AAD_DATABASE", str(tmp_path / "no\x1b[2Jsuch.duckdb"))
    assert main(["changes", "--since", "today"]) == 1
    with pytest.raises(SystemExit):
        main(["changes", "--since", "today", "--format", "\x1b[2J"])
    printed = capsys.readouterr()
    assert "does not exist" in printed.err
    assert all(map(is_safe, (printed.out + printed.err).split("\n")))
