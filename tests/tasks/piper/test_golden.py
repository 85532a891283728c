"""A Piper voice answers to the folder of the original."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.port.originals import compare_original  # noqa: E402

from tingshuo.config import FrameConfig  # noqa: E402
from tingshuo.config.piper import PiperBundleConfig  # noqa: E402
from tingshuo.errors import ConfigError  # noqa: E402
from tingshuo.models.vits.graphs import graphs  # noqa: E402
from tingshuo.port.verify import reference_outputs  # noqa: E402
from tingshuo.tasks.golden_compare import Material, run_case  # noqa: E402
from tingshuo.tasks.golden_draws import Draws, unit  # noqa: E402
from tingshuo.tasks.golden_folder import Case  # noqa: E402

pytestmark = pytest.mark.train
OF_TEXT = {"enc_x", "m_p_text", "logs_p_text"}
"""What the fixture keeps in one case alone, as it is the same in the other."""


@pytest.mark.parametrize(("case", "more"), [("noisy", set()), pytest.param("silent", OF_TEXT, marks=pytest.mark.slow)])
def test_every_answer_is_the_original_s(golden, case, more):
    made, *_ = compare_original(golden, "piper_medium", [case])
    assert not made.beyond
    assert not made.left
    assert {one.result for one in made.compared if one.where == "graph"} == {"logw", "frames", "z_p", "z", "wav"} | more
    stages = {f"stage{stage}.{end}" for stage in range(3) for end in ("head", "tail")}
    assert {one.result for one in made.compared if one.where == "net"} == stages


class Eager:
    """A graph of the family, run by torch."""

    def __init__(self, graph):
        self.graph = graph

    def run(self, inputs):
        return reference_outputs(self.graph, inputs)


@pytest.fixture
def answer(tiny_vits, tiny_net):
    """Answer a case with a tiny net: by its name, what the spec says of random numbers, and inputs."""

    def answer(name, told, **given):
        config, net = tiny_vits[name], tiny_net[name]
        settings = PiperBundleConfig(
            family="piper", frames=FrameConfig(config.sample_rate, config.hop_length), phonemes="text", phoneme_ids={},
            latent=config.latent, stochastic=config.stochastic, decoder_context_frames=config.decoder_context_frames,
            noise=0.667, length=1.0, duration_noise=0.8, architecture={},
        )  # fmt: skip
        tensors = {key: value.numpy() for key, value in net.state_dict().items()}
        opened = {graph.name: Eager(graph) for graph in graphs(net)}
        return run_case(opened, Material(settings, {}, lambda _: tensors), Case("a", given, {}, {}, Draws("a", given, told)))

    return answer


def test_draws_may_be_given_or_are_those_of_their_names(answer):
    given = {"ids": np.array([1, 2, 3]), "scales": np.array([0.7, 1.0, 0.8], np.float32)}
    with pytest.raises(ConfigError, match=r"give the input 'duration_noise' of shape \[1, 2, 3\]"):
        answer("one", None, **given)
    named = answer("one", "those of the names", **given)
    frames = int(named["frames"].sum())
    draws = {"duration_noise": unit("vits.duration", [2, 3]), "noise": unit("vits.z", [4, frames])}
    again = answer("one", None, **given, **draws)
    np.testing.assert_array_equal(named["wav"], again["wav"])
    mean, log_deviation = (np.repeat(again[name], again["frames"], 1) for name in ("m_p_text", "logs_p_text"))
    np.testing.assert_allclose(again["z_p"], mean + np.exp(log_deviation) * draws["noise"] * 0.7, rtol=1e-5, atol=1e-6)
    assert named["wav"].shape == (6 * frames,)
    assert not np.allclose(answer("one", "zeros", **given)["logw"], named["logw"])


def test_of_several_speakers_one_is_named(answer, tiny_net):
    given = {"ids": np.array([1, 2, 3]), "scales": np.array([0, 2, 0], np.float32)}
    first, second = (answer("three", "zeros", **given, sid=np.array(row)) for row in (0, 1))
    assert not np.allclose(first["wav"][:30], second["wav"][:30])
    with torch.inference_mode():
        expected = tiny_net["three"](torch.tensor([[1, 2, 3]]), None, None, 2.0, torch.tensor([1]))[0].numpy()
    np.testing.assert_allclose(second["wav"], expected, atol=1e-6)
    assert answer("three", "zeros", **given) is None
    assert answer("one", "zeros", **given, sid=np.array(0)) is None
