"""`aad-assets demo` in this process: which tenant it starts. The whole of it, as a process: `e2e/test_demo_command.py`."""

import json
from pathlib import Path

import pytest

from aad_assets.cli import main
from aad_assets.demo import DemoServer


def demo(folder: Path, *options: str) -> str:
    """Where the tenant is that a command was given by `aad-assets demo`."""
    assert main(["demo", "--folder", str(folder), "--users", "20", *options, "--run", "sh", "-c", "env > said"]) == 0
    said = dict(line.partition("=")[::2] for line in (folder / "said").read_text("utf-8").splitlines())
    return said["AAD_GRAPH_BASE_URL"]


@pytest.mark.parametrize(
    ("options", "bought"), [(["--licences", "none"], []), (["--licences", "P2"], ["P1", "P2"]), ([], ["Workload ID"])]
)
def test_a_tenant_has_the_licences_that_are_given_or_those_of_last_time(
    tmp_path: Path, options: list[str], bought: list[str]
) -> None:
    (tmp_path / "state.json").write_text('{"reloads": 1, "licences": ["Workload ID"]}', encoding="utf-8")
    demo(tmp_path, *options)

    assert json.loads((tmp_path / "tenant" / "demo.json").read_text("utf-8"))["licences"] == bought


def test_a_tenant_that_stayed_is_another_when_licences_differ(tmp_path: Path) -> None:
    with DemoServer(users=20, licences=["P2"], state_dir=tmp_path / "tenant") as kept:
        assert demo(tmp_path, "--licences", "P1,P2") == kept.graph_base_url
        assert demo(tmp_path, "--licences", "P1") != kept.graph_base_url


def test_a_licence_that_nobody_sells_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--licences", "P3"])

    assert "unknown licence 'P3'; known: P1, P2, Governance, Workload ID" in capsys.readouterr().err
