"""How the graphs of a bundle are used while they are proved: a voice says a sentence, a recogniser hears one.

There is no torch here: see `tingshuo.port.convert.rehearsals`, whose rows these are.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.f0 import track_f0
from tingshuo.audio.mel import log_mel
from tingshuo.audio.resample import resample
from tingshuo.config import FamilyConfig, MelConfig
from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.config.piper import PiperBundleConfig
from tingshuo.config.rvc import RvcBundleConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.port.convert.rehearsals import Tensors
from tingshuo.tasks.convert.loop import Draws, convert
from tingshuo.tasks.convert.retrieve import Retrieval, frames_of
from tingshuo.tasks.performance import MODELS, Model
from tingshuo.tasks.piper import loop as piper
from tingshuo.tasks.piper.model import Piper
from tingshuo.tasks.recognise.language import open_speller
from tingshuo.tasks.recognise.model import Recogniser
from tingshuo.tasks.recognise.stream import EncoderStream
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.vocoder import copy_synthesis
from tingshuo.tasks.voices import DEFAULT, load
from tingshuo.text.frontend import Frontend
from tingshuo.types import Runs, SpeechRequest, Wav

Graphs = Mapping[str, Runs]

ACOUSTIC = "weights/acoustic.safetensors"
SENTENCE = "今天真好。"
"""What a voice says."""
HEARD, COPIED = "你好。", "你好，今天天气真好。"
"""What a recogniser hears, and of what a vocoder is given the mel."""
COPIED_S = 1.5
"""Seconds of that at most."""
PHONEMES, WINDOW = 16, 32
"""Of a Piper voice: phonemes, and frames of a window."""
CHUNK = 4
"""Encoder frames of a chunk, where a recogniser takes any."""
FRAMES = 60
"""Of what an RVC voice sings: more than its flow and its decoder see around a frame."""
VOCODER = "vocoder"


def speak_once(config: FamilyConfig, tables: Mapping[str, NDArray[Any]]) -> Callable[[Graphs], None]:
    """Return what lets a voice say a sentence.

    Parameters
    ----------
    config : FamilyConfig
        Of the bundle.
    tables : mapping
        Tensors of its acoustic model.
    """
    return lambda graphs: say_sentence(config, {ACOUSTIC: tables}, graphs)


def say_sentence(config: FamilyConfig, tensors: Tensors, graphs: Graphs) -> None:
    """Let a voice of a family say a sentence of Mandarin."""
    sessions = cast(Mapping[str, Session], graphs)
    model: Model = MODELS.load(config.family.partition("+")[0])("rehearsal", config, sessions, tensors)
    sentence = next(Frontend(english=model.english).sentences(SENTENCE))
    for _ in model.prepare(SpeechRequest(text=SENTENCE)).perform(sentence, 0, Stopwatch()).samples():
        pass


def say_phonemes(config: PiperBundleConfig, tensors: Tensors, graphs: Graphs) -> None:
    """Let a Piper voice say the first rows of its phoneme table, whatever language it speaks."""
    model = Piper("rehearsal", config, cast(Mapping[str, Session], graphs), tensors)
    ids = np.arange(min(PHONEMES, int(cast(int, config.architecture["vits.symbols"]))), dtype=np.int64)
    speaker = None if model.speakers is None else np.asarray(model.speakers[0], np.float32)
    scales = piper.Scales(config.noise, config.length, config.duration_noise)
    planned = piper.plan(graphs, model.sizes, ids, scales, np.random.default_rng(0), speaker)
    for _ in piper.speak(graphs, model.sizes, planned, WINDOW):
        pass


def copy_speech(config: VocoderBundleConfig, tensors: Tensors, graphs: Graphs) -> None:
    """Make a second of speech, as the mel that a vocoder reads, sound again."""
    mel, f0 = speech_features(config.mel)
    copy_synthesis(cast(Session, graphs[VOCODER]), config, mel, f0)


def hear_sentence(config: ConformerBundleConfig, tensors: Tensors, graphs: Graphs) -> None:
    """Hear an utterance whole, and in chunks where the net was trained for them."""
    wav = _speech(HEARD, config.sample_rate)
    recogniser = Recogniser(config, graphs, open_speller(tensors[config.spelling.model]) if config.spelling else None)
    recogniser.hear(wav, 3)
    if "encoder_chunk" in graphs:
        graph = cast(Session, graphs["encoder_chunk"])
        chunk = int(cast(int, config.architecture["conformer.static_chunk"])) or CHUNK
        stream = EncoderStream(graph, config.subsampling, config.context_frames, chunk, 2)
        stream.feed(recogniser.features(wav))
        stream.finish()


def sing(config: RvcBundleConfig, tensors: Tensors, graphs: Graphs) -> None:
    """Sing a glide with a breath in it, of the speaker's own content where there is an index.

    Without one the content is made up, as there is no encoder to hear a recording with.
    """
    vectors = tensors.get("weights/index.safetensors", {}).get("vectors")
    speaker = tensors["weights/voice.safetensors"]["speakers.weight"][0]
    rng = np.random.default_rng(0)
    heard = 0.5 * rng.standard_normal((FRAMES // 2, config.content.dim), np.float32)
    if vectors is not None:
        index = Retrieval(vectors[: 16 * FRAMES])
        heard = index.blend(vectors[: FRAMES // 2] + 0.1 * heard[: len(vectors)])
    f0 = np.geomspace(120, 320, FRAMES).astype(np.float32)
    f0[FRAMES // 3 : FRAMES // 2] = 0
    latent = rng.standard_normal((1, config.latent, FRAMES), np.float32)
    source = rng.standard_normal((1, FRAMES, config.frames.hop_length), np.float32)
    draws = Draws(latent, source if config.pitched else None)
    convert(graphs, config, draws, frames_of(heard, FRAMES), speaker, f0 if config.pitched else None)


def speech_features(mel: MelConfig) -> tuple[NDArray[np.float32], Wav]:
    """Return a second of speech of the built-in voice as mel (n_mels, F) and F0 (F,) Hz, by a convention."""
    wav = _speech(COPIED, mel.sample_rate)[: round(COPIED_S * mel.sample_rate)]
    features = log_mel(wav, mel)
    f0 = np.zeros(features.shape[1], np.float32)
    tracked = track_f0(wav, mel.sample_rate, mel.hop_length)[: len(f0)]
    f0[: len(tracked)] = tracked
    return features, f0


@lru_cache(maxsize=4)
def _speech(text: str, sample_rate: int) -> Wav:
    """Return a sentence of the built-in voice, which is gone when it has spoken."""
    spoken = load(DEFAULT).synthesize(text)
    return resample(spoken.wav, spoken.sample_rate, sample_rate).astype(np.float32)
