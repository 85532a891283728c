"""A graph is given what its contract says, and its answer is searched."""

from typing import Any

import numpy as np
import pytest

from tingshuo.audio.fbank import fbank
from tingshuo.audio.stack import stack_frames
from tingshuo.config.fbank import Cmvn, FbankConfig
from tingshuo.config.graph_recogniser import (
    Choice,
    GraphFeatures,
    GraphInput,
    GraphInputs,
    GraphOutputs,
    GraphRecogniserConfig,
)
from tingshuo.errors import EngineError, RequestError
from tingshuo.tasks.graph_recogniser.model import GraphRecogniser, TaggedHypothesis

UNITS = ("<blk>", "你", "好", "</s>", "<|zh|>", "<|en|>", "SIL")
BANK = FbankConfig(n_mels=4)
WAV = np.random.default_rng(0).uniform(-0.3, 0.3, 4000).astype(np.float32)


class Fake:
    """A graph that answers the same whatever it is given, which it keeps."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def run(self, inputs: Any) -> Any:
        self.inputs = dict(inputs)
        return self.answers


class Deaf:
    """A graph that cannot be run."""

    def run(self, inputs: Any) -> Any:
        raise EngineError("a shape without tokens")


def config(**fields: Any) -> GraphRecogniserConfig:
    whole: dict[str, Any] = {
        "family": "graph_recogniser", "output": "ctc", "outputs": GraphOutputs("y"),
        "inputs": GraphInputs(GraphInput("x", "float32"), GraphInput("n", "int32")),
        "features": GraphFeatures(fbank=BANK), "units": UNITS, "subsampling": 4,
    }  # fmt: skip
    return GraphRecogniserConfig(**(whole | fields))


def scored(*units: int, high: float = 5.0) -> np.ndarray:
    logits = np.zeros((1, len(units), len(UNITS)), np.float32)
    logits[0, np.arange(len(units)), units] = high
    return logits


def drive(wav: np.ndarray = WAV, answer: Any = None, **fields: Any) -> Fake:
    graph = Fake(y=scored(0) if answer is None else answer)
    recogniser = GraphRecogniser(config(**fields), {"recogniser": graph})
    recogniser.outputs(recogniser.features(wav))
    return graph


def test_a_filter_bank_is_scaled_stacked_and_normalised_as_the_contract_says():
    cmvn = Cmvn((9.0,) * 8, (0.5,) * 8)
    loud = GraphFeatures(fbank=BANK, stack=2, stride=3, cmvn=cmvn)
    graph = drive(features=loud)
    expected = (stack_frames(fbank(WAV, BANK), 2, 3) - np.float32(9)) * np.float32(0.5)
    np.testing.assert_array_equal(graph.inputs["x"][0], expected)
    assert graph.inputs["n"].tolist() == [len(expected)]
    assert graph.inputs["n"].dtype == np.int32
    small = drive(features=GraphFeatures(fbank=BANK, normalize_samples=True)).inputs["x"][0]
    # 16-bit samples are 32768 times as large, and their energies the square of that.
    np.testing.assert_allclose(fbank(WAV, BANK) - small, 2 * np.log(32768), atol=1e-4)


@pytest.mark.parametrize("normalize_samples", [False, True])
def test_both_scales_are_kaldis_in_silence_too(normalize_samples: bool):
    kaldi = pytest.importorskip("kaldi_native_fbank")
    options = kaldi.FbankOptions()
    options.frame_opts.dither, options.frame_opts.snip_edges, options.mel_opts.high_freq = 0, False, -400
    theirs = kaldi.OnlineFbank(options)
    wav = np.append(WAV, np.zeros(4000, np.float32))
    theirs.accept_waveform(16000, (wav if normalize_samples else wav * 32768).tolist())
    theirs.input_finished()
    expected = np.array([theirs.get_frame(n) for n in range(theirs.num_frames_ready)])
    bank = FbankConfig(n_mels=options.mel_opts.num_bins, snip_edges=False, high_hz=-400.0)
    given = drive(wav, features=GraphFeatures(fbank=bank, normalize_samples=normalize_samples)).inputs["x"][0]
    np.testing.assert_allclose(given, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("layout", "dtype", "shape"),
    [
        ("btd", "float32", (1, 23, 4)),
        ("bdt", "float16", (1, 4, 23)),
        ("bt", "float32", (1, 4000)),
        ("b1t", "float32", (1, 1, 4000)),
    ],
)
def test_features_lie_as_the_graph_wants_them(layout, dtype, shape):
    samples = layout in ("bt", "b1t")
    features = GraphFeatures(samples_hz=16000, layout=layout) if samples else GraphFeatures(fbank=BANK, layout=layout)
    given = drive(features=features, inputs=GraphInputs(GraphInput("x", dtype))).inputs
    assert {name: (value.shape, value.dtype.name) for name, value in given.items()} == {"x": (shape, dtype)}
    if layout == "bdt":
        np.testing.assert_allclose(given["x"][0].T, fbank(WAV, BANK), rtol=1e-3)


def test_samples_count_as_the_contract_says():
    def heard(**fields: Any) -> np.ndarray:
        return drive(features=GraphFeatures(samples_hz=16000, layout="bt", **fields)).inputs["x"][0]

    np.testing.assert_array_equal(heard(normalize_samples=True), WAV)
    np.testing.assert_array_equal(heard(), WAV * 32768)
    even = heard(normalize_samples=True, normalize="utterance")
    assert (even.mean(), even.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-3))


def test_ctc_is_searched_within_its_length_and_silent_units_are_left_out():
    settings = config(outputs=GraphOutputs("y", lengths="u"), scores="logits", silent=(6,))
    graph = Fake(y=scored(1, 1, 0, 6, 2, 2, 1), u=np.array([6]))
    recogniser = GraphRecogniser(settings, {"recogniser": graph})
    for beam in (1, 4):
        best = recogniser.hear(WAV, beam)[0]
        assert (recogniser.text(best.units), best.frames) == ("你好", (0, 4))
    wanted = recogniser.expect({"好好": 99.0})
    assert "好好" in recogniser.text(recogniser.hear(WAV, 7, wanted)[0].units)
    sure = float(np.exp(5) / (np.exp(5) + len(UNITS) - 1))
    assert best.confidences == pytest.approx((sure, sure))
    assert recogniser.frame_s == pytest.approx(0.04)


@pytest.mark.parametrize("scores", ["log_probs", "logits", "probabilities"])
def test_scores_are_read_as_what_they_are(scores):
    logits = scored(1, 0, 2)
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    answer = {"log_probs": np.log(probabilities), "logits": logits + 7, "probabilities": probabilities}[scores]
    best = GraphRecogniser(config(scores=scores), {"recogniser": Fake(y=answer.astype(np.float16))}).hear(WAV)[0]
    assert best.units == (1, 2)
    assert best.confidences == pytest.approx((float(probabilities[0, 0, 1]),) * 2, rel=1e-2)


def test_the_first_frames_tell_of_the_whole():
    settings = config(scores="logits", tags=("language", "event"))
    best = GraphRecogniser(settings, {"recogniser": Fake(y=scored(4, 4, 1, 0, 1))}).hear(WAV, 1)[0]
    assert isinstance(best, TaggedHypothesis)
    assert (best.units, best.frames, best.tags) == ((1, 1), (0, 2), {"language": "zh", "event": "zh"})


def test_a_paraformer_answers_all_tokens_at_once():
    outputs = GraphOutputs("y", count="c", peaks="p")
    settings = config(output="paraformer", outputs=outputs, scores="logits", eos=3, tokenizer="joined")
    peaks = np.array([[0, 1, 0, 0, 1, 0, 1]], np.float32)
    graph = Fake(y=scored(1, 2, 3, 1), c=np.array([4], np.int32), p=peaks)
    (best,) = GraphRecogniser(settings, {"recogniser": graph}).hear(WAV)
    assert (best.units, best.frames) == ((1, 2), (1, 4))
    with pytest.raises(RequestError, match="hotwords have no say"):
        GraphRecogniser(settings, {"recogniser": graph}).expect({"你": 9.0})
    silent = Fake(y=scored(3), c=np.array([1], np.int32), p=peaks)
    assert GraphRecogniser(settings, {"recogniser": silent}).hear(WAV) == ()


def test_a_graph_that_cannot_be_run_is_an_error_but_of_a_paraformer_that_hears_nothing(caplog):
    with pytest.raises(EngineError, match="a shape without tokens"):
        GraphRecogniser(config(), {"recogniser": Deaf()}).hear(WAV)
    settings = config(output="paraformer", eos=3)
    assert GraphRecogniser(settings, {"recogniser": Deaf()}).hear(WAV) == ()
    assert "nothing was heard: a shape without tokens" in caplog.text


def test_what_is_too_short_has_no_text():
    assert GraphRecogniser(config(least_frames=24), {"recogniser": Deaf()}).hear(WAV) == ()
    assert GraphRecogniser(config(), {"recogniser": Deaf()}).hear(WAV[:100]) == ()


def test_a_choice_is_given_as_its_number():
    choice = Choice(GraphInput("l", "int32"), {"auto": 0, "zh": 3}, "auto")
    settings = config(choices={"language": choice})
    for chosen, number in (({}, 0), ({"language": "zh"}, 3)):
        graph = Fake(y=scored(0))
        recogniser = GraphRecogniser(settings, {"recogniser": graph}, chosen)
        recogniser.hear(WAV)
        assert (graph.inputs["l"].tolist(), graph.inputs["l"].dtype) == ([number], np.int32)
    assert recogniser.choices == {"language": ("auto", "zh")}
    with pytest.raises(RequestError, match="has no language 'fr'; accepted: auto, zh"):
        GraphRecogniser(settings, {"recogniser": graph}, {"language": "fr"})
    with pytest.raises(RequestError, match="has no mood 'good'; it has: language"):
        GraphRecogniser(settings, {"recogniser": graph}, {"mood": "good"})
