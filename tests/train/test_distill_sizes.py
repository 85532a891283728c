import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import RequestError, TrainError  # noqa: E402
from tingshuo.models.fastspeech.config import FastSpeechConfig  # noqa: E402
from tingshuo.models.fastspeech.net import FastSpeech  # noqa: E402
from tingshuo.models.layers.cost import count_parameters  # noqa: E402
from tingshuo.train.distill_sizes import CHANGEABLE, SIZES, cost_of, largest_within, parameters_of, student_config  # noqa: E402

pytestmark = pytest.mark.train

BIG = FastSpeechConfig(phonemes=65, styles=6, speakers=1, pitch_hidden=96, decoder_hidden=576)
"""The built-in voice."""
SMALL = FastSpeechConfig(
    phonemes=65, styles=2, speakers=2, dim=48, heads=2, encoder_layers=1, encoder_hidden=96, duration_layers=1, pitch_layers=1,
    pitch_hidden=32, decoder_dim=48, decoder_hidden=128, decoder_layers=2, energy=1, emotions=3,
)  # fmt: skip


def test_costs_are_those_of_the_net():
    assert cost_of(BIG).parameters == count_parameters(FastSpeech(BIG))
    # Ten phonemes and 94 frames a second: the encoder's convolutions alone are 4 x 2 x 256 x 1024 x 3 x 10.
    assert 4 * 2 * 256 * 1024 * 3 * 10 < cost_of(BIG).macs < 4e8
    assert cost_of(BIG.replace(decoder_hidden=100)).macs == cost_of(BIG).macs - 94 * 6 * 2 * 384 * (576 - 100)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("teacher", [BIG, SMALL], ids=["big", "small"])
def test_students_keep_their_bounds(teacher, size):
    config = student_config(teacher, size)
    parameters, speed = SIZES[size]
    before, after = cost_of(teacher), cost_of(config)
    assert parameters <= 0.5
    assert speed >= 1.3
    assert after.parameters <= parameters * before.parameters
    assert after.macs * speed <= before.macs
    assert after.parameters > 0.4 * parameters * before.parameters, "no smaller than it has to be"
    for name, value in config.fields().items():
        assert value <= getattr(teacher, name) if name in CHANGEABLE else value == getattr(teacher, name)
    FastSpeech(config)


def test_a_small_student_gives_up_hidden_features_only():
    config = student_config(BIG)
    changed = {name for name in CHANGEABLE if getattr(config, name) != getattr(BIG, name)}
    assert changed <= {"encoder_hidden", "decoder_hidden"}


def test_exact_sizes_are_taken_when_they_keep_the_bounds():
    config = student_config(BIG, sizes={"decoder_hidden": 288, "encoder_hidden": 256, "pitch_hidden": 64})
    assert config == BIG.replace(decoder_hidden=288, encoder_hidden=256, pitch_hidden=64)
    with pytest.raises(TrainError, match=r"at most half its teacher's parameters and 1/1.3 of .* these are 0\.97"):
        student_config(BIG, sizes={"decoder_hidden": 500})


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"decoder_hidden": 577}, "decoder_hidden is 577; accepted: 1 to 576, which is the teacher's"),
        ({"dim": 0}, "dim is 0; accepted: 1 to 256"),
        ({"mels": 80}, "unknown size 'mels'; accepted: dim, heads"),
        ({"dim": 12}, r"dim is 12; it must be a multiple of 8 \(2 x heads\)"),
        ({"pitch_kernel": 4}, "pitch_kernel is 4; it must be odd"),
    ],
)
def test_sizes_that_cannot_be_are_refused(sizes, message):
    with pytest.raises(RequestError, match=message):
        student_config(BIG, sizes=sizes)


def test_an_unknown_size_is_refused():
    with pytest.raises(RequestError, match="unknown size 'huge'; accepted: small, tiny"):
        student_config(BIG, "huge")


def test_a_teacher_that_is_tiny_has_no_student():
    least = SMALL.replace(dim=8, encoder_hidden=1, pitch_hidden=1, decoder_dim=1, decoder_hidden=1, decoder_layers=1)
    with pytest.raises(TrainError, match="too small already for a tiny student"):
        student_config(least, "tiny")


def test_under_a_bound_on_parameters_alone_the_largest_is_taken():
    whole = parameters_of(SMALL)
    assert whole == count_parameters(FastSpeech(SMALL))
    assert largest_within(SMALL, whole, "small", {}, "") == SMALL
    config = largest_within(SMALL, whole - 1, "small", {}, "")
    assert 0.8 * whole < parameters_of(config) < whole
    assert config == SMALL.replace(encoder_hidden=config.encoder_hidden, decoder_hidden=config.decoder_hidden)
    assert largest_within(SMALL, whole, "tiny", {"decoder_hidden": 64}, "") == SMALL.replace(decoder_hidden=64)


@pytest.mark.parametrize(
    ("most", "size", "sizes", "error", "message"),
    [
        (9**9, "huge", {}, RequestError, "unknown size 'huge'"),
        (9**9, "small", {"dim": 96}, RequestError, "dim is 96; accepted: 1 to 48, which is that of the voice which it begins as"),
        (-5, "small", {"dim": 48}, TrainError, r"have \d+, and 0 are allowed \(the teacher has few\); give smaller ones"),
        (9, "tiny", {}, TrainError, "too small already for a tiny student, it has few; publish it as it is"),
    ],
)  # fmt: skip
def test_what_is_above_a_bound_on_parameters_is_refused(most, size, sizes, error, message):
    with pytest.raises(error, match=message):
        largest_within(SMALL, most, size, sizes, "few")
