"""The generator of the reference pages in docs/, written from the declarations of the catalogue and the settings.

`tables.py` writes docs/tables/, `views.py` docs/views.md, `relationships.py` the page about relationships and `diagram.py`
its picture. `readme.py` fills the list of permissions in README.md, and `settings.py` the tables of docs/settings.md.
"""

from tools.reference.pages import ROOT, pages

__all__ = ["ROOT", "pages"]
