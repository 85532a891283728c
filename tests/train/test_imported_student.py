"""What a student of an imported voice begins as, and what it shall answer."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.train.small_voice import make_nets  # noqa: E402

from tingshuo.audio.mel import QUIET  # noqa: E402
from tingshuo.config import PersonConfig, StyleConfig  # noqa: E402
from tingshuo.data.features import pitch_of  # noqa: E402
from tingshuo.errors import RequestError, TrainError  # noqa: E402
from tingshuo.train import distill_sizes  # noqa: E402
from tingshuo.train.distill import DistillRecipe, answer, distill_losses, make_batch  # noqa: E402
from tingshuo.train.distill_sizes import parameters_of  # noqa: E402
from tingshuo.train.imported_config import ImportedConfig  # noqa: E402
from tingshuo.train.imported_student import SURE, at_their_tempo, choose_sizes, prepare_student  # noqa: E402
from tingshuo.train.imported_teacher import Parameters  # noqa: E402

pytestmark = pytest.mark.train
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def base():
    return make_nets(english=True)


def prepared(base, teacher, corpus, **sizes):
    config, nets = base
    return prepare_student(config, nets, nets.acoustic.config.replace(**sizes), teacher, corpus, 0)


@pytest.fixture(scope="module")
def ready(base, stranger):
    return prepared(base, *stranger)


def test_a_student_has_at_most_half_in_all_and_without_vocoders(base, monkeypatch):
    monkeypatch.setattr(distill_sizes, "HIDDEN", (0.6, 0.4, 0.2))
    own = base[1].acoustic.config
    whole = parameters_of(own)
    assert choose_sizes(own, 100, Parameters(3 * whole, whole), "small", {}) == own, "nothing has to be given up"
    for teacher, most in (
        (Parameters(3 * whole, 2 * whole), whole / 2),  # by what is not its vocoder
        (Parameters(int(1.6 * whole), None), 0.8 * whole - 100),  # in all
    ):
        size = choose_sizes(own, 100, teacher, "small", {})
        assert 0.4 * most < parameters_of(size) <= most
        tiny = choose_sizes(own, 100, teacher, "tiny", {})
        assert parameters_of(tiny) + 100 <= 0.25 * teacher.whole
    assert choose_sizes(own, 0, Parameters(2 * whole, 0), "tiny", {"dim": own.dim}) == own, "exact sizes need no more than half"


@pytest.mark.parametrize(
    ("size", "sizes", "error", "message"),
    [
        ("huge", {}, RequestError, "unknown size 'huge'; accepted: small, tiny"),
        ("small", {"dim": 4096}, RequestError, "dim is 4096; accepted: 1 to 32"),
        ("small", {"encoder_hidden": 127}, TrainError, r"at most half its teacher's parameters: these sizes have \d+, and 0 are"),
        ("small", {}, TrainError, "too small already for a small student, it has 5000 in all"),
    ],
)
def test_sizes_that_cannot_be_are_refused(base, size, sizes, error, message, monkeypatch):
    monkeypatch.setattr(distill_sizes, "WIDTHS", (1.0,))
    with pytest.raises(error, match=message):
        choose_sizes(base[1].acoustic.config, 3000, Parameters(5000, None), size, sizes)


def test_lessons_are_what_was_heard(ready, stranger):
    _, corpus = stranger
    lessons = ready.lessons
    assert len(lessons) == len(corpus.examples)
    example = corpus.examples[2]
    phones, frames = lessons.phones_of(2), lessons.frames_of(2)
    np.testing.assert_array_equal(lessons.durations[phones], example.durations)
    np.testing.assert_array_equal(lessons.ids[phones], example.phones.ids)
    np.testing.assert_allclose(np.exp(lessons.log_duration[phones].astype(float)), example.durations, rtol=2e-3)
    np.testing.assert_allclose(lessons.hidden[phones], corpus.hidden[example.clip.id], atol=2e-3, rtol=1e-3)
    f0 = corpus.features.f0_of(example.clip)[: example.clip.frames]
    pitch = corpus.features.pitch["tan"]
    heard = lessons.pitch[frames].astype(float)
    voiced = f0 > 0
    np.testing.assert_allclose(np.exp(heard[voiced, 0] * pitch.std + pitch.mean), f0[voiced], rtol=1e-2)
    assert set(heard[:, 1]) == {SURE, -SURE}
    np.testing.assert_array_equal(heard[:, 1] > 0, ~voiced)
    spoken = heard[voiced, 0]
    assert spoken.min() <= heard[:, 0].min() <= heard[:, 0].max() <= spoken.max(), "where nobody speaks, the melody goes on"
    assert heard[0, 0] == spoken[0]
    assert not lessons.f0[frames][~voiced].any()
    assert lessons.pitch.shape[1] == 3, "this base has energy"
    assert lessons.mel.min() >= QUIET


def test_it_begins_as_the_base_with_the_teachers_rows(ready, base, stranger):
    _, nets = base
    assert [one.name for one in ready.voice.speakers] == ["tan"]
    assert ready.voice.speakers[0].log_f0_mean == stranger[1].features.pitch["tan"].mean
    assert [one.name for one in ready.voice.styles] == ["x", "y", "natural"]
    mine, theirs = ready.net.state_dict(), nets.acoustic.state_dict()
    assert torch.equal(mine["encoder.0.conv_in.weight"], theirs["encoder.0.conv_in.weight"])
    assert not torch.equal(mine["mel.weight"], theirs["mel.weight"]), "the output is fitted to what was heard"
    assert set(ready.lessons.styles.tolist()) == {2}
    with torch.no_grad():
        batch = make_batch(ready.lessons, [0, 1], CPU)
        fitted, before = (
            distill_losses(answer(net.eval(), batch), batch, torch.nn.Linear(32, 256))["mel"]
            for net in (ready.net, _with_rows(nets.acoustic, ready.net))
        )
    assert fitted < 0.7 * before


def _with_rows(old, new):
    """The base's net with the tables of the student."""
    import copy

    net = copy.deepcopy(new)
    net.load_state_dict(net.state_dict() | {key: value for key, value in old.state_dict().items() if key.startswith("mel.")})
    return net


