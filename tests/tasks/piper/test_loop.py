"""The order of calls, run with exported graphs, against what the net says."""

import numpy as np
import pytest

from tingshuo.errors import RequestError
from tingshuo.tasks.piper.loop import MAX_FRAMES, Draws, Plan, Scales, Sizes, frames_of, plan, speak, speak_whole


def sizes_of(config):
    return Sizes(config.latent, config.hop_length, config.decoder_context_frames, config.stochastic)


class Part:
    """A graph of the family, run by torch."""

    def __init__(self, graph):
        self.graph = graph

    def run(self, inputs):
        from tingshuo.port.verify import reference_outputs

        return reference_outputs(self.graph, inputs)


@pytest.fixture(scope="module")
def parts(tiny_net):
    """Return the graphs of every net as they are before they are exported."""
    from tingshuo.models.vits.graphs import graphs

    return {name: {graph.name: Part(graph) for graph in graphs(net)} for name, net in tiny_net.items()}


def exported(net, names):
    """Return graphs of a net, exported, with its weights as they are."""
    pytest.importorskip("onnx")
    from tingshuo.models.vits.graphs import graphs
    from tingshuo.port.export import export_graph
    from tingshuo.port.verify import open_model

    tensors, opened = {key: value.numpy() for key, value in net.state_dict().items()}, {}
    for graph in (graph for graph in graphs(net) if graph.name in names):
        model = export_graph(graph)
        for initializer in model.graph.initializer:  # the Cast behind it becomes one from float32 to float32
            initializer.data_type = 1
        opened[graph.name] = open_model(model, tensors)
    return opened


def check_speech(config, net, graphs, phonemes):
    """Compare graphs with a net, whole and in windows."""
    import torch

    sizes, rng = sizes_of(config), np.random.default_rng(phonemes)
    ids = rng.integers(0, 9, phonemes)
    draws = Draws(rng.standard_normal((2, phonemes), np.float32), rng.standard_normal((4, 900), np.float32))
    with torch.inference_mode():
        given = torch.from_numpy(ids)[None], torch.from_numpy(draws.duration)[None] * 0.4
        expected = net(*given, torch.from_numpy(draws.latent)[None] * 0.5, 1.3, torch.tensor([1]))[0].numpy()
        speaker = net.speakers.weight[1].numpy() if net.speakers is not None else None
    laid = plan(graphs, sizes, ids, Scales(0.5, 1.3, 0.4), draws, speaker)
    assert len(laid.durations) == phonemes
    (wav,) = speak(graphs, sizes, laid)
    np.testing.assert_allclose(wav, expected, atol=1e-5 * np.abs(expected).max())
    streamed = list(speak(graphs, sizes, laid, window=5, first=2))
    assert len(streamed[0]) == min(2, laid.n_frames) * config.hop_length
    np.testing.assert_allclose(np.concatenate(streamed), wav, atol=1e-6)


@pytest.mark.train
@pytest.mark.parametrize("name", ["one", "three"])
@pytest.mark.parametrize("phonemes", [1, 6, 23])
def test_graph_after_graph_is_what_the_net_says(tiny_vits, tiny_net, parts, name, phonemes):
    check_speech(tiny_vits[name], tiny_net[name], parts[name], phonemes)


@pytest.mark.train
@pytest.mark.slow
@pytest.mark.parametrize("name", ["one", "three"])
def test_exported_graphs_are_the_net_at_every_length(tiny_vits, tiny_net, name):
    graphs = exported(tiny_net[name], ("encoder", "duration", "flow", "decoder"))
    for phonemes in (1, 6, 23):
        check_speech(tiny_vits[name], tiny_net[name], graphs, phonemes)


@pytest.mark.train
def test_the_exported_splines_are_the_net_s_at_every_length(tiny_vits, tiny_net, parts):
    """The short form of the proof before: the one graph whose operators no other family has."""
    graphs, name = parts["one"] | exported(tiny_net["one"], ("duration",)), "one"
    for phonemes in (1, 6, 23):
        check_speech(tiny_vits[name], tiny_net[name], graphs, phonemes)


@pytest.mark.train
def test_a_seed_is_a_sentence(tiny_vits, parts):
    sizes, ids = sizes_of(tiny_vits["one"]), np.arange(9)
    one, again, other = (plan(parts["one"], sizes, ids, Scales(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.latents, again.latents)
    assert one.latents.shape != other.latents.shape or not np.allclose(one.latents, other.latents)


def test_frames_are_rounded_up_and_limited():
    log_duration = np.log(np.array([0.01, 1.0, 1.1, 3.9], np.float32))
    assert frames_of(log_duration, 1.0).tolist() == [1, 1, 2, 4]
    assert frames_of(log_duration, 0.5).tolist() == [1, 1, 1, 2]
    assert frames_of(np.array([-200.0], np.float32), 1.0).tolist() == [1]
    for wrong in ([np.log(MAX_FRAMES + 1)], [200.0], [np.nan]):
        with pytest.raises(RequestError, match="more than ten minutes; split it"):
            frames_of(np.array(wrong, np.float32), 1.0)


class Doubles:
    """A decoder whose sample is the sum of what its context holds, so that a frame too few is noticed."""

    def __init__(self):
        self.asked = []

    def run(self, inputs):
        latent = inputs["latent"][0, 0]
        self.asked.append(len(latent))
        padded = np.pad(latent, 2)
        total = sum(padded[shift : shift + len(latent)] for shift in range(5))
        return {"wav": np.repeat(total, 3)[None]}


@pytest.mark.parametrize(("window", "first"), [(1, None), (4, None), (4, 1), (100, 7), (None, None)])
def test_windows_join(window, first):
    plan, sizes = Plan(np.ones(1), np.arange(23.0)[None, None] ** 2, None), Sizes(1, 3, 2)
    whole = Doubles().run({"latent": plan.latents})["wav"][0]
    decoder = Doubles()
    assert np.array_equal(np.concatenate(list(speak({"decoder": decoder}, sizes, plan, window, first))), whole)
    assert max(decoder.asked) <= max(window or 23, first or 0) + 4


class Whole:
    """An export that is one piece."""

    def run(self, inputs):
        self.inputs = inputs
        return {"output": np.zeros((1, 1, 1, 12), np.float32)}


def test_an_export_that_is_one_piece_is_given_what_piper_gives():
    graph = Whole()
    assert speak_whole(graph, np.array([1, 0, 2]), Scales(0.1, 1.2, 0.3)).shape == (12,)
    assert {name: value.tolist() for name, value in graph.inputs.items()} == {
        "input": [[1, 0, 2]], "input_lengths": [3], "scales": pytest.approx([0.1, 1.2, 0.3]),
    }  # fmt: skip
    speak_whole(graph, np.array([1]), Scales(), 4)
    assert graph.inputs["sid"].tolist() == [4]
