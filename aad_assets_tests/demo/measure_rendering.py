"""How fast users are rendered and compressed: python -m aad_assets_tests.demo.measure_rendering [users]. Not a test."""

import sys
import time
import zlib
from datetime import date

from aad_assets.demo.collections import BY_TABLE
from aad_assets.demo.tenant import Directory


def main() -> None:
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    directory = Directory(1, users, 0, "contoso.example", date(2026, 11, 2))
    kind, keys = directory.people.kind, directory.people.population.active
    left_out = BY_TABLE["users"].not_in_lists | set(BY_TABLE["users"].restricted)
    names = [name for name in kind.properties if name not in left_out]
    packer, plain, packed = zlib.compressobj(1, zlib.DEFLATED, 31), 0, 0
    began = time.perf_counter()
    for at in range(0, users, 200):
        piece = ",".join(kind.render(keys[at : at + 200], names)).encode()
        plain += len(piece)
        packed += len(packer.compress(piece))
    seconds = time.perf_counter() - began
    print(
        f"{users / seconds:,.0f} users/s with {len(names)} properties, {plain / users:,.0f} bytes a row, "
        f"{plain / seconds / 1e6:,.0f} MB/s, gzip to {packed / plain:.0%}"
    )


if __name__ == "__main__":
    main()
