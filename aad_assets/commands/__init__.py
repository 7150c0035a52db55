"""The commands of `aad-assets`, a module each: `add(subparsers)` declares it.

Not here: what the commands do to Graph or the database stands in the layers below; what they share, in `environment.py`.
"""

import argparse
from typing import TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
