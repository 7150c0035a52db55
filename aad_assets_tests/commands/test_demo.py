"""`aad-assets demo` in this process: the tenant that it starts. See also: `e2e/test_demo_command.py`."""

import json
from pathlib import Path

import pytest

from aad_assets.cli import main
from aad_assets.demo import DemoServer


def demo(folder: Path, *options: str) -> str:
    """Run `aad-assets demo --run`, and return the base URL that the command gets."""
    assert main(["demo", "--folder", str(folder), "--users", "20", *options, "--run", "sh", "-c", "env > environment"]) == 0
    environment = dict(line.partition("=")[::2] for line in (folder / "environment").read_text("utf-8").splitlines())
    return environment["AAD_GRAPH_BASE_URL"]


@pytest.mark.parametrize(
    ("options", "bought"), [(["--licences", "none"], []), (["--licences", "P2"], ["P1", "P2"]), ([], ["Workload ID"])]
)
def test_a_tenant_has_the_given_licences_or_those_of_the_last_time(
    tmp_path: Path, options: list[str], bought: list[str]
) -> None:
    (tmp_path / "state.json").write_text('{"reloads": 1, "licences": ["Workload ID"]}', encoding="utf-8")
    demo(tmp_path, *options)

    assert json.loads((tmp_path / "tenant" / "demo.json").read_text("utf-8"))["licences"] == bought


def test_a_kept_tenant_is_not_reused_if_licences_differ(tmp_path: Path) -> None:
    with DemoServer(users=20, licences=["P2"], state_dir=tmp_path / "tenant") as kept:
        assert demo(tmp_path, "--licences", "P1,P2") == kept.graph_base_url
        assert demo(tmp_path, "--licences", "P1") != kept.graph_base_url


def test_an_unknown_licence_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--licences", "P3"])

    assert "unknown licence 'P3'; known: P1, P2, Governance, Workload ID" in capsys.readouterr().err
