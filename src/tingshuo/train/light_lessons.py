"""What a light vocoder learns from: frames as a voice's vocoder is given them, and the samples that it makes of them.

The voice speaks texts as it does for anybody, with a session around its vocoder that remembers. A file a text, written when the
text has been spoken, so that an interrupted recording goes on::

    lessons/plan.json          what is said, by whom, with which emotion
            00000.safetensors  columns.<n> (M, F) float16 and wav.<n> (T,) int16 of each sentence

A student that overlaps transforms learns on frames that are centred at multiples of the hop, with the samples between the centres
of the first and the last. Frames of an imported voice stand for the samples from ``k * hop_length`` on, so their centres lie half
a hop later: its samples are kept from half a hop on. When the voice speaks, `tingshuo.tasks.vocoder.Transform` lays them back.
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from tingshuo.config import StrictModel, VoiceConfig
from tingshuo.data.features import FULL_SCALE, Clip, FeatureConfig, Features
from tingshuo.engine.onnx import Session
from tingshuo.errors import TextError, TrainError
from tingshuo.models.vocos.config import VocosConfig
from tingshuo.store.atomic import replace_file
from tingshuo.store.bundle import Bundle
from tingshuo.store.tensors import read_tensors
from tingshuo.tasks import vocoder
from tingshuo.tasks.performance import Model
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.train.light_config import student_mel
from tingshuo.train.light_teacher import GRAPH, TABLES, Settings, columns_of, drive, frames_of
from tingshuo.train.segments import Rows, Segments
from tingshuo.types import EMOTIONS, GraphSpec, Sentence, SpeechRequest, Wav

Array = NDArray[Any]
FOLDER, PLAN = "lessons", "plan.json"
HELD_OUT_EVERY = 20
"""One text in so many judges and does not teach; the first one does."""
FELT_SHARE = 0.5
"""Of the texts of a voice with emotions that are spoken with one of them."""


class Task(StrictModel, frozen=True):
    """A text, and how the voice says it; None is its default."""

    text: str
    emotion: str = "neutral"
    speaker: str | None = None
    style: str | None = None
    seed: int = 0


class Plan(StrictModel, frozen=True):
    """plan.json."""

    tasks: tuple[Task, ...]


class Recorder:
    """The vocoder of a voice that remembers the frames which it is given.

    Parameters
    ----------
    session : Session
        The vocoder graph.
    columns : int
        Numbers of a frame that are asked for; those that the graph does not read are only remembered.
    """

    def __init__(self, session: Session, columns: int) -> None:
        dtype, (batch, bands, frames) = session.spec.inputs["mel"]
        assert isinstance(bands, int)
        self.session, self._bands = session, bands
        self.spec = GraphSpec({**session.spec.inputs, "mel": (dtype, (batch, columns, frames))}, session.spec.outputs)
        self.windows: list[Array] = []
        self.f0: list[Array] = []

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the graph."""
        self.windows.append(np.array(inputs["mel"][0]))
        if "f0" in inputs:
            self.f0.append(np.array(inputs["f0"]))
        return self.session.run({**inputs, "mel": np.ascontiguousarray(inputs["mel"][:, : self._bands])})


def stitch(windows: Sequence[Array], before: int, step: int) -> Array:
    """Return the frames (M, F) of a sentence from the windows that a vocoder was given.

    Parameters
    ----------
    windows : sequence of ndarray
        (M, W) each: ``step`` frames, the last one fewer, with context around.
    before, step : int
        Frames of context before them, where there are as many, and frames of a piece.
    """
    return np.concatenate([one[:, (skip := min(n * step, before)) : skip + step] for n, one in enumerate(windows)], axis=1)


@dataclass(frozen=True, slots=True)
class Lessons:
    """What was recorded: ``features`` has the clips and samples, ``columns`` (M, F) the frames, from a clip's ``f0_start`` on."""

    features: Features
    columns: NDArray[np.float16]
    key: str
    """Hash of what was recorded."""

    def cut(self, features: Features, clips: Sequence[Clip], rows: Rows, frames: int, device: torch.device) -> Segments:
        """Cut segments; see `tingshuo.train.segments.cut`."""
        hop = features.config.mel.hop_length
        mels, wavs = [], []
        for index, first in rows.tolist():
            clip = clips[index]
            start = clip.start_samples + first * hop
            mels.append(self.columns[:, clip.f0_start + first : clip.f0_start + first + frames + 1])
            wavs.append(features.wav[start : start + frames * hop])
        mel = torch.from_numpy(np.stack(mels).astype(np.float32)).to(device)
        wav = torch.from_numpy(np.stack(wavs).astype(np.float32) / FULL_SCALE).to(device)
        known_hz = torch.full((len(rows),), features.config.mel.sample_rate / 2, device=device)
        return Segments(mel, mel.new_zeros(len(rows), frames + 1), wav, known_hz)


def make_plan(texts: Sequence[str], settings: Settings, emotions: Sequence[str], seed: int) -> Plan:
    """Decide who says what, and how: speakers and styles in turns of chance, every other text with an emotion.

    Parameters
    ----------
    texts : sequence of str
        To be spoken.
    settings : Settings
        Of the voice.
    emotions : sequence of str
        That it says it has; of those the ones that every voice is asked for are spoken.
    seed : int
        Of the choices.
    """
    rng = random.Random(seed)
    felt = [name for name in emotions if name in EMOTIONS and name != "neutral"]
    tasks = []
    for number, text in enumerate(texts):
        speaker = rng.choice(settings.speakers).name if settings.speakers else None
        style = rng.choice(settings.styles).name if settings.styles else None
        emotion = rng.choice(felt) if felt and rng.random() < FELT_SHARE else "neutral"
        tasks.append(Task(text, emotion, speaker, style, number))
    return Plan(tuple(tasks))


