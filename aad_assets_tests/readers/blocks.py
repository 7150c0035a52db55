"""Run the Python of a page with nothing but what the page says to install: `blocks.py PAGE DATABASE`, in a new environment.

It imports only the standard library. Each block runs in a process of its own, in a folder with a copy of the database.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_SECONDS = 120


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of a language in a page, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def run(page: Path, database: Path) -> int:
    """Run the blocks of Python and return how many there are. Raises CalledProcessError for one that fails."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(database, Path(folder) / "entra.duckdb")
        found = blocks(page, "python")
        for block in found:
            subprocess.run([sys.executable, "-c", block], cwd=folder, check=True, timeout=_SECONDS)
    return len(found)


def requirements(page: Path) -> list[str]:
    """Return what the page says to install with pip."""
    installed = re.findall(r"^\$ pip install (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return sorted({name for line in installed for name in line.split()})


if __name__ == "__main__":
    if sys.argv[2:]:
        print(f"ran {run(Path(sys.argv[1]), Path(sys.argv[2]))} blocks of {sys.argv[1]}")
    else:
        print(*requirements(Path(sys.argv[1])), sep="\n")
