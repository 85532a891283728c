"""How versions lie at a place, and what a hostile place may not do."""

import json
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import NotFoundError, RegistryError, RequestError
from tingshuo.store import remote_transfer
from tingshuo.store.backends.folder import Folder
from tingshuo.store.remote import Address, RemoteRecord, Store, open_store, parse_address

RECORD = RemoteRecord(name="anna", version="1.2.0", digest="a" * 64, saved="2026-03-01T00:00:00+00:00", n_files=3, n_bytes=7)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(remote_transfer, "PAUSES_S", ())
    (tmp_path / "store").mkdir()
    return Store(Folder(tmp_path / "store"))


def put(store: Store, key: str, document: Any) -> None:
    store.backend.put(key, document if isinstance(document, bytes) else json.dumps(document).encode())


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://bucket/voices/anna@1.2.0", ("s3://bucket", "anna", "1.2.0")),
        ("s3://bucket/a/b/voices/anna@prod", ("s3://bucket/a/b", "anna", "prod")),
        ("s3://bucket/a/b/", ("s3://bucket/a/b/", "", "")),
        ("s3://voices/anna", ("s3://voices/anna", "", "")),
        ("https://host/voices/%E5%AE%89%E5%A8%9C", ("https://host", "安娜", "")),
        ("file:///path/voices/anna", ("file:///path", "anna", "")),
        ("/path/voices/anna@1.2.0/", ("/path", "anna", "1.2.0")),
        ("voices/anna@1.2.0", (".", "anna", "1.2.0")),
        ("shared/voices/a-b.c", ("shared", "a-b.c", "")),
        ("shared", ("shared", "", "")),
        ("/voices/anna", ("/", "anna", "")),
    ],
)
def test_addresses_are_taken_apart(text: str, address: tuple[str, str, str]) -> None:
    assert parse_address(text) == Address(*address)


@pytest.mark.parametrize(
    "text", ["s3://b/voices/..", "s3://b/voices/@prod", "s3://b/voices/a@1.2", "s3://b/voices/a@", "s3://b/voices/a%2Fb"]
)
def test_addresses_of_no_version_are_refused(text: str) -> None:
    with pytest.raises(
        RequestError, match=r"is no name of a voice; addresses end as|is no alias; accepted:.*or a version such as"
    ):
        parse_address(text)


def test_what_is_published_is_found_by_version_alias_and_name(store: Store) -> None:
    older = RECORD.replace(version="1.10.0")
    assert store.publish(RECORD) == RECORD
    store.publish(older)
    assert store.find("anna", "").version == "1.10.0", "the newest"
    store.point("anna", {"prod": "1.2.0"})
    store.point("anna", {"beta": "1.10.0"})
    assert store.find("anna", "prod") == RECORD
    assert store.aliases("anna") == {"prod": "1.2.0", "beta": "1.10.0"}
    store.point("anna", {"current": "1.2.0"})
    assert store.find("anna", "") == RECORD
    assert [record.version for record in store.history("anna")] == ["1.10.0", "1.2.0"]
    store.write_index()
    assert json.loads(b"".join(store.backend.chunks("index.json")))["keys"] == [
        "voices/anna/1.10.0.json",
        "voices/anna/1.2.0.json",
    ]


def test_a_version_that_is_there_stays(store: Store) -> None:
    store.publish(RECORD)
    assert store.publish(RECORD.replace(digest="b" * 64)) == RECORD


@pytest.mark.parametrize(("wanted", "message"), [("2.0.0", "has no anna@2.0.0"), ("beta", "has no anna@beta")])
def test_what_there_is_is_said(store: Store, wanted: str, message: str) -> None:
    store.publish(RECORD)
    store.point("anna", {"prod": "1.2.0"})
    with pytest.raises(NotFoundError, match=f"{message}; it has: anna@1.2.0, anna@prod$"):
        store.find("anna", wanted)
    with pytest.raises(NotFoundError, match=r"has no bob; it has: anna$"):
        store.find("bob", "")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"<html>", "cannot be read as JSON"),
        (b"\xff\xfe", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b"{}" + b" " * (1 << 20), "larger than 1048576 bytes"),
        ({}, "missing required field"),
        ([], "it was damaged there"),
        (RECORD.fields() | {"more": 1}, "unknown field `more`"),
        (RECORD.fields() | {"format": 2}, "or written by a newer tingshuo"),
        (RECORD.fields() | {"digest": "../../etc/passwd"}, "digest"),
        (RECORD.fields() | {"digest": "a" * 64 + "\n"}, "digest"),
        (RECORD.fields() | {"n_bytes": -1}, "n_bytes"),
        (RECORD.fields() | {"note": "\x1b[2J"}, "note"),
        (RECORD.fields() | {"name": "../../x"}, r"is of \.\./\.\./x@1\.2\.0; somebody has moved it"),
        (RECORD.fields() | {"version": "9.9.9"}, r"is of anna@9\.9\.9; somebody has moved it"),
    ],
)
def test_a_record_that_is_none_is_refused(store: Store, document: Any, message: str) -> None:
    put(store, "voices/anna/1.2.0.json", document)
    with pytest.raises(RegistryError, match=message) as raised:
        store.find("anna", "1.2.0")
    assert "voices/anna/1.2.0.json" in str(raised.value)


@pytest.mark.parametrize("version", ["../../x", "1.2", "1.2.0\n", 1])
def test_an_alias_that_points_to_no_version_is_refused(store: Store, version: Any) -> None:
    store.publish(RECORD)
    put(store, "voices/anna/aliases.json", {"format": 1, "aliases": {"prod": version}})
    with pytest.raises(RegistryError, match="it was damaged there"):
        store.find("anna", "prod")


def test_keys_of_no_version_are_passed_over(store: Store) -> None:
    store.publish(RECORD)
    for key in (
        "voices/anna/1.2.json",
        "voices/anna/notes.txt",
        "voices/a b/1.0.0.json",
        "voices/1.0.0.json",
        "voices/anna/x/1.0.0.json",
    ):
        put(store, key, b"x")
    assert store.versions() == {"anna": ("1.2.0",)}


def test_a_signature_is_kept_beside_the_version(store: Store) -> None:
    assert store.signature(RECORD) is None
    put(store, "signatures/anna/1.2.0.json", b"signed")
    assert store.signature(RECORD) == b"signed"


def test_a_place_is_opened_by_its_address(tmp_path: Path) -> None:
    assert open_store(tmp_path.as_uri()).where == str(tmp_path)
