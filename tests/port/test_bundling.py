"""What a draft becomes, and that a graph which does not compute what its net computes never becomes a bundle."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx  # noqa: E402
from onnx import helper  # noqa: E402
from tests.port.tiny_vocoders import MEL_TINY  # noqa: E402

from tingshuo.config.vocoder import VocoderBundleConfig  # noqa: E402
from tingshuo.engine.onnx import open_graph  # noqa: E402
from tingshuo.errors import VerifyError  # noqa: E402
from tingshuo.port import reference  # noqa: E402
from tingshuo.port.bundling import PROVED_CALLS, Listener, write_draft  # noqa: E402
from tingshuo.port.convert.sambert import draft as sambert_draft  # noqa: E402
from tingshuo.port.draft import Draft, GivenGraph  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.tasks.choice import choose  # noqa: E402
from tingshuo.tasks.golden import run_golden  # noqa: E402
from tingshuo.tasks.vocoder import copy_synthesis  # noqa: E402

pytestmark = pytest.mark.train
Get = Callable[[str], Path]


class Echo:
    """A session that answers with what it was given."""

    spec = None

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return dict(inputs)


@pytest.mark.parametrize(("calls", "chosen"), [(1, [0]), (2, [0, 1]), (3, [0, 1, 2]), (9, [0, 4, 8])])
def test_the_first_a_middle_and_the_last_call_are_proved(calls: int, chosen: list[int]) -> None:
    listener = Listener(Echo())  # type: ignore[arg-type]
    buffer = np.zeros(1)
    for n in range(calls):
        buffer[0] = n
        listener.run({"x": buffer})  # a loop may use its arrays again
    assert [call["x"].item() for call in listener.chosen()] == chosen
    assert len(chosen) <= PROVED_CALLS


@pytest.fixture
def draft(foreign: Get, in_process: None) -> Draft:
    return sambert_draft(foreign("sambert"))


def test_golden_vectors_are_what_the_net_answered_and_hold(imported: Get) -> None:
    for name in ("sambert", "sambert_bytes", "emotivoice"):
        bundle = open_bundle(imported(name))
        runs = list(run_golden(bundle))
        assert {run.graph for run in runs} == bundle.manifest.graphs.keys()
        assert all(run.limit_db is not None and run.error_db <= run.limit_db for run in runs), runs


def test_a_graph_that_is_too_far_off_is_refused_and_nothing_is_left(
    draft: Draft, quickly: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly("sambert")
    answered = reference.reference_outputs

    def off(graph: Any, inputs: Any) -> dict[str, Any]:
        scale = 1.01 if graph.name == "memory" else 1.0  # 40 dB below; 60 are wanted
        return {name: scale * value for name, value in answered(graph, inputs).items()}

    monkeypatch.setattr(reference, "reference_outputs", off)
    with pytest.raises(VerifyError, match=r"fp32 output 'memory' differs by -40\.\d dB from the net's, the limit is -60 dB"):
        write_draft(draft, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_graph_that_answers_with_what_is_no_number_is_refused(
    draft: Draft, quickly: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly("sambert")
    answered = reference.reference_outputs

    def no_number(graph: Any, inputs: Any) -> dict[str, Any]:
        return {name: value * np.nan for name, value in answered(graph, inputs).items()}

    monkeypatch.setattr(reference, "reference_outputs", no_number)
    with pytest.raises(VerifyError):
        write_draft(draft, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_statements_go_along(draft: Draft, quickly: Callable[[str], None], tmp_path: Path) -> None:
    quickly("sambert")
    more = replace(draft, licence="MIT", languages=("zh-CN", "en-US"), notes=("a note",))
    proof = write_draft(more, tmp_path / "out")
    bundle = open_bundle(tmp_path / "out", verify=True)
    assert (bundle.manifest.licence, bundle.manifest.languages) == ("MIT", ("zh-CN", "en-US"))
    assert bundle.settings == draft.config
    card = (tmp_path / "out" / "MODELCARD.md").read_text("utf-8")
    assert "\n- a note\n" in card
    assert "| acoustic | " in card
    assert proof.errors.keys() == bundle.manifest.graphs.keys()
    limits = json.loads(bundle.file("golden/limits.json").read_text("utf-8"))
    assert set(limits["fp32"].values()) == {-60.0}


def given_vocoder(*, quantized: bool) -> Draft:
    """Return a draft all of whose graphs are a stranger's: frames of mel times a matrix are samples, and a little noise."""
    rng = np.random.default_rng(0)
    weights: dict[str, Any] = {"w": rng.standard_normal((20, 64)).astype(np.float32), "flat": np.array([1, -1])}
    nodes = [helper.make_node("Transpose", ["mel"], ["frames"], perm=[0, 2, 1])]
    if quantized:
        weights |= {"w": np.round(weights["w"] * 40).clip(-127, 127).astype(np.int8), "s": np.float32(0.025)}
        nodes.append(helper.make_node("DequantizeLinear", ["w", "s"], ["f"]))
    nodes += [
        helper.make_node("MatMul", ["frames", "f" if quantized else "w"], ["cut"]),
        helper.make_node("RandomNormalLike", ["cut"], ["noise"], scale=0.01),
        helper.make_node("Add", ["cut", "noise"], ["noisy"]),
        helper.make_node("Reshape", ["noisy", "flat"], ["wav"]),
    ]
    graph = helper.make_graph(
        nodes,
        "theirs",
        [helper.make_tensor_value_info("mel", onnx.TensorProto.FLOAT, [1, 20, None])],
        [helper.make_tensor_value_info("wav", onnx.TensorProto.FLOAT, [1, "samples"])],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    config = VocoderBundleConfig(family="vocoder+given", mel=MEL_TINY, vocoder_context_frames=0, architecture={})
    graphs = {"vocoder": GivenGraph(model, "vocoder")}
    return Draft(name="a", task="vocoder", config=config, graphs=graphs, system="theirs", source="a graph", languages=("zxx",))


@pytest.mark.parametrize("quantized", [False, True])
def test_a_given_graph_is_a_bundle_that_verifies(tmp_path: Path, quantized: bool) -> None:
    proof = write_draft(given_vocoder(quantized=quantized), tmp_path / "out")
    assert (list(proof.errors), proof.tensors) == (["vocoder"], {"vocoder": 1})
    bundle = open_bundle(tmp_path / "out", verify=True)
    assert verify_bundle(bundle.path).ok
    precision = "int8" if quantized else "fp32"
    assert bundle.tensors("weights/vocoder.safetensors")["w"].dtype == (np.int8 if quantized else np.float32)
    (run,) = run_golden(bundle)
    assert (run.precision, run.limit_db, run.ok) == (precision, {"fp32": -60.0, "int8": -20.0}[precision], True)
    variant = choose(bundle.manifest, "vocoder")
    assert (variant.precision, variant.weights) == (precision, ("weights/vocoder.safetensors",))
    session = open_graph(bundle.path / variant.path, bundle.tensors(*variant.weights))
    assert len(copy_synthesis(session, bundle.settings, np.ones((20, 9), np.float32), np.zeros(9, np.float32)))
    card = (bundle.path / "MODELCARD.md").read_text("utf-8")
    assert f"| vocoder | {precision} | {6 if quantized else 5} | 1 | yes |" in card
    assert "PyTorch" not in card


def test_a_graph_that_changes_on_its_way_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tingshuo.port import given

    def spoiled(name: str, own: str, tensor: Any) -> Any:
        array = moved(name, own, tensor)
        return None if array is None else 1.01 * array

    moved = given._movable
    monkeypatch.setattr(given, "_movable", spoiled)
    with pytest.raises(VerifyError, match=r"fp32 output 'wav' differs by -40\.\d dB from the original graph's, the limit is -60"):
        write_draft(given_vocoder(quantized=False), tmp_path / "out")
    assert not list(tmp_path.iterdir())
