"""A taught net becomes a bundle that says what it is, whatever was held out."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.tasks.hybrid.small import MFCC, PHONES, UNITS, settings, speller  # noqa: E402
from tests.train.classic import small  # noqa: E402

from tingshuo.config.mfcc import MfccConfig  # noqa: E402
from tingshuo.data.utterance import Utterance  # noqa: E402
from tingshuo.models.dnn.config import DnnConfig  # noqa: E402
from tingshuo.models.dnn.net import Dnn  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.hybrid.model import HybridRecogniser  # noqa: E402
from tingshuo.train.hybrid_align import Counts  # noqa: E402
from tingshuo.train.hybrid_material import Clip, Material  # noqa: E402
from tingshuo.train.hybrid_publish import Learnt, judged, publish_hybrid  # noqa: E402
from tingshuo.train.recogniser_language import Language  # noqa: E402

pytestmark = pytest.mark.train


def material(**changes):
    features = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float16)
    clips = [Clip(Utterance(id=str(k), audio="x", text="你好", source="none"), 40 * k, 40, ("ni3", "hao3")) for k in (0, 1)]
    fields = {
        "features": features, "frame_s": 0.01, "deviation": np.ones(4, np.float32), "taught": (clips[0],),
        "held_out": (clips[1],), "phones": PHONES, "units": UNITS, "frequencies": np.full(4, -1.4, np.float32), "skipped": (),
    }  # fmt: skip
    return Material(**(fields | changes))


def learnt():
    torch.manual_seed(0)
    config = settings()
    net = Dnn(DnnConfig(inputs=12, states=16, layers=1, dim=4)).eval()
    return Learnt(net, Counts(np.array(config.priors, np.float32), np.array(config.durations, np.float32)), 7)


CONFIG = small("offsets=[-1, 0, 1]", "hmm.states=2", "beam.scale=0.4").replace(mfcc=MfccConfig.check(MFCC, "x"))
WORDS = speller("你好", "你好吗")
LANGUAGE = Language(WORDS.model, WORDS.vocabulary)


def test_the_bundle_says_what_it_is(tmp_path):
    bundle = open_bundle(publish_hybrid(tmp_path / "bundle", learnt(), material(), CONFIG, LANGUAGE), verify=True)
    assert (bundle.manifest.family, bundle.manifest.task, bundle.manifest.sample_rate) == ("dnn", "asr", 16000)
    assert bundle.settings.beam.scale == 0.4
    assert bundle.settings.phones == PHONES
    assert "1 clips, 0.0 hours of 1 speakers, taught for 7 steps" in bundle.manifest.data_statement
    (measured,) = bundle.manifest.measured
    assert set(measured.figures) == {"cer", "cer_greedy", "syllable_error"}
    card = (bundle.path / "MODELCARD.md").read_text("utf-8")
    assert "CC0-1.0" in card
    assert "syllable_error" in card


def test_without_clips_to_judge_nothing_is_claimed(tmp_path):
    bundle = open_bundle(publish_hybrid(tmp_path / "bundle", learnt(), material(held_out=()), CONFIG, LANGUAGE))
    assert bundle.manifest.measured == ()
    assert "No clip was held out." in (bundle.path / "MODELCARD.md").read_text("utf-8")


class Right(HybridRecogniser):
    """Hears what is said."""

    def __init__(self, units):
        self.settings, self.said = settings(), units

    def read(self, features, beam=10, expected=None):
        return ()

    def syllables(self, features):
        return self.said


def test_errors_are_shares_of_what_is_said():
    ni, hao = UNITS.index("ni3"), UNITS.index("hao3")
    assert judged(Right((ni, hao)), material(), 5) == {"cer": 1.0, "cer_greedy": 1.0, "syllable_error": 0.0}
    assert judged(Right((hao,)), material(), 5)["syllable_error"] == 0.5
