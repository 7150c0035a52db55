"""Licences that the tenant can have. collections.yaml declares which collection needs which one."""

import argparse
from collections.abc import Iterable

P1, P2, GOVERNANCE, WORKLOAD = "P1", "P2", "Governance", "Workload ID"
ALL = (P1, P2, GOVERNANCE, WORKLOAD)


def held(names: Iterable[str]) -> frozenset[str]:
    """Return the licences with what they imply (P2 contains P1), or raise ValueError for an unknown one."""
    found = frozenset(names)
    if unknown := found.difference(ALL):
        raise ValueError(f"unknown licence {sorted(unknown)[0]!r}; known: {', '.join(ALL)}")
    return found | {P1} if P2 in found else found


def parse(text: str) -> frozenset[str]:
    """Return the licences of the command line's form, names with commas between or `none`; raise ArgumentTypeError."""
    try:
        return frozenset() if text == "none" else held(name.strip() for name in text.split(",") if name.strip())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
