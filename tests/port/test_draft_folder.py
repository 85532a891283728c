"""A draft in a folder is the draft that was written, and a full disk or a damaged weight is told before anything is exported."""

import errno
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")

from tests.port.test_given import WIDE, plain  # noqa: E402

from tingshuo.config import FamilyConfig, MelConfig, Size  # noqa: E402
from tingshuo.config.vocoder import VocoderBundleConfig  # noqa: E402
from tingshuo.errors import OutputError, PortError  # noqa: E402
from tingshuo.models.hifigan.config import LIGHT  # noqa: E402
from tingshuo.port import draft_folder  # noqa: E402
from tingshuo.port.convert.hifigan import WORK  # noqa: E402
from tingshuo.port.draft import Draft, GivenGraph, Part  # noqa: E402
from tingshuo.port.draft_folder import architecture_in, architecture_of, open_draft, prepare, save_draft  # noqa: E402
from tingshuo.port.families import sizes  # noqa: E402
from tingshuo.port.importers.keys import KeyReport  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = VocoderBundleConfig(
    family="vocoder+hifigan", mel=MelConfig(), vocoder_context_frames=3, architecture=sizes("hifigan", LIGHT)
)
TENSORS = {"w": WIDE + 1, "flags": np.array([True, False]), "halves": np.ones((2, 3), np.float16)}


def draft(**changes: Any) -> Draft:
    told: dict[str, Any] = {
        "name": "a",
        "task": "vocoder",
        "config": CONFIG,
        "parts": {"vocoder": Part(TENSORS, KeyReport(3, ("optimizer",))), "none": Part({}, KeyReport(0, ()))},
        "graphs": {"given": GivenGraph(plain(), "vocoder")},
        "system": "theirs",
        "source": "a file",
        "languages": ("zxx",),
        "emotions": ("happy",),
        "attributions": (WORK,),
        "notes": ("a note",),
    }
    return Draft(**(told | changes))


def no_nets(architecture: Mapping[str, Size], *, here: bool) -> dict[str, Any]:
    return {"vocoder": plain()}


def test_what_was_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_folder, "export_structures", no_nets)
    told: list[float] = []
    prepare(draft(), tmp_path, tell=lambda share, what: told.append(share))
    read = open_draft(tmp_path)
    for name in ("name", "task", "config", "system", "source", "languages", "emotions", "licence", "attributions", "notes"):
        assert getattr(read.draft, name) == getattr(draft(), name)
    assert {name: part.report for name, part in read.draft.parts.items()} == {
        name: part.report for name, part in draft().parts.items()
    }
    assert architecture_in(tmp_path) == json.loads(json.dumps(draft().config.fields()["architecture"]))  # tuples are lists there
    assert (dict(read.nets), list(read.moved)) == ({"vocoder": "vocoder"}, ["given"])
    given = read.moved["given"]
    assert (given.part, given.precision, given.draws, list(given.tensors)) == ("vocoder", "fp32", False, ["given/w"])
    np.testing.assert_array_equal(given.tensors["given/w"], WIDE)
    assert read.tensors["vocoder"].keys() == {*TENSORS, "given/w"}
    for name, tensor in TENSORS.items():
        held = read.draft.parts["vocoder"].tensors[name]
        assert held.dtype == tensor.dtype
        np.testing.assert_array_equal(held, tensor)
    assert onnx.load(read.original("given")).graph.node == plain().graph.node  # with its weights, from the file beside it
    assert told == sorted(told)


def test_a_damaged_weight_is_named(tmp_path: Path) -> None:
    broken = {"decoder.weight": WIDE * np.inf}
    with pytest.raises(
        PortError, match=r"^tensor 'decoder\.weight' of vocoder has a NaN or an infinity, so the model is damaged"
    ):
        save_draft(draft(parts={"vocoder": Part(broken, KeyReport(1, ()))}), tmp_path)


def test_a_full_disk_is_told_of_the_folder_that_the_user_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(draft_folder, "write_tensors", full)
    (tmp_path / "work").mkdir()
    with pytest.raises(OutputError, match=f"^{tmp_path}: cannot be written: No space left on device$"):
        save_draft(draft(), tmp_path / "work")


def test_a_draft_without_sizes_needs_graphs() -> None:
    bare = FamilyConfig(family="x")
    assert dict(architecture_of(draft(config=bare))) == {}
    with pytest.raises(PortError, match="the config of family x tells no sizes, so its nets cannot be rebuilt"):
        architecture_of(draft(config=bare, graphs={}))
