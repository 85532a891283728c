import pytest

torch = pytest.importorskip("torch")

from dataclasses import replace  # noqa: E402

import numpy as np  # noqa: E402
from tests.train.small_voice import make_nets  # noqa: E402

from tingshuo.errors import TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.text.arpabet import english_syllable  # noqa: E402
from tingshuo.text.symbols import ALL_PHONES, NEAREST, PHONES, encode  # noqa: E402
from tingshuo.train.acoustic import AcousticRecipe  # noqa: E402
from tingshuo.train.config import read_config  # noqa: E402
from tingshuo.train.publish import read_nets  # noqa: E402
from tingshuo.train.start import sizes_of, start_fresh, start_from  # noqa: E402
from tingshuo.types import Word  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def base():
    bundle = open_bundle(find_voice("default"))
    return bundle.config, read_nets(bundle)


def test_a_fresh_net_has_rows_for_whoever_speaks_and_begins_at_the_means(corpus):
    features, examples = corpus
    config = read_config("tiny", settings=["bundle.genders={a: female}", "acoustic.energy=true"])
    start = start_fresh(config, features, examples)
    assert {one.name: one.gender for one in start.speakers} == {"a": "female", "b": "unspecified"}
    assert start.emotions == ("neutral", "happy")
    assert (start.net.config.speakers, start.net.config.styles, start.net.config.emotions) == (2, 2, 2)
    recipe = AcousticRecipe(start.net, features, examples, start.tables(features), config)
    figures = recipe.evaluate()
    assert figures["mel"] < 1.6
    assert figures["duration"] < 1.0


def test_the_speaker_with_most_speech_is_the_default(corpus):
    features, examples = corpus
    fewer = [example for example in examples if example.clip.speaker == "b"] + examples[:1]
    assert start_fresh(read_config("tiny"), features, fewer).speakers[0].name == "b"


def test_one_emotion_needs_no_table(corpus):
    features, examples = corpus
    neutral = [example for example in examples if example.clip.emotion == "neutral"]
    assert start_fresh(read_config("tiny"), features, neutral).emotions == ()


def test_from_a_voice_new_speakers_begin_as_one_of_it(corpus, base):
    features, examples = corpus
    voice, nets = base
    config = read_config("few_shot")
    start = start_from(voice, nets, config, features, examples)
    assert [one.name for one in start.speakers] != [one.name for one in voice.speakers]
    assert torch.equal(start.net.speaker.weight[1], nets.acoustic.speaker.weight[0])
    assert [style.name for style in start.styles] == [style.name for style in voice.styles]
    assert set(start.bands) == {"c1", "c3", "c5"}  # narrow recordings that teach
    assert start.net.config.emotions == 0  # its row would never be learnt
    assert sizes_of(start.net.config, config.acoustic).decoder_hidden == nets.acoustic.config.decoder_hidden
    # It is as good as the voice from the start: these are recordings of that voice.
    recipe = AcousticRecipe(start.net, features, examples, start.tables(features), config)
    assert recipe.evaluate()["mel"] < 0.6


def test_from_a_voice_new_styles_are_added_when_they_may_be_learnt(corpus, base):
    features, examples = corpus
    voice, nets = base
    start = start_from(voice, nets, read_config("tiny"), features, examples)
    assert sorted(one.name for one in start.styles[len(voice.styles) :]) == ["a", "b"]
    assert torch.equal(start.net.style.weight[-1], nets.acoustic.style.weight[0])
    assert start.emotions == ("neutral", "happy")
    assert not start.net.emotion.weight.any()


def test_a_voice_of_other_mels_or_phones_is_refused(corpus, base):
    features, examples = corpus
    voice, nets = base
    other = replace(features, config=features.config.replace(mel=features.config.mel.replace(fmax=8000.0)))
    with pytest.raises(TrainError, match=r"mels of another kind; give its features.mel"):
        start_from(voice, nets, read_config("tiny"), other, examples)
    with pytest.raises(TrainError, match="another set of phones"):
        start_from(voice.replace(phonemes=("a",)), nets, read_config("tiny"), features, examples)


def in_english(corpus):
    features, examples = corpus
    hello = Word("hello", (english_syllable("he", ("HH", "AH0")), english_syllable("llo", ("L", "OW1"))))
    phones = encode([*examples[0].clip.words, hello])
    return features, [replace(examples[0], phones=phones, durations=np.full(len(phones.ids), 3)), *examples[1:]]


def test_a_corpus_with_english_has_the_larger_tables(corpus):
    features, examples = in_english(corpus)
    start = start_fresh(read_config("tiny"), features, examples)
    assert start.phonemes == ALL_PHONES
    assert (start.net.config.phonemes, start.net.config.tones) == (104, 9)
    assert start_fresh(read_config("tiny"), *corpus).phonemes == PHONES


def test_a_mandarin_voice_that_learns_english_begins_with_the_nearest_phones(corpus):
    voice, nets = make_nets()
    start = start_from(voice, nets, read_config("tiny"), *in_english(corpus))
    old, new = nets.acoustic.phoneme.weight, start.net.phoneme.weight
    assert start.phonemes == ALL_PHONES
    assert torch.equal(new[:65], old)
    for phone in ("en:HH", "en:ZH"):
        assert torch.equal(new[ALL_PHONES.index(phone)], old[PHONES.index(NEAREST[phone])])
    assert torch.equal(start.net.tone.weight, nets.acoustic.tone.weight[[0, 1, 2, 3, 4, 5, 5, 1, 4]])


def test_a_voice_with_english_keeps_it_in_a_mandarin_corpus(corpus):
    voice, nets = make_nets(english=True)
    start = start_from(voice, nets, read_config("tiny"), *corpus)
    assert start.phonemes == ALL_PHONES
    assert torch.equal(start.net.phoneme.weight, nets.acoustic.phoneme.weight)
