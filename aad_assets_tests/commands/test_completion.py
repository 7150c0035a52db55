"""Completion in a real shell."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aad_assets.cli import main

SCRIPT = """
source "$1"
COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
completing=$(complete -p aad-assets | sed -E 's/.* -F ([^ ]+) .*/\\1/')
"$completing" aad-assets
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    command = [sys.executable, "-m", "aad_assets.cli", "completion", "bash"]
    path = tmp_path_factory.mktemp("completion") / "aad-assets.bash"
    path.write_text(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return path


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["re"], {"reload"}),
        (["reload", "user_man"], {"user_managers"}),
        (["reload", "--group", "privileged"], {"privileged_access"}),
        (["query", "user_lic"], {"user_licenses"}),
        (["query", "--form"], {"--format"}),
        (["changes", "--format", "c"], {"csv"}),
        (["status", "--older"], {"--older-than"}),
        (["completion", "z"], {"zsh"}),
    ],
)
def test_bash_completes_commands_options_and_names(script: Path, words: list[str], expected: set[str]) -> None:
    result = subprocess.run(
        ["bash", "-c", SCRIPT, "bash", str(script), "aad-assets", *words], capture_output=True, text=True, check=True
    )

    assert set(result.stdout.split()) == expected, result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_each_shell_has_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "user_managers" in capsys.readouterr().out
