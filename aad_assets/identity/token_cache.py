"""The stored sign-in of a person: where it is kept, who may read it, and the lock that lets one process renew it at a time.

msal-extensions keeps it in the system's keychain or keyring if there is one, unless AAD_TOKEN_CACHE names a file. The
content is msal's.
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

_MAX_WAIT = 30.0
"""Seconds to wait for another process that renews the sign-in."""

_POLL = 0.05


class AtomicFilePersistence(msal_extensions.FilePersistence):  # type: ignore[misc]
    """A file that only its owner can read, replaced as a whole: after a kill, it holds the old sign-in or the new one."""

    def save(self, content: str) -> None:
        """Write a temporary file beside the target, then rename it."""
        path = Path(self.get_location())
        with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8") as file:
            try:  # NamedTemporaryFile creates the file with mode 0600.
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise


class TokenCache:
    """The stored sign-in of one connection. Its repr and its errors show the location, never the content."""

    def __init__(self, connection: Connection) -> None:
        self.path = Path(connection.token_cache or _default_path(connection)).expanduser().absolute()
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._persistence = _persistence(self.path, named=bool(connection.token_cache))
        except OSError as error:
            raise self._unusable(error) from None

    @property
    def is_encrypted(self) -> bool:
        """True if the system's keychain or keyring holds the sign-in."""
        return bool(self._persistence.is_encrypted)

    @contextmanager
    def open(self) -> Iterator[msal.SerializableTokenCache]:
        """Lock the stored sign-in and yield it. Write changes back at the end, even after an error.

        Raises SignInError if nobody is signed in, ConfigurationError if another process holds the lock for too long.
        """
        cache = msal.SerializableTokenCache()
        with self._locked():
            if not (content := self._load()):
                raise SignInError(f"Nobody is signed in ({self.path} contains no sign-in). Run aad-assets login.")
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
        """Store a new sign-in in place of the present one, if any."""
        with self._locked():
            self._save(cache)

    def remove(self) -> bool:
        """Delete the sign-in. Return whether there was one, or a file that has now been removed."""
        with self._locked():
            try:
                found = bool(self._load())
            except SignInError:
                found = True
            if found and self.is_encrypted:
                self._persistence.save("")
            try:
                files = [file for file in (self.path, *self._temporary_files()) if file.exists()]
                for file in files:
                    file.unlink()
            except OSError as error:
                raise self._unusable(error) from None
            return found or bool(files)

    def check_usable(self) -> None:
        """Raise ConfigurationError if a sign-in could not be stored here."""
        with self._locked(), suppress(SignInError):  # An unreadable sign-in is about to be replaced.
            self._load()

    def _temporary_files(self) -> list[Path]:
        """List the temporary files that killed processes have left beside the file."""
        prefix = re.escape(f".{self.path.name}.")
        return [file for file in self.path.parent.iterdir() if re.fullmatch(rf"{prefix}[a-z0-9_]{{8}}", file.name)]

    def _load(self) -> str:
        try:
            return str(self._persistence.load() or "")
        except PersistenceNotFound:
            return ""
        except ValueError:  # The file is not text.
            raise self._unreadable() from None
        except OSError as error:
            raise self._unusable(error) from None

    def _save(self, cache: msal.SerializableTokenCache) -> None:
        for token in list(cache.search(cache.CredentialType.ACCESS_TOKEN)):  # Each process fetches its own.
            cache.remove_at(token)
        try:
            self._persistence.save(cache.serialize())
        except OSError as error:
            raise self._unusable(error) from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock file. The kernel releases it when the process dies, however it dies."""
        try:
            descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            deadline = time.monotonic() + _MAX_WAIT
            while not _try_lock(descriptor):
                if time.monotonic() > deadline:
                    raise ConfigurationError(
                        f"Another process has held {self.path}.lock for more than {_MAX_WAIT:.0f} s. Stop it and try again."
                    )
                time.sleep(_POLL)
            yield
        finally:
            os.close(descriptor)

    def _unreadable(self) -> SignInError:
        return SignInError(f"{self.path} does not contain a readable sign-in. {LOGIN_AGAIN}.")

    def _unusable(self, error: OSError) -> ConfigurationError:
        why = error.strerror or type(error).__name__
        return ConfigurationError(f"The sign-in cannot be stored in {self.path}: {why}. Check AAD_TOKEN_CACHE.")


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _default_path(connection: Connection) -> Path:
    """Return a path for each app and tenant, so that connections do not overwrite each other's sign-in."""
    name = re.sub(r"[^\w.-]", "_", f"{connection.tenant_id}-{connection.client_id}".lower())
    return user_data_path("aad_assets", appauthor=False) / f"sign-in-{name}.json"


def _persistence(path: Path, named: bool) -> BasePersistence:
    # msal-extensions logs a stack trace if the keyring's Python module is missing.
    if not named and (sys.platform == "darwin" or importlib.util.find_spec("gi")):
        with suppress(Exception):  # No keyring is running, or nobody can unlock it.
            return msal_extensions.build_encrypted_persistence(str(path))
    return AtomicFilePersistence(str(path))
