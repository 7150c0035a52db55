"""Runs commands of `aad-assets` in this process, with the settings of a tenant."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from aad_assets.cli import main
from aad_assets.demo import DemoServer


@dataclass
class Output:
    """The output of a command, and its exit code."""

    code: int
    out: str
    err: str


class Commands:
    """Commands in an empty working directory, with one user's environment."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("AAD_")]:
            monkeypatch.delenv(name)

    def reach(self, server: DemoServer) -> "Commands":
        """Set the settings of a tenant."""
        self.set(**server.environment(), AAD_QUOTA_SHARE="50", AAD_LOG_DAYS="7")
        return self

    def set(self, **variables: str) -> None:
        """Set variables. An empty value counts as not set."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> Output:
        code = main(arguments)
        captured = self._capsys.readouterr()
        return Output(code, captured.out, captured.err)

    def write(self, text: str, name: str = "entra.yaml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path
