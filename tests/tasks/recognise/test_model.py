"""An utterance goes through the graphs, and units become writing."""

import numpy as np
import pytest
from tests.tasks.recognise.chunked import bursts, chunked

from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.config.fbank import Cmvn, FbankConfig
from tingshuo.tasks.recognise.model import Recogniser

UNITS = ("<blank>", "你", "好", "\u2581go", "<sos/eos>")
SETTINGS = ConformerBundleConfig(
    family="conformer", fbank=FbankConfig(n_mels=4), cmvn=Cmvn((0.0,) * 4, (0.0,) * 4), units=UNITS, sos=4, eos=4,
    subsampling=4, context_frames=7, reverse_weight=0.5, architecture={},
)  # fmt: skip


class Fake:
    """A graph that is a function."""

    def __init__(self, function):
        self.run = function


def graphs(decoders=True):
    def classify(inputs):
        log_probs = np.full((1, inputs["encoded"].shape[1], 5), -9.0, np.float32)
        for frame, unit in enumerate((1, 0, 2)):
            log_probs[0, frame, unit] = -0.01
        log_probs[0, 3:, 0] = -0.01
        return {"log_probs": log_probs}

    made = {"encoder": Fake(lambda x: {"encoded": x["features"][:, ::4]}), "ctc": Fake(classify)}
    if decoders:
        judge = Fake(lambda x: {"log_probs": np.full(x["units"].shape, -0.5, np.float32)})
        made |= {"decoder": judge, "reverse_decoder": judge}
    return made


@pytest.mark.parametrize("decoders", [True, False])
def test_the_likeliest_text_comes_first(decoders):
    recogniser = Recogniser(SETTINGS, graphs(decoders))
    best = recogniser.hear(np.zeros(16000, np.float32), 3)[0]
    assert recogniser.text(best.units) == "你好"


@pytest.mark.parametrize("decoders", [True, False])
def test_a_scorer_has_a_say(decoders):
    recogniser = Recogniser(SETTINGS, graphs(decoders))
    wanted = recogniser.expect({"好好": 90.0, "嗨": 1.0})
    assert wanted.unknown == ("嗨",)
    assert "好好" in recogniser.text(recogniser.hear(np.zeros(16000, np.float32), 5, wanted)[0].units)


def test_features_are_normalised_as_the_bundle_says():
    assert not Recogniser(SETTINGS, {}).features(np.ones(4000, np.float32)).any()


def test_what_is_too_short_to_hear_has_no_text():
    assert Recogniser(SETTINGS, {}).hear(np.zeros(500, np.float32)) == ()


def test_pieces_of_words_are_joined_and_words_are_apart():
    assert Recogniser(SETTINGS, {}).text((3, 3, 1)) == "go go你"


@pytest.mark.parametrize("piece", [700, 5000])
def test_what_is_followed_is_heard_as_the_whole(piece):
    recogniser, wav = chunked(), bursts(6)
    going = recogniser.follow(5)
    news = [going.feed(wav[begin : begin + piece]) for begin in range(0, len(wav), piece)]
    assert any(news)
    assert going.so_far()[0] == "嘟" * 6
    assert going.finish()[0] == recogniser.hear(wav, 5)[0]


def test_what_is_followed_is_judged_by_the_decoders_in_the_end():
    recogniser = chunked()
    judge = Fake(lambda x: {"log_probs": np.where(x["units"] == 3, 30.0, -0.1).astype(np.float32)})
    recogniser.graphs |= {"decoder": judge}
    wav = bursts(1)
    going = recogniser.follow(10)
    going.feed(wav)
    assert going.so_far()[0] == "嘟"
    found = going.finish()[0]
    assert 3 in found.units
    assert found == recogniser.hear(wav, 10)[0]


@pytest.mark.parametrize(
    "changes",
    [{"fbank": FbankConfig(n_mels=4, snip_edges=False)}, {"fbank": FbankConfig(n_mels=4, dither=1.0)}],
)
def test_what_cannot_be_followed_is_said(changes):
    recogniser = chunked()
    recogniser.settings = recogniser.settings.replace(**changes)
    assert recogniser.follow() is None
    assert Recogniser(SETTINGS, graphs()).follow() is None


@pytest.mark.parametrize(("sizes", "frames"), [((5, False), 5), ((5, True), 3), ((0, False), 3)])
def test_chunks_are_as_long_as_the_net_wants_them(sizes, frames):
    recogniser = chunked()
    static, dynamic = sizes
    architecture = {"conformer.static_chunk": static, "conformer.dynamic_chunk": dynamic}
    recogniser.settings = recogniser.settings.replace(architecture=architecture)
    assert not recogniser.follow(chunk_s=0.12).feed(np.zeros(400 + 160 * (4 * frames + 1), np.float32))
    assert recogniser.follow(chunk_s=0.12).feed(np.zeros(400 + 160 * (4 * frames + 2), np.float32))


def test_too_little_to_follow_is_nothing():
    going = chunked().follow()
    assert not going.feed(np.zeros(300, np.float32))
    assert (going.so_far(), going.finish()) == (("", 0), ())
