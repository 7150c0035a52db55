"""`aad-assets demo` in this process: the tenant that it starts. See also: `e2e/test_demo_command.py`."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from aad_assets.cli import main
from aad_assets.commands.demo import demo_settings, own_settings
from aad_assets.demo import DemoServer


def environment_of(folder: Path, *options: str) -> dict[str, str]:
    """Run `aad-assets demo --run`, and return the environment of the command."""
    assert main(["demo", "--folder", str(folder), "--users", "20", *options, "--run", "sh", "-c", "env > environment"]) == 0
    lines = (folder / "environment").read_text("utf-8").splitlines()
    return dict(line.partition("=")[::2] for line in lines)


def demo(folder: Path, *options: str) -> str:
    """Run `aad-assets demo --run`, and return the base URL that the command gets."""
    return environment_of(folder, *options)["AAD_GRAPH_BASE_URL"]


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


def test_a_command_gets_the_users_own_settings_except_those_of_the_tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    own = {
        "AAD_SCHEDULE_CRON": "0 7 * * *",
        "AAD_MEMORY_LIMIT": "500MB",
        "AAD_REQUEST_TIMEOUT": "20",
        "AAD_KEEP_HISTORY": "400d",
        "AAD_NOT_KNOWN": "x",
    }
    tenant = dict.fromkeys(("AAD_TENANT_ID", "AAD_CLIENT_SECRET", "AAD_GATEWAY_URL"), "s3cret-of-the-user")
    tenant |= {"AAD_DATABASE": "mine.duckdb", "AAD_CONNECTION_NAME": "mine", "AAD_SERVING_COPY": "copy.duckdb"}
    for name, value in (own | tenant).items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".env").write_text("AAD_CONNECTION_METADATA=entra.yaml\nAAD_AUTH=certificate\n", encoding="utf-8")
    found = environment_of(tmp_path / "demo")

    assert {name: found[name] for name in own} == own
    assert found["AAD_CONNECTION_METADATA"] == str(tmp_path / "entra.yaml")
    assert found["AAD_DATABASE"] == str(tmp_path / "demo/entra.duckdb")
    assert not {"AAD_AUTH", "AAD_GATEWAY_URL", "AAD_CONNECTION_NAME", "AAD_SERVING_COPY"} & found.keys()
    assert "s3cret-of-the-user" not in found.values()
    assert (found["AAD_LOG_DAYS"], found["AAD_QUOTA_SHARE"]) == ("7", "20"), "defaults of the demo"
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "The demo replaces AAD_AUTH, AAD_CLIENT_SECRET, AAD_CONNECTION_NAME, AAD_DATABASE, AAD_GATEWAY_URL, AAD_SERVING_COPY "
        "and AAD_TENANT_ID. Your other settings apply as they are.\n"
    )


def test_the_users_own_settings_come_before_the_defaults_of_the_demo() -> None:
    server = SimpleNamespace(environment=lambda: {"AAD_TENANT_ID": "demo"})
    own, replaced = own_settings({"AAD_LOG_DAYS": "30", "AAD_QUOTA_SHARE": "0.5", "AAD_TENANT_ID": " ", "PATH": "/bin"})
    with TemporaryDirectory() as folder:
        settings = demo_settings(server, Path(folder), own)  # type: ignore[arg-type]

    assert replaced == []
    assert (settings["AAD_LOG_DAYS"], settings["AAD_QUOTA_SHARE"], settings["AAD_TENANT_ID"]) == ("30", "0.5", "demo")
    assert "PATH" not in settings
