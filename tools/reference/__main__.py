"""Write the reference pages: `python -m tools.reference`. A test fails if a page differs from what this writes."""

from tools.reference import ROOT, pages

for name, text in pages().items():
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
