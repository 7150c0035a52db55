"""Writes the pages. Not here: what is in them."""

from aad_assets.catalog.reference import ROOT, pages

for name, text in pages().items():
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
