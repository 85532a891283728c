"""A state is laid out as it was kept, or not at all, and nothing of it is believed before its hash is right."""

import hashlib
import json
import pickle
import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from tingshuo.errors import BundleError, ConfigError, OutputError
from tingshuo.store import states
from tingshuo.store.garbage import collect
from tingshuo.store.mirrors import mirror
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save
from tingshuo.store.scrub import scrub
from tingshuo.store.states import LISTING, Listing, Source, check_room, contents_of_state, lay_out, list_files, read_listing

Make = Callable[..., Path]
FILES = {"config.yaml": b"loop: {}\n", "acoustic/checkpoints/step-2/state.json": b"{}", "data.jsonl": "春眠".encode()}
LINKS = {"acoustic/checkpoints/last": "step-2"}
ENTRY = {"sha256": "0" * 64, "size": 1}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    for name, content in FILES.items():
        path = tmp_path / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Source({name: tmp_path / "run" / name for name in FILES}, LINKS)


@pytest.fixture
def kept(source: Source, tmp_path: Path) -> tuple[Path, Listing]:
    """A folder with a state, as a registry has it, and its list."""
    listing = list_files(source)
    folder = shutil.copytree(tmp_path / "run", tmp_path / "state")
    (folder / LISTING).write_bytes(listing.encode())
    return folder, listing


def test_a_state_is_laid_out_as_it_was_with_its_links(kept: tuple[Path, Listing], tmp_path: Path) -> None:
    folder, listing = kept
    assert read_listing(folder) == listing
    (tmp_path / "new").mkdir()
    lay_out(folder, listing, tmp_path / "new")
    for name, content in FILES.items():
        assert (tmp_path / "new" / name).read_bytes() == content
        assert (tmp_path / "new" / name).stat().st_mode & 0o777 == 0o600, "it names people and holds texts"
    assert (tmp_path / "new/acoustic/checkpoints/last").resolve() == tmp_path / "new/acoustic/checkpoints/step-2"
    assert not (tmp_path / "new" / LISTING).exists()


def test_the_same_state_has_the_same_list(source: Source) -> None:
    turned = Source(dict(reversed(source.files.items())), source.links)
    assert list_files(turned).encode() == list_files(source).encode()
    assert list_files(source).n_bytes == sum(map(len, FILES.values()))


@pytest.mark.parametrize(
    "fields",
    [
        {"files": {"../config.yaml": ENTRY}},
        {"files": {"/config.yaml": ENTRY}},
        {"files": {LISTING: ENTRY}},
        {"files": {"a/b": ENTRY}, "links": {"../last": "a"}},
        {"files": {"a/b": ENTRY}, "links": {"last": "../a"}},
        {"files": {"a/b": ENTRY}, "links": {"last": "elsewhere"}},
        {"files": {}, "format": 2},
        {"files": {}, "more": 1},
    ],
)
def test_a_list_that_leads_outside_or_is_another_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Listing.check(fields, "list")


def test_a_file_that_runs_code_is_no_state(source: Source, kept: tuple[Path, Listing], tmp_path: Path) -> None:
    source.files["config.yaml"].write_bytes(pickle.dumps({"weights": 1}))
    with pytest.raises(BundleError, match=r"config\.yaml: is a pickle"):
        list_files(source)
    folder, _ = kept
    (folder / "config.yaml").write_bytes(pickle.dumps({"weights": 1}))
    evil = list_files(Source({"data.jsonl": folder / "data.jsonl"}, {}))
    entry = states.entry_of(folder / "config.yaml")
    with pytest.raises(BundleError, match=r"config\.yaml: is a pickle"):
        lay_out(folder, evil.replace(files={**evil.files, "config.yaml": entry}), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"loop: {1}"), lambda path: link(path)])
