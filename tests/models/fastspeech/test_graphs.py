import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.fastspeech.config import FastSpeechConfig  # noqa: E402
from tingshuo.models.fastspeech.graphs import decoder_context_frames, graphs, pitch_context_frames  # noqa: E402
from tingshuo.models.fastspeech.net import FastSpeech  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def parts():
    torch.manual_seed(0)
    sizes = {"dim": 16, "heads": 2, "encoder_layers": 1, "encoder_hidden": 24, "decoder_dim": 12, "decoder_hidden": 20}
    net = FastSpeech(FastSpeechConfig(phonemes=9, styles=2, speakers=1, mels=7, decoder_layers=2, **sizes)).eval()
    return net.config, {graph.name: graph for graph in graphs(net)}


def test_every_input_and_output_is_named(parts):
    _, named = parts
    assert list(named) == ["encoder", "pitch", "decoder"]
    for graph in named.values():
        results = graph.module(*graph.inputs.values())
        assert len(results if isinstance(results, tuple) else (results,)) == len(graph.outputs)


@pytest.mark.parametrize(("name", "context"), [("pitch", pitch_context_frames), ("decoder", decoder_context_frames)])
@torch.inference_mode()
def test_context_frames_are_enough_and_no_more(parts, name, context):
    config, named = parts
    graph, reach, total = named[name], context(config), 61
    inputs = {
        key: torch.randn(1, total, *value.shape[2:]) if key in graph.free else torch.randn(value.shape)
        for key, value in graph.inputs.items()
    }
    middle = total // 2
    changed = {key: value.clone() for key, value in inputs.items()}
    for key in graph.free:
        changed[key][:, middle] += 1
    before, after = graph.module(*inputs.values()), graph.module(*changed.values())
    axis = 2 if name == "pitch" else 1
    touched = (before != after).any(axis)[0].nonzero()[:, 0].tolist()
    assert touched == list(range(middle - reach, middle + reach + 1))
