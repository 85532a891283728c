"""The list of mirrors, and what may be one."""

import json
from pathlib import Path

import pytest

from tingshuo.errors import ConfigError, OutputError, RegistryError
from tingshuo.store.mirror_list import absolute, forget_mirror, known_mirrors, open_mirror, remember_mirror
from tingshuo.store.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "registry").mkdir()
    return Registry(tmp_path / "registry")


def test_mirrors_are_remembered_once_and_forgotten(registry: Registry, tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    assert known_mirrors(registry) == ()
    for folder in (a, b, a):
        remember_mirror(registry, folder)
    assert json.loads((registry.folder / "mirrors.json").read_text()) == {"format": 1, "mirrors": [str(a), str(b)]}
    a.mkdir()
    assert forget_mirror(registry, a) == known_mirrors(registry) == (b,)
    assert a.is_dir()
    with pytest.raises(RegistryError, match=rf"is not a mirror that is known; there are: {b}"):
        forget_mirror(registry, a)


def test_the_list_has_absolute_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute(Path("x/../a")) == tmp_path / "a"


@pytest.mark.parametrize("text", ["{", '{"mirrors": [1]}', '{"folders": []}'])
def test_a_damaged_list_is_named_with_the_remedy(registry: Registry, text: str) -> None:
    (registry.folder / "mirrors.json").write_text(text)
    with pytest.raises(ConfigError, match=r"mirrors\.json: .*; remove the file, and give each mirror again"):
        known_mirrors(registry)


def test_a_mirror_does_not_overlap_with_the_registry(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(registry.folder)
    for folder in (registry.folder, registry.folder / "blobs/x", tmp_path, tmp_path / "link"):
        with pytest.raises(RegistryError, match="overlaps with the registry"):
            open_mirror(registry, folder, new=True)


def test_a_new_mirror_needs_an_empty_folder(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    assert open_mirror(registry, folder, new=True).folder == folder
    (folder / "lost+found").mkdir(parents=True)
    (folder / ".hidden").touch()
    open_mirror(registry, folder, new=True)
    (folder / "letters").touch()
    with pytest.raises(RegistryError, match="holds something else; give an empty or a new folder"):
        open_mirror(registry, folder, new=True)
    with pytest.raises(OutputError, match=r"letters: is not a folder"):
        open_mirror(registry, folder / "letters", new=True)


def test_a_mirror_whose_disk_is_away_is_not_taken_for_an_empty_one(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    for _ in range(2):  # not there, and an empty place to attach a disk
        with pytest.raises(OutputError, match=r"holds no mirror at the moment; attach its disk, .*--to, .*--forget"):
            open_mirror(registry, folder)
        folder.mkdir(exist_ok=True)
    (folder / "lock").touch()
    assert open_mirror(registry, folder).folder == folder
