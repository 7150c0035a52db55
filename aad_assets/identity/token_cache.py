"""The delegated sign-in on disk: where it is, who may use it, and that no two processes renew it at once.

msal-extensions keeps it in the system's keychain or keyring where there is one, unless AAD_TOKEN_CACHE names a file. Not
here: what is in it, which is msal's.
"""

import fcntl
import importlib.util
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import msal
import msal_extensions
from msal_extensions.persistence import BasePersistence, PersistenceNotFound
from platformdirs import user_data_path

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.identity.sign_in_errors import LOGIN_AGAIN
from aad_assets.settings import Connection

_WAIT = 30.0
"""Seconds to wait for another process that renews the sign-in."""

_POLL = 0.05


class AtomicFilePersistence(msal_extensions.FilePersistence):  # type: ignore[misc]
    """A file that only its owner may read, replaced as a whole: a kill leaves the old sign-in or the new one."""

    def save(self, content: str) -> None:
        """Write beside the file, then rename."""
        path = Path(self.get_location())
        with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8") as file:
            try:  # made with mode 0600
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise


class TokenCache:
    """The sign-in of one connection. Its repr and errors name the place, never what is in it."""

    def __init__(self, connection: Connection) -> None:
        self.path = Path(connection.token_cache or _default_path(connection)).expanduser().absolute()
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._persistence = _persistence(self.path, named=bool(connection.token_cache))
        except OSError as error:
            raise self._unusable(error) from None

    @property
    def is_encrypted(self) -> bool:
        """Whether the system's keychain or keyring has it."""
        return bool(self._persistence.is_encrypted)

    @contextmanager
    def opened(self) -> Iterator[msal.SerializableTokenCache]:
        """What is stored, with every other process kept out; changes are written at the end, also after an error.

        Raises SignInError when nobody is signed in.
        """
        cache = msal.SerializableTokenCache()
        with self._locked():
            if not (content := self._load()):
                raise SignInError(f"Nobody is signed in ({self.path} holds no sign-in): run aad-assets login.")
            try:
                cache.deserialize(content)
            except ValueError:
                raise self._unreadable() from None
            try:
                yield cache
            finally:
                if cache.has_state_changed:
                    self._save(cache)

    def replace(self, cache: msal.SerializableTokenCache) -> None:
        """Store a new sign-in in place of any other."""
        with self._locked():
            self._save(cache)

    def remove(self) -> bool:
        """Forget the sign-in; whether there was one, or a file that is now removed."""
        with self._locked():
            try:
                there = bool(self._load())
            except SignInError:
                there = True
            if there and self.is_encrypted:
                self._persistence.save("")
            try:
                files = [file for file in (self.path, *self._left_behind()) if file.exists()]
                for file in files:
                    file.unlink()
            except OSError as error:
                raise self._unusable(error) from None
            return there or bool(files)

    def ready(self) -> None:
        """Raise ConfigurationError when no sign-in could be kept here."""
        with self._locked(), suppress(SignInError):  # what cannot be read is about to be replaced
            self._load()

    def _left_behind(self) -> list[Path]:
        """What processes that were killed had written beside the file."""
        prefix = re.escape(f".{self.path.name}.")
        return [file for file in self.path.parent.iterdir() if re.fullmatch(rf"{prefix}[a-z0-9_]{{8}}", file.name)]

    def _load(self) -> str:
        try:
            return str(self._persistence.load() or "")
        except PersistenceNotFound:
            return ""
        except ValueError:  # no text
            raise self._unreadable() from None
        except OSError as error:
            raise self._unusable(error) from None

    def _save(self, cache: msal.SerializableTokenCache) -> None:
        for token in list(cache.search(cache.CredentialType.ACCESS_TOKEN)):  # each process fetches its own
            cache.remove_at(token)
        try:
            self._persistence.save(cache.serialize())
        except OSError as error:
            raise self._unusable(error) from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The kernel lets go of the lock when the process dies, in whatever way."""
        try:
            descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            deadline = time.monotonic() + _WAIT
            while not _try_lock(descriptor):
                if time.monotonic() > deadline:
                    raise ConfigurationError(f"Another process holds {self.path}.lock for over {_WAIT:.0f} s: end it.")
                time.sleep(_POLL)
            yield
        finally:
            os.close(descriptor)

    def _unreadable(self) -> SignInError:
        return SignInError(f"{self.path} holds no sign-in that can be read: {LOGIN_AGAIN}.")

    def _unusable(self, error: OSError) -> ConfigurationError:
        why = error.strerror or type(error).__name__
        return ConfigurationError(f"The sign-in cannot be kept in {self.path}: {why}. Check AAD_TOKEN_CACHE.")


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _default_path(connection: Connection) -> Path:
    """One file for each app and tenant, so that connections do not take each other's place."""
    name = re.sub(r"[^\w.-]", "_", f"{connection.tenant_id}-{connection.client_id}".lower())
    return user_data_path("aad_assets", appauthor=False) / f"sign-in-{name}.json"


def _persistence(path: Path, named: bool) -> BasePersistence:
    # msal-extensions logs a stack trace where the keyring's Python module is missing.
    if not named and (sys.platform == "darwin" or importlib.util.find_spec("gi")):
        with suppress(Exception):  # no keyring runs, or nobody is there to unlock it
            return msal_extensions.build_encrypted_persistence(str(path))
    return AtomicFilePersistence(str(path))
