"""The Dagster home that the commands share."""

import stat
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance

from aad_assets.cli import main
from aad_assets.commands.demo import DEMO_FOLDER, demo_settings
from aad_assets.demo import DemoServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


def home(capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["home"]) == 0
    return Path(capsys.readouterr().out.strip())


def test_a_home_is_created_that_only_the_user_can_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home(capsys)

    assert folder == tmp_path / ".dagster"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    with DagsterInstance.from_config(str(folder)) as instance:
        assert instance.run_retries_enabled
        assert instance.run_monitoring_enabled
        assert instance.freshness_enabled
        assert not instance.telemetry_enabled


def test_its_settings_are_those_of_the_deployment_besides_the_storage(capsys: pytest.CaptureFixture[str]) -> None:
    ours = yaml.safe_load((home(capsys) / "dagster.yaml").read_text())
    deployed = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text())

    assert ours.pop("nux") == {"enabled": False}
    assert deployed.pop("storage")
    assert ours == deployed


def test_what_the_user_changed_stays(capsys: pytest.CaptureFixture[str]) -> None:
    configuration = home(capsys) / "dagster.yaml"
    configuration.write_text("telemetry: {enabled: false}")

    home(capsys)

    assert configuration.read_text() == "telemetry: {enabled: false}"


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_a_home_of_the_user_is_used_as_it_is(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if where == ".env":
        (tmp_path / ".env").write_text("DAGSTER_HOME=/var/lib/dagster\n")
    else:
        monkeypatch.setenv("DAGSTER_HOME", "/var/lib/dagster")

    assert home(capsys) == Path("/var/lib/dagster")
    assert not (tmp_path / ".dagster").exists()


def test_the_demo_shares_the_home_unless_it_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A home of the user's own may be that of production, where a demo's runs do not belong."""
    shared = home(capsys)
    monkeypatch.setenv("DAGSTER_HOME", "/var/lib/dagster")
    server = DemoServer(state_dir=tmp_path)
    monkeypatch.setattr(server, "environment", dict)

    assert demo_settings(server, DEMO_FOLDER.absolute())["DAGSTER_HOME"] == str(shared)
    assert demo_settings(server, tmp_path / "other")["DAGSTER_HOME"] == str(tmp_path / "other" / ".dagster")
