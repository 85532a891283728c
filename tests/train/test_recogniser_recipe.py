"""Batches of clips of about the same length, a share of each corpus; every parameter learns."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.train.chimes import SMALL  # noqa: E402

from tingshuo.config.fbank import Cmvn  # noqa: E402
from tingshuo.data.utterance import Utterance  # noqa: E402
from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.teaching import Pupil, syllables_of  # noqa: E402
from tingshuo.train.recogniser_config import read_recogniser_config  # noqa: E402
from tingshuo.train.recogniser_material import Clip, Material  # noqa: E402
from tingshuo.train.recogniser_recipe import RecogniserRecipe, ctc, shelf  # noqa: E402

pytestmark = pytest.mark.train
UNITS = ("ma1", "hao3", "an1")
LENGTHS = (60, 61, 70, 90, 130, 64, 66, 80)


def recipe(*settings, rank=0, size=1, held_out=2):
    config = read_recogniser_config("listener", None, [*SMALL, "loop.batch_frames=200", *settings])
    rng = np.random.default_rng(0)
    features = rng.standard_normal((sum(LENGTHS), 80)).astype(np.float16)
    firsts = np.cumsum((0, *LENGTHS))
    clips = [
        Clip(Utterance(id=str(n), audio="a", source="first 1" if n % 2 else "second"), int(firsts[n]), frames, (1, 2 + n % 2))
        for n, frames in enumerate(LENGTHS)
    ]
    cmvn = Cmvn((0.0,) * 80, (1.0,) * 80)
    material = Material(features, tuple(clips), tuple(clips[:held_out]), UNITS, cmvn, ())
    torch.manual_seed(0)
    units = syllables_of(UNITS)
    pupil = Pupil(ConformerConfig.check(config.net.fields() | {"units": 4}, "net"), units, 0.0)
    world = SimpleNamespace(
        rank=rank, size=size, device=torch.device("cpu"), sum=lambda values: size * values, sum_gradients=lambda parameters: None
    )
    return RecogniserRecipe(pupil, units, material, config, world)


def test_a_batch_holds_clips_of_about_the_same_length_and_no_more_than_it_may():
    made = recipe()
    batches = made.batches(0)
    assert sorted(clip.row.id for batch in batches for clip in batch.clips) == [str(n) for n in range(len(LENGTHS))]
    for batch in batches:
        assert len(batch.clips) == 1 or len(batch.clips) * batch.frames <= 200
        for clip, tempo in zip(batch.clips, batch.tempos, strict=True):
            assert batch.frames - 16 < np.ceil(clip.frames / tempo) <= batch.frames
            assert abs(np.log(tempo)) <= made.config.disguise.tempo
    assert made.batches(0) == batches
    assert made.batches(1) != batches
    assert set(made.describe(batches[0])) <= set("0123456789, ")


def test_processes_share_an_epoch_and_have_the_same_number_of_batches():
    parts = [recipe(rank=rank, size=2).batches(3) for rank in range(2)]
    assert len(parts[0]) == len(parts[1]) > 0
    assert not {id_of(batch) for batch in parts[0]} & {id_of(batch) for batch in parts[1]}


def id_of(batch):
    return tuple(clip.row.id for clip in batch.clips)


def test_a_share_of_a_corpus_is_heard_in_an_epoch():
    made = recipe("shares={first: 0.5, 'first 1': 0, sec: 1}")
    heard = {clip.row.source for batch in made.batches(0) for clip in batch.clips}
    assert heard == {"second"}, "the longest name that fits counts"


@pytest.mark.parametrize(("frames", "length"), [(5, 16), (110, 112), (200, 224), (300, 320), (601, 672), (1500, 1536)])
def test_lengths_of_batches_are_few(frames, length):
    assert shelf(frames) == length


@pytest.mark.parametrize("whole", [0, 1])
def test_every_parameter_learns(whole):
    made = recipe(f"whole={whole}")
    before = {name: value.clone() for name, value in made.pupil.named_parameters()}
    torch.manual_seed(1)
    for batch in made.batches(0):
        losses = made.step(batch, 0)
    assert {"loss", "syllables", "phones", "gradient_norm"} == losses.keys()
    assert all(np.isfinite(value) for value in losses.values())
    still = [name for name, value in made.pupil.named_parameters() if torch.equal(value, before[name])]
    assert not still


def test_what_is_held_out_is_judged():
    made = recipe()
    with torch.no_grad():
        made.pupil.net.ctc.bias[0] = 100  # it hears nothing but blank
    found = made.evaluate()
    assert found["error"] == 1
    assert found["loss"] > 10
    assert recipe(held_out=0).evaluate() == {}


def test_a_clip_too_short_for_its_text_has_no_loss():
    log_probs = torch.log_softmax(torch.zeros(2, 4, 3), -1)
    alone = ctc(log_probs[:1], torch.tensor([4]), [[1, 2]])
    both = ctc(log_probs, torch.tensor([4, 1]), [[1, 2], [1, 1]])
    assert torch.isclose(both, alone / 2)
