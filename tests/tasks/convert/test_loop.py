"""The order of calls, run with the net's own parts in place of an engine's sessions."""

import numpy as np
import pytest

from tingshuo.tasks.convert.loop import Draws, coarse_pitch, convert


def test_coarse_pitch_is_even_on_the_mel_scale():
    assert coarse_pitch(np.array([0, 1, 50, 1100, 3000], np.float32)).tolist() == [1, 1, 1, 255, 255]
    middle = 700 * (np.exp((np.log1p(50 / 700) + np.log1p(1100 / 700)) / 2) - 1)
    assert coarse_pitch(np.array([middle], np.float32)).tolist() == [128]
    rising = coarse_pitch(np.linspace(51, 1100, 5000).astype(np.float32))
    assert (np.diff(rising) >= 0).all()
    assert set(rising.tolist()) == set(range(1, 256))


@pytest.fixture(scope="module")
def tiny_rvc():
    """Return configs of a tiny voice by whether it is told the pitch."""
    pytest.importorskip("torch")
    from tingshuo.models.rvc.config import RvcConfig

    sizes = {"content_dim": 6, "speakers": 3, "speaker_dim": 5, "latent": 4, "dim": 8, "heads": 2, "encoder_layers": 2}
    few = {"encoder_hidden": 12, "flow_steps": 2, "flow_layers": 2, "channels": 8, "sample_rate": 600}
    stages = {"upsample_rates": (3, 2), "upsample_kernels": (7, 4), "block_kernels": (3, 5), "block_dilations": ((1, 2), (1, 3))}
    return {pitched: RvcConfig(pitched=pitched, **sizes, **few, **stages) for pitched in (True, False)}


@pytest.fixture(scope="module")
def tiny_net(tiny_rvc):
    """Return nets of `tiny_rvc`."""
    import torch

    from tingshuo.models.rvc.net import Rvc

    torch.manual_seed(0)
    return {pitched: Rvc(config).eval() for pitched, config in tiny_rvc.items()}


class Part:
    """A graph of the family, run by torch."""

    def __init__(self, graph):
        self.graph = graph

    def run(self, inputs):
        from tingshuo.port.verify import reference_outputs

        return reference_outputs(self.graph, inputs)


@pytest.mark.train
@pytest.mark.parametrize("pitched", [True, False])
def test_graph_after_graph_is_what_the_net_says(tiny_rvc, tiny_net, pitched):
    torch = pytest.importorskip("torch")
    from tingshuo.models.rvc.graphs import graphs

    config, net, rng, frames = tiny_rvc[pitched], tiny_net[pitched], np.random.default_rng(0), 13
    content = rng.standard_normal((frames, 6), np.float32)
    noise = rng.standard_normal((1, 4, frames), np.float32)
    f0 = np.where(rng.random(frames) < 0.3, 0, 220).astype(np.float32) if pitched else None
    source = rng.standard_normal((1, frames, config.hop_length), np.float32) if pitched else None
    given = [content[None], np.array([1]), noise]
    if pitched:
        given += [coarse_pitch(f0)[None], f0[None], source]
    with torch.inference_mode():
        expected = net(*map(torch.from_numpy, given))[0].numpy()
        speaker = net.speakers.weight[1].numpy()
    sessions = {graph.name: Part(graph) for graph in graphs(net)}
    np.testing.assert_allclose(convert(sessions, config, Draws(noise, source), content, speaker, f0), expected, atol=1e-6)
    # The last frames alone: the flow hears enough before them, the decoder and the source begin anew.
    head = config.flow_context_frames + 2
    late = Draws(noise[:, :, 2:], source[:, head:] if pitched else None)
    tail = convert(sessions, config, late, content, speaker, f0, head, frames - head)
    assert tail.shape == ((frames - head) * config.hop_length,)
    assert np.isfinite(tail).all()