def test_a_narrow_one_begins_near_the_whole(ready, base, stranger):
    narrow = prepared(base, *stranger, encoder_hidden=64, decoder_hidden=96)
    assert narrow.net.config.encoder_hidden == 64
    assert narrow.voice.architecture["fastspeech.decoder_hidden"] == 96
    np.testing.assert_array_equal(narrow.lessons.mel, ready.lessons.mel)
    batch = make_batch(ready.lessons, range(4), CPU)
    with torch.no_grad():
        whole, thin = (answer(one.net, batch).mel for one in (ready, narrow))
    assert (whole - thin).abs().mean() < 0.2


def test_features_of_another_make_are_compared_through_a_projection_that_begins_near(ready, stranger):
    """Even where both have as many features, each has its own; and a phone of which nothing is known does not count."""
    wide = dataclasses.replace(ready.lessons, hidden=np.ascontiguousarray(ready.lessons.hidden[:, :32]))
    config = ImportedConfig()
    imported, own = (DistillRecipe(ready.net, wide, config, imported=which) for which in (True, False))
    assert isinstance(own.projection, torch.nn.Identity)
    begun, identity = (recipe.evaluate()["hidden"] for recipe in (imported, own))
    assert begun < 0.9 < identity
    gaps = wide.hidden.copy()
    gaps[::2] = 0
    batch = make_batch(dataclasses.replace(wide, hidden=gaps), [0], CPU)
    assert (batch.hidden == 0).all(-1).any()
    with torch.no_grad():
        answers = answer(ready.net, batch)
        some = distill_losses(answers, batch, imported.projection)["hidden"]
        noisy = answers._replace(hidden=answers.hidden + 9 * (batch.hidden == 0).all(-1)[..., None])
        assert distill_losses(noisy, batch, imported.projection)["hidden"] == pytest.approx(some.item())
    none = DistillRecipe(ready.net, dataclasses.replace(wide, hidden=wide.hidden[:, :0]), config, imported=True)
    assert none.evaluate()["hidden"] == 0


