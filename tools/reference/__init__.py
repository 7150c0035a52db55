"""The generator of the reference pages in docs/, written from the catalogue's declarations.

`tables.py` writes docs/tables/, `views.py` docs/views.md, `relationships.py` the page about relationships and `diagram.py`
its picture. `readme.py` fills the list of permissions in README.md.
"""

from tools.reference.pages import ROOT, pages

__all__ = ["ROOT", "pages"]
