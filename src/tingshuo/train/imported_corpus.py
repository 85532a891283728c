"""What an imported voice has said as a corpus of ours: samples at our rate, F0, words, and when each phone is spoken.

The voice's own durations tell that where it has them, symbol by symbol; else the aligner listens that the built-in voice brings,
and what it doubts is left out. Nothing above half of the voice's sample rate is taken for its own.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.f0 import track_f0
from tingshuo.audio.resample import resample
from tingshuo.data.features import FULL_SCALE, Clip, FeatureConfig, Features, pitch_of
from tingshuo.errors import TrainError
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.tasks.acoustic import LEAD_S, TAIL_S
from tingshuo.text.symbols import encode
from tingshuo.train.align import align
from tingshuo.train.aligner import Aligner
from tingshuo.train.examples import Example
from tingshuo.train.imported_lessons import Said
from tingshuo.train.imported_teacher import Teacher
from tingshuo.train.imported_timing import lay_out
from tingshuo.train.lessons import LONGEST_FRAMES
from tingshuo.types import Wav, Word

Array = NDArray[Any]
ADAPTED = HmmConfig(flat_from_s=1e9)
"""However much was said, the aligner that is known is fitted to it. Taught from nothing on 18 minutes of one synthetic voice,
words were 3.5 % too long and phones 18 ms off; fitted, 1.0 % and 14 ms."""
Count = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was said.

    ``words`` are those of each clip with the pauses that were heard, by the clip's id. ``hidden`` (P, D) are rows of the voice's
    encoder for the phones of a clip, of voices that tell them; zeros where a phone has none. ``left_out`` says why a sentence is
    not among the examples, by its id.
    """

    features: Features
    examples: tuple[Example, ...]
    words: Mapping[str, tuple[Word, ...]]
    hidden: Mapping[str, NDArray[np.float32]]
    left_out: Mapping[str, str]


def make_corpus(
    sentences: Iterable[Said], teacher: Teacher, config: FeatureConfig, folder: Path, aligner: Aligner | None,
    progress: Count | None = None, total: int = 0,
) -> Corpus:  # fmt: skip
    """Make a corpus of what a voice has said.

    Parameters
    ----------
    sentences : iterable of Said
        As `tingshuo.train.imported_lessons.recorded` yields them.
    teacher : Teacher
        Who said them.
    config : FeatureConfig
        Of the features.
    folder : Path
        Where what an aligner finds may be kept, in a folder named by a hash.
    aligner : Aligner or None
        Of the built-in voice; read where the voice does not tell its durations.
    progress : callable or None
        Told how many of ``total`` texts are done.

    Raises
    ------
    TrainError
        Nothing of it can be learnt from.
    """
    listener = _Listener(teacher, config)
    for said in sentences:
        listener.hear(said)
        if progress is not None:
            progress(said.number + 1, total)
    features = listener.features(folder)
    if listener.laid:
        return listener.corpus(features)
    found = align(features, ADAPTED, known=aligner)
    sound = [clip for clip in found.clips if not clip.doubt] or list(found.clips)
    left_out = listener.left_out | {one.id: one.reason for one in found.unaligned}
    left_out |= {clip.id: clip.doubt for clip in found.clips if clip.doubt and clip not in sound}
    clips = {clip.id: clip for clip in features.clips}
    examples = [Example(clips[one.id], encode(one.words), one.durations) for one in sound]
    return Corpus(features, _not_empty(examples, left_out), {one.id: one.words for one in sound}, {}, left_out)


