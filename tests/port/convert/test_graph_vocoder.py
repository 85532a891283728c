"""A stranger's vocoder becomes a bundle that makes what the graph makes, in pieces as whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
import onnx
from tests.port.tiny_graphs import BANDS, HOP, MEL, REACH, transform_graph, vocoder_graph

from tingshuo.engine.onnx import open_graph
from tingshuo.errors import ConfigError, PortError
from tingshuo.port.bundling import write_draft
from tingshuo.port.convert import graph_vocoder
from tingshuo.port.convert.graph_context import WHOLE_FRAMES
from tingshuo.port.convert.graph_vocoder import graph_vocoder_draft
from tingshuo.port.importers.onnx_files import open_whole
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.vocoder import copy_synthesis

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def _no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A glide in place of what the built-in voice says."""
    rng = np.random.default_rng(0)

    def features(mel: Any) -> tuple[Any, Any]:
        return rng.normal(-4, 2, (mel.n_mels, 60)).astype(np.float32), np.full(60, 200, np.float32)

    monkeypatch.setattr(graph_vocoder, "speech_features", features)
    monkeypatch.setattr("tingshuo.port.convert.rehearsal.speech_features", features)


def made_of(model: onnx.ModelProto, **told: Any) -> Any:
    return graph_vocoder_draft(
        {"vocoder": model}, {"mel": MEL, **told}, name="v", licence="CC0-1.0", source="the graph x", contract="c"
    )


def test_a_draft() -> None:
    draft = made_of(vocoder_graph())
    assert (draft.task, draft.config.family, draft.config.kind, draft.languages, draft.licence) == (
        "vocoder", "vocoder+graph", "graph", ("zxx",), "CC0-1.0")  # fmt: skip
    assert draft.config.vocoder_context_frames == REACH
    assert draft.config.mel.framing == "same"
    assert draft.notes[0] == f"its samples depend on {REACH} frames either side, as was measured"
    assert "nepers from what it was given; that is much: if it sounds wrong, look at mel" in draft.notes[1]


@pytest.mark.parametrize("kind", ["samples", "transform"])
def test_a_bundle_sounds_as_the_graph_in_pieces_as_whole(kind: str, tmp_path: Path) -> None:
    if kind == "samples":
        draft = made_of(vocoder_graph("bfm"))
    else:
        model = transform_graph(("magnitude", "cos", "sin"))
        draft = made_of(model, outputs={name: f"their_{name}" for name in ("magnitude", "cos", "sin")})
    proof = write_draft(draft, tmp_path / "v")
    assert max(error for outputs in proof.errors.values() for error in outputs.values()) < -100
    bundle = open_bundle(tmp_path / "v", verify=True)
    files = [file for variant in bundle.manifest.graphs["vocoder"].variants for file in variant.weights]
    graph = open_graph(bundle.graph("vocoder"), {name: one for file in files for name, one in bundle.tensors(file).items()})
    mel = np.random.default_rng(2).normal(-4, 2, (BANDS, 1200)).astype(np.float32)  # more than one chunk
    settings: Any = bundle.settings
    wav = copy_synthesis(graph, settings, mel, np.zeros(1200, np.float32))
    assert wav.shape == (1200 * HOP,)
    if kind == "samples":
        whole = open_whole(vocoder_graph(), "g").run({"spec": mel[None]})["audio"][0, 0]
        np.testing.assert_allclose(wav, whole, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "told", "message"),
    [
        ({"draws": True}, {}, r"c: does not fit the graph: it draws random numbers \(RandomNormalLike\)"),
        (
            {},
            {"mel": {**MEL, "hop_length": 16}},
            "does not fit the graph: it makes of 49 frames 1 x 392 values of 'wav', where a hop",
        ),
        ({"centred": True}, {}, "does not fit the graph: it makes of 49 frames 1 x 384 values"),
    ],
)
def test_lies_are_told(model: dict[str, Any], told: dict[str, Any], message: str) -> None:
    with pytest.raises(PortError, match=message):
        made_of(vocoder_graph(**model), **told)


def test_keys_that_are_wrong() -> None:
    with pytest.raises(
        ConfigError, match="there is no key 'melody'; accepted: task, name, licence, languages, graphs, signature, calls, mel"
    ):
        made_of(vocoder_graph(), melody=1)
    with pytest.raises(ConfigError, match="context_frames: says 0, but its samples depend on 1 frames either side; leave it out"):
        made_of(vocoder_graph(), context_frames=0)
    assert made_of(vocoder_graph(), context_frames=7).config.vocoder_context_frames == 7
    with pytest.raises(PortError, match="a vocoder is one graph, and 2 are named: a, b"):
        graph_vocoder_draft(dict.fromkeys("ab", vocoder_graph()), {}, name="v", licence=None, source="x", contract="c")


def test_one_that_hears_the_whole_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_vocoder, "measure_context", lambda *_, **__: WHOLE_FRAMES)
    draft = made_of(vocoder_graph())
    assert draft.config.vocoder_context_frames == WHOLE_FRAMES
    assert "depend on the whole sentence" in draft.notes[0]


def test_silence_is_no_vocoder() -> None:
    model = vocoder_graph()
    for tensor in model.graph.initializer:
        if tensor.name == "w2":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros((6, 1, HOP), np.float32), "w2"))
    with pytest.raises(PortError, match="it makes silence of speech"):
        made_of(model)
