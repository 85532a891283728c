import numpy as np
import pytest

from tingshuo.audio.write import write
from tingshuo.data.features import FeatureConfig, prepare
from tingshuo.data.utterance import Utterance
from tingshuo.errors import ConfigError, TrainError
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.acoustic import SentenceAcoustics
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.vocoder import vocode
from tingshuo.tasks.voices import find_voice
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import encode
from tingshuo.train import flat_start
from tingshuo.train.align import align, align_with
from tingshuo.train.aligner import Aligner, bundled_aligner, load_aligner, save_aligner
from tingshuo.types import SpeechRequest

HOP_MS = 256 / 24
TEXTS = (
    "今天上午我们去公园散步，天气特别好。",
    "他把书放在桌子上，然后出门去了。",
    "火车站离这里不远，走路十分钟就到。",
    "我喜欢喝茶，也喜欢看电影。",
    "明天下午有一场大雨，请带好雨伞。",
    "小猫在窗台上睡觉，小狗在院子里跑。",
    "老师说这道题很难，大家要多想一想。",
    "春天来了，花都开了，鸟儿也飞回来了。",
)


@pytest.fixture(scope="module")
def corpus(voice, tmp_path_factory):
    """Sentences by the built-in voice in two styles, and the true durations of their phones."""
    folder = tmp_path_factory.mktemp("corpus")
    rows, truth = [], {}
    for k, text in enumerate(TEXTS * 2):
        words = next(Frontend(first_budget=0).sentences(text)).words
        timbre = voice.timbre(voice.styles[k // len(TEXTS)])
        acoustics = SentenceAcoustics(voice.graphs, voice.config, words, timbre, SpeechRequest(text=text), Stopwatch())
        wav = np.concatenate(list(vocode(voice.graphs["vocoder"], voice.config, acoustics, start_samples=0, seed=k, first=True)))
        write(folder / f"{k}.wav", wav, 24000)
        rows.append(Utterance(id=f"c{k}", audio=str(folder / f"{k}.wav"), text=text))
        truth[f"c{k}"] = (words, acoustics.durations)
    return folder, rows, truth


@pytest.fixture(scope="module")
def features(corpus):
    folder, rows, _ = corpus
    return prepare(rows, FeatureConfig(), folder / "cache")


@pytest.fixture(scope="module")
def alignment(features):
    return align(features)


def starts_ms(words, durations):
    """Start of each spoken phone."""
    starts = (np.cumsum(durations) - durations) * HOP_MS
    return starts[encode(words).word_index >= 0]


def test_borders_are_found(corpus, alignment):
    _, _, truth = corpus
    errors = [starts_ms(clip.words, clip.durations) - starts_ms(*truth[clip.id]) for clip in alignment.clips]
    error = np.abs(np.concatenate(errors))
    assert len(error) > 300
    assert np.median(error) < 25
    assert error.mean() < 60
    assert (error < 50).mean() > 0.7


def test_commas_are_heard_as_pauses(alignment):
    clip = alignment.by_id["c0"]
    pauses = [w for w, word in enumerate(clip.words) if not word.syllables]
    assert "，" in [clip.words[w].text for w in pauses]
    assert all(clip.words[w].pause_ms >= 100 for w in pauses)


def test_durations_fill_the_clip(features, alignment):
    assert [clip.id for clip in alignment.clips] == [clip.id for clip in features.clips]
    for clip, aligned in zip(features.clips, alignment.clips, strict=True):
        assert aligned.durations.sum() == clip.frames
        assert aligned.durations.min() >= 1
        assert len(aligned.durations) == len(encode(aligned.words).ids)


def test_well_matched_clips_raise_hardly_a_doubt(alignment):
    assert len(alignment.doubtful) <= 1
    assert all(5 < clip.phones_per_s < 20 for clip in alignment.clips)


def test_the_second_time_it_is_read(features, alignment, monkeypatch):
    monkeypatch.setattr(flat_start, "teach", lambda *_: pytest.fail("taught again"))
    again = align(features)
    for one, other in zip(alignment.clips, again.clips, strict=True):
        assert one.words == other.words
        assert one.score == other.score
        np.testing.assert_array_equal(one.durations, other.durations)


def test_a_torn_result_is_made_again_and_equal(features, alignment):
    path = next(features.folder.glob("alignment-*.json"))
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    align(features)
    assert path.read_bytes() == whole


def test_another_config_has_its_own_result(features, alignment):
    short = align(features, HmmConfig(iterations=2, splits=()))
    assert len(list(features.folder.glob("alignment-*.json"))) == 2
    assert any(
        (a.durations != b.durations).any()
        for a, b in zip(short.clips, alignment.clips, strict=True)
        if len(a.durations) == len(b.durations)
    )


def test_a_saved_aligner_aligns_new_clips(corpus, features, alignment, tmp_path):
    _, rows, _ = corpus
    aligner = load_aligner(next(features.folder.glob("aligner-*")))
    save_aligner(aligner, tmp_path / "model")
    few = prepare([row.replace(id=f"new {row.id}") for row in rows[:3]], FeatureConfig(), tmp_path / "cache")
    found = align_with(load_aligner(tmp_path / "model"), few)
    for clip in found.clips:
        mine = alignment.by_id[clip.id.removeprefix("new ")]
        error = np.abs(starts_ms(clip.words, clip.durations) - starts_ms(mine.words, mine.durations))
        assert np.median(error) <= 2 * HOP_MS


def test_a_wrong_text_is_doubted(corpus, features, alignment, tmp_path):
    _, rows, _ = corpus
    aligner = load_aligner(next(features.folder.glob("aligner-*")))
    swapped = [rows[0].replace(text=TEXTS[3]), *rows[1:]]
    found = align_with(aligner, prepare(swapped, FeatureConfig(), tmp_path / "cache"))
    assert found.doubtful[0].id == "c0"
    assert len(found.doubtful) <= 2
    assert min(found.clips, key=lambda clip: clip.score).id == "c0"


def test_what_cannot_be_aligned_is_listed(corpus, features, alignment, tmp_path):
    _, rows, _ = corpus
    aligner = load_aligner(next(features.folder.glob("aligner-*")))
    bad = [rows[0].replace(text=TEXTS[0] * 9), rows[1].replace(text=None), rows[2].replace(text="。。。"), rows[3]]
    found = align_with(aligner, prepare(bad, FeatureConfig(), tmp_path / "cache"))
    assert [clip.id for clip in found.clips] == ["c3"]
    reasons = {skip.id: skip.reason for skip in found.unaligned}
    assert "too short" in reasons["c0"]
    assert "neither text nor pinyin" in reasons["c1"]
    assert "nothing to speak" in reasons["c2"]


def test_nothing_to_align_is_an_error(corpus, tmp_path):
    _, rows, _ = corpus
    features = prepare([rows[0].replace(text=None)], FeatureConfig(), tmp_path / "cache")
    with pytest.raises(TrainError, match=r"no clip has words.*'c0'"):
        align(features)


def test_another_sample_rate_is_refused(features):
    config = HmmConfig()
    wrong = config.replace(mfcc=config.mfcc.replace(mel=config.mfcc.mel.replace(sample_rate=16000)))
    with pytest.raises(ConfigError, match=r"16000 Hz.*24000 Hz"):
        align(features, wrong)


@pytest.fixture(scope="module")
def known(features, alignment):
    """An aligner that was taught on all of the corpus."""
    return load_aligner(next(features.folder.glob("aligner-*")))


@pytest.fixture(scope="module")
def few(corpus, tmp_path_factory):
    """Two sentences."""
    _, rows, _ = corpus
    return prepare([row.replace(id=f"few {row.id}") for row in rows[:2]], FeatureConfig(), tmp_path_factory.mktemp("few"))


def test_the_built_in_aligner_finds_the_borders_of_few_clips_that_a_flat_start_does_not(corpus, few):
    _, _, truth = corpus

    def error(found):
        each = [starts_ms(clip.words, clip.durations) - starts_ms(*truth[clip.id.removeprefix("few ")]) for clip in found.clips]
        return np.abs(np.concatenate(each)).mean()

    brought = bundled_aligner(open_bundle(find_voice("default")))
    alone, helped = align(few), align(few, known=brought)
    assert error(helped) < 15
    assert error(alone) > 2 * error(helped)
    assert helped.aligner is brought
    assert helped.notes == ()


def test_little_speech_without_an_aligner_is_said(few):
    found = align(few)
    assert found.aligner is None
    assert len(found.notes) == 1
    assert "s of speech teach an aligner little" in found.notes[0]


def test_much_speech_is_aligned_from_a_flat_start_also_when_an_aligner_is_known(few, known, monkeypatch):
    monkeypatch.setattr(flat_start, "adapt", lambda *_: pytest.fail("adapted"))
    config = HmmConfig(flat_from_s=1.0, iterations=2, splits=())
    assert align(few, config, known=known).clips


def test_an_aligner_of_other_states_is_not_taken_for_what_was_asked(few, known):
    found = align(few, HmmConfig(states=2, iterations=2, splits=()), known=known)
    assert "align.mfcc and align.states" in found.notes[0]
    assert found.clips


def test_each_known_aligner_has_its_own_result(few, known):
    before = set(few.folder.glob("alignment-*.json"))
    other = Aligner(known.config, known.mixtures.copy(), known.phones)
    other.mixtures.mean += np.float32(0.1)
    align(few, HmmConfig(adapt_iterations=1), known=known)
    align(few, HmmConfig(adapt_iterations=1), known=other)
    assert len(set(few.folder.glob("alignment-*.json")) - before) == 2


def test_english_in_a_corpus_begins_as_the_mandarin_that_sounds_like_it(corpus, known, tmp_path):
    _, rows, _ = corpus
    english = [rows[0].replace(text="I like tea.", lang="en", pinyin=None), rows[1]]
    features = prepare(english, FeatureConfig(english=True), tmp_path)
    found = align(features, known=known)
    assert [clip.id for clip in found.clips] == ["c0", "c1"]
    assert "has not heard en:" in found.notes[0]
