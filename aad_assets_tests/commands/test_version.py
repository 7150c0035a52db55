"""`aad-assets --version`, which a report of a fault starts with."""

import tomllib
from pathlib import Path

import pytest

from aad_assets.cli import main

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_it_is_the_version_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"aad-assets {tomllib.loads(PROJECT.read_text('utf-8'))['project']['version']}\n"
