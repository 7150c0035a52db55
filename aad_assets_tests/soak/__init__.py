"""Random mixtures of every fault that the demo tenant knows, for minutes. `python -m aad_assets_tests.soak` runs it."""
