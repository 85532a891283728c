"""Durations are found where they are, and nowhere else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from tests.port.tiny_sherpa import HOP, Builder, frames_of, write_matcha, write_vits  # noqa: E402

from tingshuo.errors import EngineError  # noqa: E402
from tingshuo.port.importers.graph_voice_durations import DURATIONS, find_durations  # noqa: E402
from tingshuo.port.importers.graph_voice_trial import open_plain  # noqa: E402

pytestmark = pytest.mark.train
ONE = np.ones(1, np.float32)


def trials(**fixed: Any) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for symbols, length in ((5, 1.0), (8, 1.3), (11, 0.8)):
        ids = np.arange(3, 3 + symbols)[None]
        found.append((symbols, {"x": ids, "length_scale": ONE * np.float32(length), "noise_scale": 0 * ONE, **fixed}))
    return found


def test_those_of_vits_are_found_with_the_samples_of_a_frame(tmp_path: Path):
    model = onnx.load(write_vits(tmp_path / "m.onnx"))
    given = trials(x_length=np.array([1]), noise_scale_w=0 * ONE)
    assert find_durations(model, given, "y", mel_axis=None) == HOP
    found = open_plain(model, "g").run(given[1][1])
    durations = found[DURATIONS]
    assert durations.sum() * HOP == found["y"].size
    assert np.ceil((np.arange(3, 11) % 3 + 2) * np.float32(1.3)).tolist() == durations.reshape(-1).tolist()


def test_those_of_matcha_are_what_is_left_after_it_was_made_longer(tmp_path: Path):
    model = onnx.load(write_matcha(tmp_path / "m.onnx"))
    given = trials(x_length=np.array([1]))
    assert find_durations(model, given, "mel", mel_axis=2) == 1
    found = open_plain(model, "g").run(given[1][1])
    durations = found[DURATIONS]
    assert found["mel"].shape[2] == int(durations.sum())
    assert durations.reshape(-1).tolist() == pytest.approx([(id % 3 + 2) * 1.3 for id in range(3, 11)])


def graph_with(change: Any, path: Path) -> Any:
    """A graph whose frames come of durations that are changed after they were rounded."""
    make = Builder()
    ids = frames_of(make, "x", "length_scale", None)
    change(make)
    wav = make("Gather", make.const(np.ones((40, HOP))), ids, axis=0)
    make("Reshape", wav, make.const([1, -1], np.int64), out="y")
    from tests.port.tiny_sherpa import FLOAT, INT

    inputs = {"x": (INT, ["N", "L"]), "length_scale": (FLOAT, [1]), "noise_scale": (FLOAT, [1])}
    return onnx.load(make.save(path, inputs, {"y": (FLOAT, [1, "T"])}))


def test_numbers_that_are_no_durations_are_left_alone(tmp_path: Path):
    def hide(make: Builder) -> None:
        """Round something else, and let the durations have another shape."""
        for node in make.nodes:
            if node.op_type == "Ceil":
                node.op_type = "Round"
        make("Ceil", make("Cast", "x", to=1))

    model = graph_with(hide, tmp_path / "m.onnx")
    assert find_durations(model, trials(), "y", mel_axis=None) == 0
    assert [value.name for value in model.graph.output] == ["y"]


def test_an_output_of_that_name_is_not_touched(tmp_path: Path):
    model = onnx.load(write_vits(tmp_path / "m.onnx"))
    model.graph.output.append(onnx.helper.make_tensor_value_info(DURATIONS, 1, None))
    assert find_durations(model, [], "y", mel_axis=None) == 0


def test_a_graph_that_cannot_be_run_is_refused(tmp_path: Path):
    model = onnx.load(write_vits(tmp_path / "m.onnx"))
    with pytest.raises(EngineError, match="graph 'acoustic' cannot be run: "):
        find_durations(model, trials(), "y", mel_axis=None)
