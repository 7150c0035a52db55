"""The commands of `aad-assets`, one module each, which `cli.py` joins. A module's `add` declares it to argparse."""
