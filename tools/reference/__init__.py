"""The generator of the reference pages in docs/, written from the declarations of the catalogue and the settings.

`tables.py` writes docs/tables/, `personal_data.py` its page about personal data, `views.py` docs/views.md,
`relationships.py` the page about relationships and `diagram.py` its picture. `readme.py` fills the list of permissions in
README.md, `settings.py` the tables of docs/settings.md, `roles.py` the directory roles in docs/sign-in.md, `conformance.py`
the exemptions in docs/conformance.md, and `numbers.py` the numbers of entities in hand-written pages.
"""

from tools.reference.pages import ROOT, pages

__all__ = ["ROOT", "pages"]