def test_above_its_band_a_teacher_of_a_lower_rate_says_what_the_base_says(base, stranger):
    teacher, corpus = stranger
    clips = tuple(dataclasses.replace(clip, bandwidth_hz=8000.0) for clip in corpus.features.clips)
    narrow = dataclasses.replace(
        corpus,
        features=dataclasses.replace(corpus.features, clips=clips),
        examples=tuple(dataclasses.replace(one, clip=clip) for one, clip in zip(corpus.examples, clips, strict=True)),
    )
    made = prepared(base, teacher, narrow).lessons
    whole = prepared(base, *stranger).lessons
    low, high = slice(0, 70), slice(90, 100)
    np.testing.assert_allclose(made.mel[:, low], whole.mel[:, low], atol=1e-2)
    assert np.abs(made.mel[:, high].astype(float) - whole.mel[:, high]).mean() > 0.1


def test_speakers_and_manners_become_rows(base, stranger):
    teacher, corpus = stranger
    people = (PersonConfig("anna", "female"), PersonConfig("bert", "male"))
    chosen = dataclasses.replace(
        teacher, speakers=people, styles=(StyleConfig("natural", ""), StyleConfig("loud", "")), emotions=("sad", "lyrical")
    )
    manners = [("natural", "neutral"), ("loud", "sad"), ("lyrical", "neutral")]
    clips = tuple(
        dataclasses.replace(clip, speaker=people[n % 2].name, style=manners[n % 3][0], emotion=manners[n % 3][1])
        for n, clip in enumerate(corpus.features.clips)
    )
    features = dataclasses.replace(corpus.features, clips=clips, pitch=pitch_of(clips, corpus.features.f0))
    examples = tuple(dataclasses.replace(one, clip=clip) for one, clip in zip(corpus.examples, clips, strict=True))
    told = dataclasses.replace(corpus, features=features, examples=examples)
    made = prepared(base, chosen, told)
    assert {(one.name, one.gender) for one in made.voice.speakers} == {("anna", "female"), ("bert", "male")}
    assert {one.name for one in made.voice.styles} == {"x", "y", "natural", "loud", "lyrical"}
    assert made.voice.emotions == ("neutral", "sad")
    names = [one.name for one in made.voice.styles]
    found = {(names[s], e) for s, e in zip(made.lessons.styles.tolist(), made.lessons.emotions.tolist(), strict=True)}
    assert found == {("natural", 0), ("loud", 1), ("lyrical", 0)}
    with pytest.raises(TrainError, match="nothing that could be learnt from was heard of carl, loud, angry of default"):
        prepared(
            base,
            dataclasses.replace(
                chosen, speakers=(PersonConfig("carl", ""),), styles=(StyleConfig("loud", ""),), emotions=("angry",)
            ),
            corpus,
        )


def test_only_the_built_in_kind_of_voice_is_begun_as(base, stranger):
    config, nets = base
    with pytest.raises(TrainError, match="begins as the built-in one"):
        prepare_student(config.replace(emotions=("neutral", "sad")), nets, nets.acoustic.config, *stranger, 0)


def test_styles_last_as_long_as_the_teacher_took(ready):
    timed = at_their_tempo(ready.net, ready.lessons, ready.voice.styles)
    assert [style.tempo for style in timed[:2]] == [1.0, 1.0], "nobody spoke these"
    said = heard = 0.0
    with torch.no_grad():
        for sentence in range(len(ready.lessons)):
            batch = make_batch(ready.lessons, [sentence], CPU)
            said += float((answer(ready.net, batch).log_duration.exp() * (batch.positions > 0)).sum())
            where = ready.lessons.phones_of(sentence)
            heard += float(ready.lessons.durations[where][ready.lessons.positions[where] > 0].sum())
    assert timed[2].tempo == pytest.approx(np.clip(said / heard, 0.75, 1.35), abs=2e-3)
