"""What every place does alike, and how an address chooses one."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tingshuo.errors import EngineNotInstalledError, NotFoundError, RegistryError, RequestError
from tingshuo.store.backends.backends import BACKENDS, Backend, open_backend
from tingshuo.store.backends.index import write_index

SMALL, LARGE = "voices/听/1.2.0.json", "blobs/ab/abc0"
CONTENTS = {SMALL: b"{}", LARGE: bytes(range(256)) * 40_000, "voices/b/1.0.0.json": b"b"}
Place = SimpleNamespace


@pytest.fixture(params=["file", "https", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place that holds `CONTENTS`; ``writable`` is None when it can only be read."""
    folder = tmp_path / "a store"
    if request.param == "s3":
        writable = open_backend(request.getfixturevalue("bucket"), allow_http=True)
    else:
        writable = open_backend(folder.as_uri())
    for key, content in CONTENTS.items():
        writable.put(key, content)
    if request.param != "https":
        return Place(backend=writable, writable=writable)
    writable.put("index.json", write_index([key for key in CONTENTS if key.startswith("voices/")]))
    return Place(backend=open_backend(request.getfixturevalue("web")(folder).address, allow_http=True), writable=None)


def read(backend: Backend, key: str, start: int = 0) -> bytes:
    return b"".join(backend.chunks(key, start))


def test_objects_are_read_from_anywhere(place: Place) -> None:
    for key, content in CONTENTS.items():
        assert read(place.backend, key) == content
        assert place.backend.stat(key).size == len(content)
    for start in (1, 4 << 20, len(CONTENTS[LARGE]) - 1):
        assert read(place.backend, LARGE, start) == CONTENTS[LARGE][start:]


def test_what_is_not_there_is_said(place: Place) -> None:
    assert place.backend.stat("voices/none.json") is None
    with pytest.raises(NotFoundError, match=r"voices/none\.json: is not there"):
        read(place.backend, "voices/none.json")


def test_keys_are_listed_by_their_beginning(place: Place) -> None:
    assert set(place.backend.list("voices/")) == {SMALL, "voices/b/1.0.0.json"}
    assert list(place.backend.list("voices/听/")) == [SMALL]
    assert list(place.backend.list("voices/none/")) == []


def test_an_object_is_written_whole_also_over_another(place: Place, tmp_path: Path) -> None:
    if place.writable is None:
        with pytest.raises(RegistryError, match="can only be read; push to s3://"):
            place.backend.put(SMALL, b"x")
        with pytest.raises(RegistryError, match="can only be read"):
            place.backend.put_if(SMALL, b"x", None)
        return
    (tmp_path / "file").write_bytes(CONTENTS[LARGE][::-1])
    place.backend.put(LARGE, tmp_path / "file")
    assert read(place.backend, LARGE) == CONTENTS[LARGE][::-1]
    place.backend.put("empty", b"")
    assert (read(place.backend, "empty"), place.backend.stat("empty").size) == (b"", 0)


def test_only_the_first_of_two_writes_a_new_object(place: Place) -> None:
    if place.writable is None:
        pytest.skip("can only be read")
    assert place.backend.put_if("voices/b/2.0.0.json", b"first", None)
    assert not place.backend.put_if("voices/b/2.0.0.json", b"second", None)
    assert read(place.backend, "voices/b/2.0.0.json") == b"first"


def test_an_object_that_somebody_has_changed_is_not_overwritten(place: Place) -> None:
    if place.writable is None:
        pytest.skip("can only be read")
    old = place.backend.stat(SMALL).tag
    assert place.backend.put_if(SMALL, b"second", old)
    assert not place.backend.put_if(SMALL, b"third", old)
    assert not place.backend.put_if("voices/none.json", b"x", old)
    assert read(place.backend, SMALL) == b"second"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("ftp://host/x", "unknown store 'ftp'; known: file, http, https, s3"),
        ("http://host", r"http://host is not encrypted; use https://, or --allow-http"),
        ("https://me:secret@host/x", "an address has no user, password"),
        ("https://host/x?token=secret", "an address has no user, password"),
        ("file://host/path", "names another machine"),
        ("s3:///voices", "names no bucket"),
        ("https://[::1/x", "is not an address"),
    ],
)
def test_addresses_that_are_refused(place: str, message: str) -> None:
    with pytest.raises(RequestError, match=message) as raised:
        open_backend(place)
    assert "secret" not in str(raised.value)


def test_a_folder_and_a_web_server_need_no_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "tingshuo.store.backends.s3", raising=False)
    assert open_backend(str(tmp_path)).where == str(tmp_path)
    assert open_backend("https://host/x/").where == "https://host/x"
    with pytest.raises(EngineNotInstalledError, match=r"'s3' needs the package 'obstore'.*pip install 'tingshuo\[remote\]'"):
        open_backend("s3://bucket")


def test_every_row_can_be_imported() -> None:
    pytest.importorskip("obstore")
    opened: list[Callable[..., Any]] = [BACKENDS.load(name) for name in BACKENDS]
    assert all(map(callable, opened))
