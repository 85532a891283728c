import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from tests.train.small_voice import make_nets  # noqa: E402

from tingshuo.errors import ConfigError  # noqa: E402
from tingshuo.port.nets import load_nets  # noqa: E402
from tingshuo.train.config import StyleOffer  # noqa: E402
from tingshuo.train.offered import offer  # noqa: E402


@pytest.fixture(scope="module")
def voice():
    return make_nets()


def tensors_of(net):
    return {name: value.numpy() for name, value in net.state_dict().items()}


def test_without_a_choice_everything_stays(voice):
    config, nets = voice
    offered = offer(config)
    assert offered.voice == config
    for name, tensor in offered.take(tensors_of(nets.acoustic)).items():
        assert np.array_equal(tensor, nets.acoustic.state_dict()[name])


def test_the_rows_of_others_are_gone_and_those_that_stay_speak_the_same(voice):
    config, nets = voice
    offered = offer(config, ["b"], {"y": StyleOffer(name="even", tempo=0.9), "x": StyleOffer(description="read")})
    assert [one.name for one in offered.voice.speakers] == ["b"]
    assert [(one.name, one.description, one.tempo) for one in offered.voice.styles] == [("even", "", 0.9), ("x", "read", 1.0)]
    before = tensors_of(nets.acoustic)
    after = offered.take(before)
    assert np.array_equal(after["speaker.weight"], before["speaker.weight"][1:])
    assert np.array_equal(after["style.weight"], before["style.weight"][::-1])
    small = load_nets(offered.voice, after, tensors_of(nets.vocoder))
    assert (small.acoustic.config.speakers, small.acoustic.config.styles) == (1, 2)
    frames, silent = torch.randn(1, 9, config.architecture["fastspeech.dim"]), torch.zeros(1, 9)
    with torch.no_grad():
        was, now = (
            net.decode(frames, torch.zeros(1, 9, 8), silent, silent, net.speaker(torch.tensor([row])), silent + 1, silent)
            for net, row in ((nets.acoustic, 1), (small.acoustic, 0))
        )
    assert torch.equal(was, now)


@pytest.mark.parametrize(
    ("speakers", "styles", "message"),
    [
        (["b", "c", "d"], {}, "bundle.speakers: the voice has no c, d; it has a, b"),
        ([], {"z": StyleOffer()}, "bundle.styles: the voice has no z; it has x, y"),
        (["a", "a"], {}, "bundle.speakers: a is there twice"),
        ([], {"x": StyleOffer(), "y": StyleOffer(name="x")}, "bundle.styles: x is there twice"),
    ],
)
def test_what_the_voice_has_not_is_named(voice, speakers, styles, message):
    with pytest.raises(ConfigError, match=message):
        offer(voice[0], speakers, styles)
