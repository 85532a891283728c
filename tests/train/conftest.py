"""Eight sentences of the built-in voice as features with known durations, and tiny nets that learn from them."""

import pytest

SENTENCES = ("你好。", "今天天气很好。", "我们去公园。", "他喜欢喝茶。", "明天见。", "春眠不觉晓。", "请打开窗户。", "谢谢大家。")


def make_corpus(folder, sentences=SENTENCES):
    """Features and examples of sentences spoken by the built-in voice."""
    import numpy as np

    import tingshuo
    from tingshuo.data.features import Clip, FeatureConfig, Features, pitch_of
    from tingshuo.tasks.acoustic import SentenceAcoustics
    from tingshuo.tasks.stopwatch import Stopwatch
    from tingshuo.text.frontend import Frontend
    from tingshuo.train.examples import Example
    from tingshuo.types import SpeechRequest

    voice = tingshuo.load("default", precision="fp32")
    examples, wavs, contours = [], [], []
    start = f0_start = 0
    for number, text in enumerate(sentences):
        request = SpeechRequest(text=text)
        sentence = next(Frontend().sentences(text))
        acoustics = SentenceAcoustics(voice.graphs, voice.config, sentence.words, voice.timbre(), request, Stopwatch())
        frames = acoustics.frames
        wav = voice.speak(request)
        wav = np.concatenate([chunk.wav for chunk in wav])[: frames * 256]
        wavs.append(np.round(np.clip(wav, -1, 1) * 32767).astype(np.int16))
        f0 = acoustics.f0_hz(0, frames)
        contours.append(np.append(f0, 0).astype(np.float32))
        clip = Clip(
            id=f"c{number}", speaker="ab"[number % 2], style="ab"[number % 2], emotion=("neutral", "happy")[number % 2],
            split="dev" if number == len(sentences) - 1 else "train", start_samples=start, n_samples=frames * 256,
            f0_start=f0_start, frames=frames, bandwidth_hz=(12000.0, 8000.0)[number % 2], words=sentence.words,
        )  # fmt: skip
        start, f0_start = start + frames * 256, f0_start + frames + 1
        examples.append(Example(clip, acoustics.phones, acoustics.durations))
    clips = tuple(example.clip for example in examples)
    f0 = np.concatenate(contours)
    return Features(folder, FeatureConfig(), np.concatenate(wavs), f0, clips, (), pitch_of(clips, f0)), examples


def make_recipe(corpus, settings=(), *, emotions=0, energy=0, world=None, seed=0, **sizes):
    """An acoustic recipe with a tiny net."""
    import torch

    from tingshuo.models.fastspeech.config import FastSpeechConfig
    from tingshuo.models.fastspeech.net import FastSpeech
    from tingshuo.text.symbols import PHONES
    from tingshuo.train.acoustic import AcousticRecipe
    from tingshuo.train.config import read_config
    from tingshuo.train.examples import Tables

    features, examples = corpus
    config = read_config("tiny", settings=settings)
    small = {"dim": 32, "heads": 2, "encoder_layers": 1, "encoder_hidden": 32, "duration_layers": 1, "pitch_hidden": 16,
             "pitch_layers": 1, "decoder_dim": 32, "decoder_hidden": 64, "decoder_layers": 2}  # fmt: skip
    torch.manual_seed(seed)
    shape = FastSpeechConfig(phonemes=len(PHONES), styles=2, speakers=2, emotions=emotions, energy=energy, **small | sizes)
    tables = Tables({"a": 0, "b": 1}, {"a": 0, "b": 1}, {"neutral": 0, "happy": 1}, features.pitch)
    return AcousticRecipe(FastSpeech(shape), features, examples, tables, config, world), config


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("features-0"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory):
    """The built-in voice as if nobody knew it, in one style: a teacher, and the corpus of what it said."""
    from tests.train.imported_voice import TEXTS, read_own

    from tingshuo.data.features import FeatureConfig
    from tingshuo.store.bundle import open_bundle
    from tingshuo.tasks.voices import find_voice
    from tingshuo.train.imported_config import ImportedConfig
    from tingshuo.train.imported_corpus import make_corpus
    from tingshuo.train.imported_lessons import make_plan, record, recorded
    from tingshuo.train.imported_teacher import check_teacher

    teacher = check_teacher(open_bundle(find_voice("default")), ImportedConfig())
    folder = tmp_path_factory.mktemp("stranger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tingshuo.train.imported_lessons.read", read_own)
        record(teacher, make_plan(TEXTS, teacher, 0), folder, lambda *_: None)
    return teacher, make_corpus(recorded(folder), teacher, FeatureConfig(), folder, None)


@pytest.fixture(scope="session")
def small_base(tmp_path_factory):
    """A small voice of ours with random weights, as a bundle."""
    from tests.train.small_voice import write_voice

    return write_voice(tmp_path_factory.mktemp("voices") / "base")
