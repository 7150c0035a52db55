"""The commands of `aad-assets`, one module each with a function `add(subparsers)` that declares it."""

import argparse
from typing import TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
