"""A folder or a file is there whole or not at all, whichever step fails."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import OutputError
from tingshuo.store.atomic import new_folder, replace_file, write_file, write_files

STEPS: list[tuple[Any, str]] = [
    (os, "fsync"),
    (shutil, "copyfile"),
    (Path, "mkdir"),
    (Path, "write_bytes"),
    (Path, "chmod"),
    (Path, "rename"),
]


class Interrupted(BaseException):
    """Stands for the process being stopped."""


def fail_at(monkeypatch: pytest.MonkeyPatch, step: int, error: type[BaseException]) -> None:
    """Make the given file operation, counted over all kinds, raise."""
    count = iter(range(10_000))

    def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if next(count) == step:
                raise error("injected")
            return real(*args, **kwargs)

        return call

    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, wrap(getattr(owner, name)))


def write(destination: Path, source: Path) -> None:
    files = {"a/b.bin": b"new", "c.bin": source, "d.txt": lambda path: path.write_text("made")}
    with new_folder(destination, replace=True) as folder:
        write_files(folder, files, lambda name: 0o600 if name == "c.bin" else 0o644)


@pytest.mark.parametrize("error", [OSError, Interrupted])
@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_at_any_step_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], existing: bool
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"copied")
    failed = 0
    for step in range(200):
        home = tmp_path / str(step)
        home.mkdir()
        if existing:
            (home / "out").mkdir()
            (home / "out" / "old").write_text("old")
        with monkeypatch.context() as patch:
            fail_at(patch, step, error)
            try:
                write(home / "out", source)
                break
            except (OutputError, Interrupted):
                failed += 1
        # The rename is the last thing but one: after it only the parent's flush can fail, and the new folder is whole.
        whole = (home / "out" / "d.txt").exists()
        if whole:
            assert sorted(os.listdir(home / "out")) == ["a", "c.bin", "d.txt"]
        elif existing:
            assert os.listdir(home / "out") == ["old"]
        assert os.listdir(home) == (["out"] if whole or existing else [])
    assert failed >= 15, "no step was made to fail"
    assert (tmp_path / str(step) / "out" / "a" / "b.bin").read_bytes() == b"new"


def test_permissions_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"copied")
    before = os.umask(0o077)
    try:
        write(tmp_path / "out", tmp_path / "source")
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]}
    assert modes == {"out": "0o755", "a": "0o755", "b.bin": "0o644", "c.bin": "0o600", "d.txt": "0o644"}


def test_an_existing_destination_is_kept_unless_it_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="already exists"), new_folder(tmp_path / "out"):
        pytest.fail("the block must not run")


def test_a_parent_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"out: cannot be written"), new_folder(tmp_path / "file" / "out"):
        pytest.fail("the block must not run")


def test_a_function_may_write_the_file(tmp_path: Path) -> None:
    write_file(tmp_path / "deep" / "x", lambda path: path.write_bytes(b"1"))
    assert (tmp_path / "deep" / "x").read_bytes() == b"1"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    replace_file(path, b"old")

    def full(_: object, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OutputError, match=r"state\.json: cannot be written: No space left on device"):
            replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    with pytest.raises(OutputError, match=r"inside: cannot be written: "):
        replace_file(path / "inside", b"new")
