"""How people prove who they are: identity providers of the tenant, authentication methods of each user."""

from .people import GUEST, People
from .rendering import Listed
from .templates import Area
from .vocabulary import Words


class Identities(Area):
    """Identity providers, and the methods that users have registered."""

    def __init__(self, words: Words, people: People) -> None:
        super().__init__("identities", words)
        self._people = people
        self.available = Listed("Edm.String", lambda: self.rows("available_types"))

    def methods(self, user: int) -> Listed:
        """Return what the user has registered: a password, and most people something more."""
        people, hash_ = self._people, self._people.ids.hash(user)
        traits, joined = int(hash_[24:40], 16), people.population.joined_on(user)
        return self.listed(
            "methods",
            who=user,
            sort=people.sort_name(user),
            traits=traits,
            key_id=f"{hash_[20:42]}1",
            certificate=hash_[:40],
            joined=joined,
            first=joined or -(40 + (traits >> 8) % 2500),
            moved=people.population.moved_on.get(user),
        )

    def has_no_mailbox(self, user: int) -> bool:
        """Say whether the user has no mailbox, as guests."""
        return self._people.sort(user) == GUEST