class _Listener:
    """Gathers sentences, one after the other."""

    def __init__(self, teacher: Teacher, config: FeatureConfig) -> None:
        self.teacher, self.config = teacher, config
        self.clips: list[Clip] = []
        self.wavs: list[NDArray[np.int16]] = []
        self.contours: list[NDArray[np.float32]] = []
        self.laid: dict[str, tuple[tuple[Word, ...], NDArray[np.int64]]] = {}
        self.hidden: dict[str, NDArray[np.float32]] = {}
        self.left_out: dict[str, str] = {}
        self._samples = self._frames = 0

    def hear(self, said: Said) -> None:
        """Take a sentence in, or leave it out with a reason."""
        mel, lead = self.config.mel, round(LEAD_S * self.config.mel.sample_rate)
        wav = resample(said.wav, self.teacher.bundle.settings.sample_rate, mel.sample_rate)
        wav = np.concatenate([np.zeros(lead, np.float32), wav, np.zeros(round(TAIL_S * mel.sample_rate), np.float32)])
        frames = len(wav) // mel.hop_length
        wav = wav[: frames * mel.hop_length]
        f0 = track_f0(wav, mel.sample_rate, mel.hop_length, self.config.f0_min_hz, self.config.f0_max_hz)
        if frames > LONGEST_FRAMES:
            self.left_out[said.id] = f"{frames} frames are too long"
        elif not (f0 > 0).any():
            self.left_out[said.id] = "no voice is in it"
        elif said.read is None:
            self._keep(said, wav, f0)
        else:
            laid = lay_out(said.words, said.read, lead / mel.sample_rate, frames, mel.hop_length / mel.sample_rate)
            if laid is None:
                self.left_out[said.id] = "the voice has left a syllable out, or hurries over more phones than frames"
                return
            self._keep(said, wav, f0)
            self.laid[said.id] = laid.words, laid.durations
            self.hidden[said.id] = laid.hidden

    def _keep(self, said: Said, wav: Wav, f0: NDArray[np.float32]) -> None:
        teacher, task = self.teacher, said.task
        style, emotion = teacher.manner(task.style, task.emotion)
        hop = self.config.mel.hop_length
        clip = Clip(
            id=said.id,
            speaker=task.speaker or teacher.speakers[0].name,
            style=style,
            emotion=emotion,
            split="train",
            start_samples=self._samples,
            n_samples=len(wav),
            f0_start=self._frames,
            frames=len(wav) // hop,
            bandwidth_hz=min(teacher.bundle.settings.sample_rate, self.config.mel.sample_rate) / 2,
            words=_without_outer_pauses(said.words),
        )
        self.clips.append(clip)
        self.wavs.append(np.round(np.clip(wav, -1, 1) * FULL_SCALE).astype(np.int16))
        self.contours.append(f0)
        self._samples, self._frames = self._samples + len(wav), self._frames + len(f0)

    def features(self, folder: Path) -> Features:
        """Return all of it as features, whose folder is there."""
        _not_empty(self.clips, self.left_out)
        wav, f0 = np.concatenate(self.wavs), np.concatenate(self.contours)
        own = folder / f"features-{hashlib.sha256(wav.tobytes()).hexdigest()[:16]}"
        own.mkdir(parents=True, exist_ok=True)
        return Features(own, self.config, wav, f0, tuple(self.clips), (), pitch_of(self.clips, f0))

    def corpus(self, features: Features) -> Corpus:
        """Return it with the durations that the voice told."""
        examples = [Example(clip, encode(self.laid[clip.id][0]), self.laid[clip.id][1]) for clip in features.clips]
        words = {name: words for name, (words, _) in self.laid.items()}
        return Corpus(features, tuple(examples), words, self.hidden, self.left_out)


def _without_outer_pauses(words: Sequence[Word]) -> tuple[Word, ...]:
    spoken = [w for w, word in enumerate(words) if word.syllables]
    return tuple(words[spoken[0] : spoken[-1] + 1])


def _not_empty(found: Sequence[T], left_out: Mapping[str, str]) -> tuple[T, ...]:
    if not found:
        why = f"; of the first sentence: {next(iter(left_out.values()))}" if left_out else ""
        raise TrainError(f"nothing that the teacher said can be learnt from{why}; give other texts with --data")
    return tuple(found)
