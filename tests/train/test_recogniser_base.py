"""A training may begin with a finished recogniser: where units agree it hears what that one hears."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tingshuo.config.conformer import ConformerBundleConfig  # noqa: E402
from tingshuo.config.fbank import Cmvn, FbankConfig  # noqa: E402
from tingshuo.errors import TrainError  # noqa: E402
from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.net import Conformer  # noqa: E402
from tingshuo.models.conformer.teaching import Pupil, syllables_of  # noqa: E402
from tingshuo.port.families import sizes  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.train.recogniser_base import Base, begin_with, open_base, origin  # noqa: E402
from tingshuo.train.recogniser_config import RecogniserTraining  # noqa: E402

pytestmark = pytest.mark.train
SIZES = ConformerConfig(units=5, features=20, dim=16, stem=4, layers=2, heads=2, hidden=24, kernel=3, decoder_layers=1,
                        reverse_layers=0, decoder_heads=2, decoder_hidden=12)  # fmt: skip
OLD = ("<blank>", "an1", "hao3", "ma1", "<sos/eos>")


@pytest.fixture
def base():
    torch.manual_seed(0)
    net = Conformer(SIZES).eval()
    settings = ConformerBundleConfig(
        family="conformer", fbank=FbankConfig(n_mels=20), units=OLD, tokenizer="syllable", sos=4, eos=4, subsampling=4,
        context_frames=7, architecture=sizes("conformer", SIZES),
    )  # fmt: skip
    return Base("old@1.0.0 abc", settings, net, None, ())


def test_units_that_it_had_are_heard_as_before_and_new_ones_begin_as_their_parts(base):
    units = syllables_of(["an1", "hao3", "ma1", "ma3"])
    config = base.fitted(RecogniserTraining()).net
    assert (config.dim, config.decoder_layers) == (16, 0)
    pupil = Pupil(config.replace(units=5), units, 0.0).eval()
    assert begin_with(pupil, units, base) == ("ma3",)
    features = torch.randn(1, 60, 20)
    with torch.no_grad():
        ours = pupil.finished().ctc(pupil.finished().encoder(features))[0, :, :4]
        theirs = base.net.ctc(base.net.encoder(features))[0, :, :4]
        weight = pupil.finished().ctc.weight
    assert torch.allclose(ours, theirs, atol=1e-4)
    distance = (weight[4] - weight).norm(dim=1)
    assert distance[3] < distance[2], "ma3 is nearer to ma1 than to hao3"


def test_marks_are_no_units_and_what_is_not_normalised_stays_so(base):
    assert base.rows == {"<blank>": 0, "an1": 1, "hao3": 2, "ma1": 3}
    assert base.cmvn == Cmvn((0.0,) * 20, (1.0,) * 20)
    assert base.fitted(RecogniserTraining()).fbank.n_mels == 20


def test_a_resumed_training_knows_where_it_began(base):
    assert origin(base) == {"from": "old@1.0.0 abc"}
    assert origin(None) == {"from": None}


def test_what_is_no_recogniser_is_refused():
    with pytest.raises(TrainError, match=r"is a bundle of the family .*; a recogniser can go on from"):
        open_base(find_voice("default"), "syllables")
