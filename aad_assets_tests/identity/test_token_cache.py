"""The stored sign-in: replaced as a whole, locked, and never shown in errors."""

import importlib.util
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import msal
import msal_extensions
import pytest

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.identity import token_cache
from aad_assets.identity.token_cache import AtomicFilePersistence, TokenCache
from aad_assets_tests.fake_graph import connection

STORED = """{"RefreshToken": {"one": {"secret": "r3fresh", "home_account_id": "x", "environment": "e", "client_id": "c",
"credential_type": "RefreshToken"}}}"""


def cache_at(path: Path) -> TokenCache:
    return TokenCache(connection(auth="delegated", token_cache=str(path)))


def stored_cache() -> msal.SerializableTokenCache:
    cache = msal.SerializableTokenCache()
    cache.deserialize(STORED)
    return cache


def test_a_sign_in_is_stored_and_read_back(tmp_path: Path) -> None:
    cache = cache_at(tmp_path / "new" / "folder" / "sign-in.json")
    cache.replace(stored_cache())
    with cache.open() as found:
        (entry,) = found.search(found.CredentialType.REFRESH_TOKEN)
    assert entry["secret"] == "r3fresh"
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.path.parent.stat().st_mode) == 0o700
    assert "r3fresh" not in repr(cache)


def test_a_failed_write_leaves_the_old_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = cache_at(tmp_path / "sign-in.json")
    cache.replace(stored_cache())
    before = cache.path.read_text()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match=r"sign-in\.json: No space left on device\. Check AAD_TOKEN_CACHE") as caught:
        cache.replace(stored_cache())
    assert cache.path.read_text() == before
    assert "r3fresh" not in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"sign-in.json", "sign-in.json.lock"}


def test_changes_are_stored_even_after_an_error(tmp_path: Path) -> None:
    cache = cache_at(tmp_path / "sign-in.json")
    cache.replace(stored_cache())
    with suppress(RuntimeError), cache.open() as found:
        (entry,) = found.search(found.CredentialType.REFRESH_TOKEN)
        found.update_rt(entry, "n3w")
        raise RuntimeError
    assert "n3w" in cache.path.read_text()


def test_a_missing_sign_in_says_how_to_sign_in(tmp_path: Path) -> None:
    with pytest.raises(SignInError, match=r"Run aad-assets login\."), cache_at(tmp_path / "sign-in.json").open():
        raise AssertionError


@pytest.mark.parametrize("content", ["{", "r3fresh"])
def test_an_unreadable_file_is_reported_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sign-in.json"
    path.write_text(content)
    with pytest.raises(SignInError, match="Run aad-assets login again") as caught, cache_at(path).open():
        raise AssertionError
    assert "r3fresh" not in str(caught.value)


def test_a_binary_file_is_reported_and_can_be_removed(tmp_path: Path) -> None:
    path = tmp_path / "sign-in.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SignInError, match="Run aad-assets login again"), cache_at(path).open():
        raise AssertionError
    cache_at(path).check_usable()
    assert cache_at(path).remove()
    assert not path.exists()
    assert not cache_at(path).remove()


def test_temporary_files_of_killed_processes_are_removed_with_the_sign_in(tmp_path: Path) -> None:
    left = [tmp_path / ".sign-in.json.ab3d_fgh", tmp_path / ".sign-in.json.12345678"]
    others = [tmp_path / ".sign-in.json.swp", tmp_path / ".other.json.ab3d_fgh"]
    for path in (*left, *others):
        path.write_text(STORED)
    cache = cache_at(tmp_path / "sign-in.json")
    assert cache.remove(), "there was something to remove"
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in others)
    assert not cache.remove()


def test_an_unusable_location_is_reported_beforehand(tmp_path: Path) -> None:
    (tmp_path / "sign-in.json").mkdir()
    with pytest.raises(ConfigurationError, match="Check AAD_TOKEN_CACHE"):
        cache_at(tmp_path / "sign-in.json").check_usable()


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="Check AAD_TOKEN_CACHE"):
        cache_at(tmp_path / "file" / "sign-in.json")


def test_one_process_waits_for_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sign-in.json"
    cache_at(path).replace(stored_cache())
    order = []

    def second() -> None:
        cache_at(path).replace(stored_cache())
        order.append("second")

    with cache_at(path).open():
        waiting = threading.Thread(target=second)
        waiting.start()
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]
    monkeypatch.setattr(token_cache, "_MAX_WAIT", 0.0)
    with (
        cache_at(path).open(),
        pytest.raises(ConfigurationError, match=r"Another process has held .*sign-in\.json\.lock for more than"),
    ):
        cache_at(path).remove()


def test_each_app_and_tenant_has_its_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "user_data_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    one = connection(auth="delegated")
    others = [one.model_copy(update=change) for change in ({"client_id": "other"}, {"tenant_id": "../else"})]
    paths = {TokenCache(each).path for each in (one, *others)}
    assert len(paths) == 3
    assert {path.parent for path in paths} == {tmp_path}


class _Keyring(AtomicFilePersistence):
    is_encrypted = True


def _broken(_: str) -> Any:
    raise RuntimeError("no keyring runs here")


@pytest.mark.parametrize(
    ("named", "build", "encrypted"), [(False, _Keyring, True), (True, _Keyring, False), (False, _broken, False)]
)
def test_the_systems_keyring_is_used_unless_a_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool, build: Any, encrypted: bool
) -> None:
    monkeypatch.setattr(token_cache, "user_data_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(msal_extensions, "build_encrypted_persistence", build)
    place = {"token_cache": str(tmp_path / "named.json")} if named else {}
    cache = TokenCache(connection(auth="delegated", **place))
    assert cache.is_encrypted is encrypted
    cache.replace(stored_cache())
    with cache.open() as found:
        assert list(found.search(found.CredentialType.REFRESH_TOKEN))
    assert cache.remove()
    with pytest.raises(SignInError), cache.open():
        raise AssertionError
