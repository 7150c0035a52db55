"""The file of a delegated sign-in: replaced as a whole, locked, and told about without its content."""

import importlib.util
import os
import stat
import threading
from contextlib import suppress
from dataclasses import replace
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


def kept(path: Path) -> TokenCache:
    return TokenCache(connection(auth="delegated", token_cache=str(path)))


def filled() -> msal.SerializableTokenCache:
    cache = msal.SerializableTokenCache()
    cache.deserialize(STORED)
    return cache


def test_a_sign_in_is_kept_and_taken_out_again(tmp_path: Path) -> None:
    cache = kept(tmp_path / "new" / "folder" / "sign-in.json")
    cache.replace(filled())
    with cache.opened() as found:
        (entry,) = found.search(found.CredentialType.REFRESH_TOKEN)
    assert entry["secret"] == "r3fresh"
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.path.parent.stat().st_mode) == 0o700
    assert "r3fresh" not in repr(cache)


def test_what_cannot_be_written_leaves_the_old_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = kept(tmp_path / "sign-in.json")
    cache.replace(filled())
    before = cache.path.read_text()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match=r"sign-in\.json: No space left on device\. Check AAD_TOKEN_CACHE") as caught:
        cache.replace(filled())
    assert cache.path.read_text() == before
    assert "r3fresh" not in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"sign-in.json", "sign-in.json.lock"}


def test_changes_are_kept_also_when_what_follows_fails(tmp_path: Path) -> None:
    cache = kept(tmp_path / "sign-in.json")
    cache.replace(filled())
    with suppress(RuntimeError), cache.opened() as found:
        (entry,) = found.search(found.CredentialType.REFRESH_TOKEN)
        found.update_rt(entry, "n3w")
        raise RuntimeError
    assert "n3w" in cache.path.read_text()


def test_nobody_signed_in_is_told(tmp_path: Path) -> None:
    with pytest.raises(SignInError, match="run aad-assets login"), kept(tmp_path / "sign-in.json").opened():
        raise AssertionError


@pytest.mark.parametrize("content", ["{", "r3fresh"])
def test_a_file_that_is_none_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sign-in.json"
    path.write_text(content)
    with pytest.raises(SignInError, match="run aad-assets login again") as caught, kept(path).opened():
        raise AssertionError
    assert "r3fresh" not in str(caught.value)


def test_a_file_of_bytes_is_told_and_can_be_removed(tmp_path: Path) -> None:
    path = tmp_path / "sign-in.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SignInError, match="run aad-assets login again"), kept(path).opened():
        raise AssertionError
    kept(path).ready()
    assert kept(path).remove()
    assert not path.exists()
    assert not kept(path).remove()


def test_what_a_killed_process_left_is_removed_with_the_sign_in(tmp_path: Path) -> None:
    left = [tmp_path / ".sign-in.json.ab3d_fgh", tmp_path / ".sign-in.json.12345678"]
    others = [tmp_path / ".sign-in.json.swp", tmp_path / ".other.json.ab3d_fgh"]
    for path in (*left, *others):
        path.write_text(STORED)
    cache = kept(tmp_path / "sign-in.json")
    assert cache.remove(), "something was there"
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in others)
    assert not cache.remove()


def test_a_place_where_nothing_can_be_kept_is_told_beforehand(tmp_path: Path) -> None:
    (tmp_path / "sign-in.json").mkdir()
    with pytest.raises(ConfigurationError, match="Check AAD_TOKEN_CACHE"):
        kept(tmp_path / "sign-in.json").ready()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="Check AAD_TOKEN_CACHE"):
        kept(tmp_path / "file" / "sign-in.json")


def test_one_waits_for_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sign-in.json"
    kept(path).replace(filled())
    order = []

    def second() -> None:
        kept(path).replace(filled())
        order.append("second")

    with kept(path).opened():
        waiting = threading.Thread(target=second)
        waiting.start()
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]
    monkeypatch.setattr(token_cache, "_WAIT", 0.0)
    with kept(path).opened(), pytest.raises(ConfigurationError, match=r"Another process holds .*sign-in\.json\.lock"):
        kept(path).remove()


def test_each_app_and_tenant_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "user_data_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    one = connection(auth="delegated")
    paths = {TokenCache(each).path for each in (one, replace(one, client_id="other"), replace(one, tenant_id="../else"))}
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
    cache.replace(filled())
    with cache.opened() as found:
        assert list(found.search(found.CredentialType.REFRESH_TOKEN))
    assert cache.remove()
    with pytest.raises(SignInError), cache.opened():
        raise AssertionError