def test_what_is_missing_changed_or_a_link_is_not_laid_out(kept: tuple[Path, Listing], tmp_path: Path, spoil: object) -> None:
    folder, listing = kept
    spoil(folder / "config.yaml")  # type: ignore[operator]
    with pytest.raises(BundleError, match=r"config\.yaml: .*tingshuo scrub heals what it can"):
        lay_out(folder, listing, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def link(path: Path) -> None:
    moved = path.rename(path.with_name("moved"))
    path.symlink_to(moved)


def test_a_source_that_is_gone_or_linked_is_not_kept(source: Source) -> None:
    link(source.files["config.yaml"])
    with pytest.raises(BundleError, match=r"config\.yaml: is a link or not a plain file"):
        list_files(source)
    source.files["config.yaml"].unlink()
    with pytest.raises(BundleError, match=r"config\.yaml: No such file"):
        list_files(source)


def test_a_list_is_believed_only_with_its_hash(kept: tuple[Path, Listing], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = kept
    with pytest.raises(BundleError, match=r"state\.json: is damaged, its SHA-256 is not 111111111111"):
        read_listing(folder, "1" * 64)
    (folder / LISTING).write_text(json.dumps({"files": {"../a": ENTRY}}))
    with pytest.raises(BundleError, match=r"state\.json: is damaged: .*plain relative path"):
        read_listing(folder)
    monkeypatch.setattr(states, "_MAX_LISTING_BYTES", 3)
    with pytest.raises(BundleError, match="larger than 3 bytes"):
        read_listing(folder)
    (folder / LISTING).unlink()
    with pytest.raises(BundleError, match=r"state\.json: is missing; tingshuo scrub"):
        read_listing(folder)


def test_the_contents_of_a_state_are_known_from_any_copy_of_its_list(kept: tuple[Path, Listing], tmp_path: Path) -> None:
    folder, listing = kept
    digest = states.entry_of(folder / LISTING).sha256
    blob = (folder / LISTING).rename(tmp_path / digest)
    found = contents_of_state(blob, digest)
    assert found.pop("state/state.json") == digest
    assert found == {f"state/{name}": entry.sha256 for name, entry in listing.files.items()}
    with pytest.raises(BundleError, match="is damaged"):
        contents_of_state(blob, "1" * 64)


def test_nothing_is_laid_over_something(kept: tuple[Path, Listing], tmp_path: Path) -> None:
    folder, listing = kept
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine").touch()
    with pytest.raises(OutputError, match="is not empty; give a new folder"):
        lay_out(folder, listing, tmp_path / "new")
    with pytest.raises(OutputError, match="cannot be used"):
        lay_out(folder, listing, tmp_path / "new" / "mine")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mine"]


def test_a_disk_without_room_is_said_first(kept: tuple[Path, Listing], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, listing = kept
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(20_000_000))
    check_room(tmp_path / "not" / "yet" / "there", 1000, "or go")
    with pytest.raises(
        OutputError, match=r"new: the state of the training needs \d+ MB and 20 MB are free; make room, or choose"
    ):
        lay_out(folder, listing.replace(files={"a": states.FileEntry("0" * 64, 10_000_000)}, links={}), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.fixture
def mirrored(tmp_path: Path, make: Make) -> Registry:
    registry = Registry(tmp_path / "registry")
    (tmp_path / "moments").write_bytes(b"moments")
    save(registry, make(0), state=Source({"a/moments": tmp_path / "moments"}, {"last": "a"}))
    (done,) = mirror(registry, [tmp_path / "mirror"])
    assert done.ok
    return registry


def test_a_state_is_mirrored_for_its_owner_alone(mirrored: Registry, tmp_path: Path) -> None:
    there = Registry(tmp_path / "mirror")
    path = there.folder / "voices/tiny/1.0.0/state/a/moments"
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"moments", 0o400)
    assert there.files(there.find("tiny")) == mirrored.files(mirrored.find("tiny"))
    assert collect(there).blobs == ()
    assert not scrub(mirrored).findings


@pytest.mark.parametrize("name", ["state/a/moments", "state/state.json", "record.json"])
@pytest.mark.parametrize("gone", [True, False])
def test_what_is_lost_of_a_state_comes_back(mirrored: Registry, name: str, gone: bool) -> None:
    path = mirrored.folder / "voices/tiny/1.0.0" / name
    before, content = mirrored.files(mirrored.find("tiny")), path.read_bytes()
    path.chmod(0o600)
    path.unlink() if gone else path.write_bytes(b"damaged")
    scrub(mirrored)
    assert path.read_bytes() == content
    assert mirrored.files(mirrored.find("tiny")) == before
    assert all(hashlib.sha256(mirrored.blobs.path(d).read_bytes()).hexdigest() == d for d in before.values())
    assert not scrub(mirrored).findings


def test_what_does_not_belong_to_a_state_is_said(mirrored: Registry) -> None:
    (mirrored.folder / "voices/tiny/1.0.0/state/more").touch()
    (found,) = scrub(mirrored).findings
    assert found.path.name == "more"
