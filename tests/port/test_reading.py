"""What the process that reads a model is asked for, it does; large nets it leaves to another one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tests.port.test_draft_folder import draft

from tingshuo.errors import PortError
from tingshuo.port import draft_folder, reading
from tingshuo.port.draft_folder import open_draft
from tingshuo.port.reading import LONGEST_NAME, find_system, read
from tingshuo.port.work_folder import NETS

pytestmark = pytest.mark.train


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A job, and a converter of a system that makes the draft of other tests of anything."""

    class Made:
        def load(self, name: str) -> Any:
            return lambda *given: draft(notes=(name, *(getattr(one, "name", str(one)) for one in given)))

    for table in ("CONVERTERS", "FUSERS", "DESCRIBED"):
        monkeypatch.setattr(reading, table, Made())
    monkeypatch.setattr(draft_folder, "export_structures", lambda architecture, *, here: {})
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "work"
    folder.mkdir()
    asked = {"path": "model.pt", "voice": None, "described": {}, "fuse": None, "share": 0.5, "name": None, "licence": None}
    return asked | {"system": "theirs", "destination": None, "force": False, "folder": str(folder)}


@pytest.mark.parametrize(
    ("asked", "called"),
    [
        ({"voice": "anna"}, ("theirs", "model.pt", "anna")),
        ({"fuse": "other.pt", "share": 0.25}, ("theirs", "model.pt", "other.pt", "0.25")),
        ({"described": {"contract": "told.yaml"}, "system": None}, ("contract", "model.pt", "told.yaml", "None")),
    ],
)
def test_the_converter_that_was_asked_for_is_called(job: dict[str, Any], asked: dict[str, Any], called: tuple[str, ...]) -> None:
    read(job | asked, lambda share, what: None)
    made = open_draft(Path(job["folder"])).draft
    assert made.notes[: len(called)] == called
    assert made.notes[-1].endswith("say so with --licence")


def test_name_and_licence_are_those_that_were_said(job: dict[str, Any]) -> None:
    read(job | {"name": "b", "licence": "MIT"}, lambda share, what: None)
    made = open_draft(Path(job["folder"])).draft
    assert (made.name, made.licence, made.notes[-1]) == ("b", "MIT", "None")
    with pytest.raises(PortError, match=rf"letters, digits, - _ \. and at most {LONGEST_NAME} characters"):
        read(job | {"name": "a/b"}, lambda share, what: None)


def test_graphs_of_large_nets_are_left_to_another_process(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGE_BYTES", 1)
    read(job, lambda share, what: None)
    assert not (Path(job["folder"]) / NETS).exists()


def test_a_bundle_is_none_to_import(foreign: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(PortError, match="is a bundle already, and can be used as it is: tingshuo verify"):
        find_system(tmp_path)
    assert find_system(foreign("sambert")) == "sambert"