def record(bundle: Bundle, settings: Settings, graphs: Mapping[str, Session], plan: Plan, folder: Path,
           progress: Callable[[int, int], None]) -> None:  # fmt: skip
    """Let a voice say what has not been said yet, a file each.

    Raises
    ------
    OutputError
        A file cannot be written, for example because the disk is full; what was recorded stays.
    """
    replace_file(folder / PLAN, json.dumps(plan.fields(), ensure_ascii=False, indent=1).encode())
    recorder = Recorder(graphs[GRAPH], columns_of(settings, graphs[GRAPH]))
    model = drive(bundle.manifest.name, settings, {**graphs, GRAPH: recorder}, bundle.tensors(TABLES))
    for number, task in enumerate(plan.tasks):
        path = folder / f"{number:05d}.safetensors"
        if not path.exists():
            replace_file(path, save(_spoken(model, recorder, settings, task)))
        progress(number + 1, len(plan.tasks))


def _spoken(model: Model, recorder: Recorder, settings: Settings, task: Task) -> dict[str, Array]:
    """Return the tensors of a text; none where the voice cannot say it."""
    request = SpeechRequest(text=task.text, emotion=task.emotion, speaker=task.speaker, style=task.style, seed=task.seed)
    made: dict[str, Array] = {}
    try:
        for n, sentence in enumerate(Frontend(english=model.english).sentences(task.text)):
            columns, wav = _lesson(model, recorder, settings, request, sentence)
            made |= {f"columns.{n}": columns.astype(np.float16), f"wav.{n}": _as_int16(wav)}
    except TextError:
        return made or {"columns.0": np.zeros((1, 0), np.float16), "wav.0": np.zeros(0, np.int16)}
    return made


def _lesson(
    model: Model, recorder: Recorder, settings: Settings, request: SpeechRequest, sentence: Sentence
) -> tuple[Array, Wav]:
    """Return the frames (M, F) of a sentence and the ``(F - 1) * hop`` samples between the centres of the first and the last."""
    hop = frames_of(settings).hop_length
    recorder.windows.clear()
    recorder.f0.clear()
    # A sentence that is not the first is cut into pieces of one size.
    parts = list(model.prepare(request).perform(sentence, hop, Stopwatch()).samples())
    context = settings.vocoder_context_frames
    before = context if isinstance(context, int) else context[0]
    columns = stitch(recorder.windows, before, vocoder.LONGEST_CHUNK_FRAMES)
    frames = columns.shape[1]
    if isinstance(settings, VoiceConfig):  # whose level and fades come after the vocoder
        f0 = stitch(recorder.f0, before, vocoder.LONGEST_CHUNK_FRAMES)[0] if recorder.f0 else np.zeros(frames, np.float32)
        wav = vocoder.copy_synthesis(recorder.session, settings, columns, f0, seed=request.seed)
    else:
        wav = np.concatenate(parts)[: frames * hop]
    if len(wav) == frames * hop:  # a frame is a hop of samples, and its centre half a hop on
        wav = wav[hop - hop // 2 :][: (frames - 1) * hop]
    return columns, wav


def _as_int16(wav: Wav) -> NDArray[np.int16]:
    return np.round(np.clip(wav, -1, 1) * FULL_SCALE).astype(np.int16)


def read_lessons(folder: Path, settings: Settings, student: VocosConfig) -> Lessons:
    """Read what was recorded.

    Raises
    ------
    TrainError
        Nothing of it can be learnt from.
    BundleError
        A file is damaged.
    """
    plan = Plan.read(folder / PLAN)
    digest = hashlib.sha256()
    columns, wavs, clips = [], [], []
    samples = frames = 0
    for number, task in enumerate(plan.tasks):
        path = folder / f"{number:05d}.safetensors"
        digest.update(path.read_bytes())
        for n, (mel, wav) in enumerate(_pairs(read_tensors(path))):
            if mel.shape[1] < 2:
                continue
            clips.append(_clip(f"{number}.{n}", task, number, samples, len(wav), frames, mel.shape[1], settings))
            columns.append(mel)
            wavs.append(wav)
            samples, frames = samples + len(wav), frames + mel.shape[1]
    if not clips:
        raise TrainError(f"{folder}: the voice could say none of {len(plan.tasks)} texts; give sentences of its language")
    config = FeatureConfig(mel=student_mel(frames_of(settings), student))
    f0 = np.zeros(0, np.float32)
    features = Features(folder, config, np.concatenate(wavs), f0, tuple(clips), (), {})
    return Lessons(features, np.concatenate(columns, axis=1), digest.hexdigest())


def _pairs(tensors: Mapping[str, Array]) -> Iterator[tuple[Array, Array]]:
    for n in range(len(tensors) // 2):
        yield tensors[f"columns.{n}"], tensors[f"wav.{n}"]


def _clip(
    name: str, task: Task, number: int, start: int, n_samples: int, first_frame: int, n_frames: int, settings: Settings
) -> Clip:
    return Clip(
        id=name,
        speaker=task.speaker or "",
        style=task.style or "",
        emotion=task.emotion,
        split="train" if number % HELD_OUT_EVERY else "dev",
        start_samples=start,
        n_samples=n_samples,
        f0_start=first_frame,
        frames=n_frames - 1,
        bandwidth_hz=frames_of(settings).sample_rate / 2,
    )
