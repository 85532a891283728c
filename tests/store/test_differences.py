from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.store.differences import Difference, Worse, compare, compare_figures, judged, worse

WEIGHTS = "weights/acoustic.safetensors"


def test_a_bundle_does_not_differ_from_itself(tiny: Path) -> None:
    assert compare(open_bundle(tiny), open_bundle(tiny)).same


def test_every_kind_of_difference_is_told(tmp_path: Path, make: Callable[..., Path], fields, files) -> None:
    old = open_bundle(make(0))
    files[WEIGHTS] = save(
        {"weight": np.arange(6, dtype=np.float16).reshape(2, 3) * 2, "bias": np.ones((1, 3), np.float32), "extra": np.zeros(2)}
    )
    files["config.json"] = files["config.json"].replace(b'"hidden": 2', b'"hidden": 3').replace(b"even", b"odd")
    files["MODELCARD.md"] = b"# tiny"
    fields |= {
        "licence": "MIT",
        "measured": [{"engine": "onnx", "precision": "fp32", "machine": "m", "threads": 1, "figures": {"rtf": 0.5}}],
    }
    new = open_bundle(write_bundle(tmp_path / "new", fields, files))
    found = compare(old, new)
    assert found.config == (("architecture.hidden", 2, 3), ("styles.plain.description", "even", "odd"))
    assert found.statements == (("licence", "CC0-1.0", "MIT"),)
    assert found.figures == (("onnx fp32 m rtf", None, 0.5),)
    assert [(t.name, t.how, t.shape, t.relative and round(t.relative, 6)) for t in found.tensors] == [
        ("bias", "reshaped", (1, 3), None),
        ("extra", "new", (2,), None),
        ("rows", "gone", (4,), None),
        ("weight", "changed", (2, 3), 1.0),
    ]
    assert [(f.where, f.old is None) for f in found.files] == [("MODELCARD.md", True), ("config.json", False), (WEIGHTS, False)]


@pytest.mark.parametrize("value", [0, 1])
def test_a_tensor_that_was_nought_has_changed_beyond_measure(tmp_path: Path, fields, files, value: int) -> None:
    both = []
    for number in (0, value):
        files[WEIGHTS] = save({"weight": np.full(3, number, np.float32)})
        both.append(open_bundle(write_bundle(tmp_path / f"v{len(both)}", fields, files)))
    assert [t.relative for t in compare(*both).tensors] == [float("inf")] * value


def test_all_figures_are_told_also_those_that_are_the_same(tmp_path: Path, fields, files) -> None:
    both = []
    for number, figures in enumerate(({"rtf": 0.5, "x": 1.0}, {"rtf": 0.5, "y": 2.0})):
        fields["measured"] = [{"engine": "onnx", "precision": "int8", "machine": "m", "threads": 1, "figures": figures}]
        both.append(open_bundle(write_bundle(tmp_path / f"v{number}", fields, files)))
    found = compare_figures(*both)
    assert found == (("onnx int8 m rtf", 0.5, 0.5), ("onnx int8 m x", 1.0, None), ("onnx int8 m y", None, 2.0))
    assert [row.where for row in judged(found, {"rtf": "lower", "x": "lower"})] == ["onnx int8 m rtf"]


def test_worse_is_judged_by_the_direction_and_beyond_the_tolerance() -> None:
    better = {"error": "lower", "score": "higher", "length": ""}
    rows = [
        Difference("a error", 1.0, 1.06),
        Difference("b error", 1.0, 1.04),
        Difference("c error", 1.0, 0.5),
        Difference("d score", 2.0, 1.0),
        Difference("e score", 2.0, 3.0),
        Difference("f score", -1.0, -1.5),
        Difference("g error", 0, 0.1),
        Difference("h error", 0, 0),
        Difference("i length", 1.0, 9.0),
        Difference("j error", 1.0, None),
        Difference("k other", 1.0, 9.0),
    ]
    assert len(judged(rows, better)) == 8
    assert worse(rows, better, 0.05) == (
        Worse("a error", 1.0, 1.06, pytest.approx(0.06)),
        Worse("d score", 2.0, 1.0, 0.5),
        Worse("f score", -1.0, -1.5, 0.5),
        Worse("g error", 0, 0.1, float("inf")),
    )
