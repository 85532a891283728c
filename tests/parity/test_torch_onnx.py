"""The graphs of the built-in voice compute what its nets compute."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

torch = pytest.importorskip("torch")

import tingshuo.voices  # noqa: E402
from tingshuo.config import VoiceConfig  # noqa: E402
from tingshuo.engine.onnx import open_graph  # noqa: E402
from tingshuo.models.fastspeech.graphs import Decoder, Encoder, Pitch  # noqa: E402
from tingshuo.port.nets import load_nets  # noqa: E402

pytestmark = pytest.mark.train

BUNDLE = Path(tingshuo.voices.__file__).parent / "default"
LIMIT_DB = -60.0


@pytest.fixture(scope="module")
def voice():
    tensors = {name: load_file(BUNDLE / f"weights/{name}.safetensors") for name in ("acoustic", "vocoder")}
    nets = load_nets(VoiceConfig.read(BUNDLE / "config.json"), tensors["acoustic"], tensors["vocoder"])
    modules = {
        "encoder": Encoder(nets.acoustic),
        "pitch": Pitch(nets.acoustic),
        "decoder": Decoder(nets.acoustic),
        "vocoder": nets.vocoder,
    }
    return modules, tensors["acoustic"] | tensors["vocoder"], tensors["acoustic"]


def _inputs(name, size, tables, rng):
    """Inputs like those of a sentence: hidden states and contours of a plausible size."""
    style = tables["style.weight"][:1].astype(np.float32)
    frames = rng.standard_normal((1, size, 256), dtype=np.float32)
    place = rng.uniform(-1, 1, (1, size, 8)).astype(np.float32)
    unvoiced = (rng.random((1, size)) < 0.4).astype(np.float32)
    f0 = rng.standard_normal((1, size), dtype=np.float32)
    if name == "encoder":
        return {
            "phoneme_ids": rng.integers(0, 65, (1, size)),
            "tones": rng.integers(0, 6, (1, size)),
            "positions": rng.integers(0, 3, (1, size)),
            "style": style,
        }
    if name == "pitch":
        return {"frames": frames, "place": place, "style": style}
    if name == "decoder":
        speaker = tables["speaker.weight"][:1].astype(np.float32)
        return {"frames": frames, "place": place, "f0": f0, "unvoiced": unvoiced, "speaker": speaker}
    mel = (-4 + 2 * rng.standard_normal((1, 100, size))).astype(np.float32)
    return {"mel": mel, "f0": (np.exp(5.5 + 0.2 * f0) * (1 - unvoiced)).astype(np.float32)}


@pytest.mark.parametrize("size", [1, 2, 19, 50, 401])
@pytest.mark.parametrize("name", ["encoder", "pitch", "decoder", "vocoder"])
def test_graph_equals_net_at_any_length(voice, name, size):
    modules, tensors, tables = voice
    inputs = _inputs(name, size, tables, np.random.default_rng(size))
    session = open_graph(BUNDLE / f"graphs/onnx/fp32/{name}.onnx", tensors)
    outputs = session.run(inputs)
    with torch.inference_mode():
        expected = modules[name](*(torch.from_numpy(inputs[key]) for key in session.spec.inputs))
    expected = [expected] if isinstance(expected, torch.Tensor) else expected
    for (key, ours), theirs in zip(outputs.items(), expected, strict=True):
        reference = theirs.numpy()
        assert ours.shape == reference.shape
        error_db = 10 * np.log10(np.mean((ours - reference) ** 2) / np.mean(reference**2) + 1e-20)
        assert error_db <= LIMIT_DB, f"{key}: {error_db:.1f} dB"
