"""The command line: python -m aad_assets.demo."""

import sys

from .configuration import parse
from .server import run

if __name__ == "__main__":
    sys.exit(run(parse(None)))
