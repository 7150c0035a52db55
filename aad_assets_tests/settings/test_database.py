"""The names of a connection and of its database."""

from pathlib import Path

import duckdb
import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.settings import check_database_name, is_file, resolve_database
from aad_assets_tests.settings.support import read


def test_a_relative_database_is_made_absolute_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read(AAD_DATABASE="data/entra.duckdb")
    monkeypatch.chdir("/")
    assert settings.database == str(tmp_path / "data/entra.duckdb")
    assert settings.resolved() == settings


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert resolve_database("~/entra.duckdb") == "/home/me/entra.duckdb"


@pytest.mark.parametrize(
    "target", ["ducklake:postgres:dbname=lake", "md:entra", "postgres:host=db", "ducklake:meta.ducklake"]
)
def test_other_attach_targets_are_unchanged(target: str) -> None:
    assert not is_file(target)
    assert read(AAD_DATABASE=target).database == target
    check_database_name("md:aad", "aad")


@pytest.mark.parametrize("name", ["aad", "aad_history", "aad_meta", "aad_at", "aad_flat", "aad_kql", "AAD", "Aad_Meta"])
@pytest.mark.parametrize("ending", ["", ".duckdb", ".db", ".prod.duckdb"])
def test_a_file_named_like_a_schema_is_rejected(tmp_path: Path, name: str, ending: str) -> None:
    path = tmp_path / f"{name}{ending}"
    with pytest.raises(ConfigurationError, match=r"AAD_DATABASE.*AAD_CONNECTION_NAME"):
        read(AAD_DATABASE=str(path))
    with pytest.raises(ConfigurationError, match=r"AAD_SERVING_COPY.*AAD_CONNECTION_NAME"):
        read(AAD_SERVING_COPY=str(path))
    with duckdb.connect(str(path)) as database:
        database.execute(f"CREATE SCHEMA {name}")
        with pytest.raises(duckdb.BinderException, match="Ambiguous"):
            database.execute(f"CREATE TABLE {name}.users (id VARCHAR)")


@pytest.mark.parametrize("file", ["entra.duckdb", "my_aad.duckdb", "aads.duckdb", "x.aad.duckdb", "aad/entra.duckdb"])
def test_files_with_other_names_are_accepted(tmp_path: Path, file: str) -> None:
    read(AAD_DATABASE=file)
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE SCHEMA aad; CREATE TABLE aad.users (id VARCHAR)")


def test_the_rejected_file_names_depend_on_the_connection_name() -> None:
    assert read(AAD_CONNECTION_NAME="prod", AAD_DATABASE="/data/aad.duckdb").database == "/data/aad.duckdb"
    with pytest.raises(ConfigurationError, match="prod"):
        read(AAD_CONNECTION_NAME="prod", AAD_DATABASE="/data/prod_meta.duckdb")


@pytest.mark.parametrize(
    "name",
    [
        *("Prod", "1prod", "my-tenant", "a.b", "ä", "a b", "_a", 'a"b', "temp", "system", "pg_catalog", "information_schema"),
        *("main", "pg_temp", "memory", "target", "select", "order", "table", "left"),
        *("aad_meta", "aad_history", "prod_at", "prod_flat", "prod_kql", "aad_meta_meta"),
    ],
)
def test_a_connection_name_that_dagster_or_duckdb_rejects_is_rejected(name: str) -> None:
    with pytest.raises(ConfigurationError, match="AAD_CONNECTION_NAME is"):
        read(AAD_CONNECTION_NAME=name)


@pytest.mark.parametrize("name", ["aad", "prod", "prod2", "meta", "history", "data", "flat_earth", "at_home", "selected"])
def test_other_connection_names_are_accepted(name: str) -> None:
    assert read(AAD_CONNECTION_NAME=name).connection_name == name


def test_every_word_that_duckdb_takes_only_in_quotes_is_rejected() -> None:
    with duckdb.connect() as database:
        database.execute("ATTACH ':memory:' AS target")
        words = database.execute("SELECT DISTINCT keyword_name FROM duckdb_keywords()").fetchall()
        for (word,) in words:
            try:
                read(AAD_CONNECTION_NAME=word)
            except ConfigurationError:
                continue
            database.execute(f"CREATE SCHEMA target.{word}; CREATE TABLE target.{word}.users (id VARCHAR)")
            database.execute(f"USE target; FROM {word}.users")
    assert len(words) > 300


def test_a_serving_copy_is_a_file_of_its_own(tmp_path: Path) -> None:
    file = str(tmp_path / "entra.duckdb")
    with pytest.raises(ConfigurationError, match=r"AAD_SERVING_COPY .* must be another path than AAD_DATABASE"):
        read(AAD_DATABASE=file, AAD_SERVING_COPY=file)
    with pytest.raises(ConfigurationError, match="which must be a file") as caught:
        read(AAD_DATABASE="ducklake:postgres:password=p4ssword", AAD_SERVING_COPY=file)
    assert "p4ssword" not in str(caught.value)


@pytest.mark.parametrize(
    "target",
    [
        "ducklake:postgres:dbname=lake password=p4ssword host=db",
        "postgres:host=db password='p4ssword'",
        "md:entra?motherduck_token=p4ssword&x=1",
        "ducklake:postgres:postgresql://me:p4ssword@db/lake",
    ],
)
def test_a_password_in_a_target_is_shown_nowhere(target: str) -> None:
    settings = read(AAD_DATABASE=target)
    assert settings.database == target
    assert "p4ssword" not in repr(settings) + str(settings)
    assert "p4ssword" not in str(ConfigurationError(f"cannot attach {target}"))
