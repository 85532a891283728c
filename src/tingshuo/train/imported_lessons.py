"""What an imported voice says for a student: texts spoken as for anybody, and what it told of them.

A file a text, written when the text has been spoken, so that a recording which was interrupted goes on::

    lessons/plan.json          what is said, by whom, in which style and emotion
            00000.safetensors  of each sentence n: wav.<n> (T,) int16 at the voice's rate, words.<n> its words as JSON, and of
                               voices that tell it word.<n> syllable.<n> seconds.<n> (N,) hidden.<n> (N, D) of their symbols
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from tingshuo.data.features import FULL_SCALE
from tingshuo.errors import RequestError, TextError
from tingshuo.store.atomic import replace_file
from tingshuo.store.tensors import read_tensors
from tingshuo.tasks.performance import Model
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.train.imported_symbols import Read, read
from tingshuo.train.imported_teacher import NEUTRAL, Teacher, Witness, open_model
from tingshuo.train.light_lessons import FELT_SHARE, PLAN, Plan, Task
from tingshuo.types import Sentence, SpeechRequest, Wav, Word

Array = NDArray[Any]
READ = ("word", "syllable", "seconds", "hidden")
"""Names of the tensors of a `Read`, in the order of its fields."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that was spoken: ``wav`` (T,) float32 at the voice's rate; ``read`` is None of a voice that does not tell."""

    id: str
    number: int
    """Of its text."""
    task: Task
    words: tuple[Word, ...]
    wav: Wav
    read: Read | None


def make_plan(texts: Sequence[str], teacher: Teacher, seed: int) -> Plan:
    """Decide who says what, and how: speakers and styles by chance, every other text with one of the emotions asked for."""
    rng = random.Random(seed)
    tasks = []
    for number, text in enumerate(texts):
        speaker, style = rng.choice(teacher.speakers).name, rng.choice(teacher.styles).name
        emotion = rng.choice(teacher.emotions) if teacher.emotions and rng.random() < FELT_SHARE else NEUTRAL
        tasks.append(Task(text, emotion, speaker, style, number))
    return Plan(tuple(tasks))


def record(teacher: Teacher, plan: Plan, folder: Path, progress: Callable[[int, int], None]) -> None:
    """Let a voice say what has not been said yet, a file each.

    Raises
    ------
    OutputError
        A file cannot be written, for example because the disk is full; what was recorded stays.
    """
    replace_file(folder / PLAN, json.dumps(plan.fields(), ensure_ascii=False, indent=1).encode())
    paths = [_path(folder, number) for number in range(len(plan.tasks))]
    if all(path.exists() for path in paths):
        return
    model, witnesses = open_model(teacher)
    for number, (path, task) in enumerate(zip(paths, plan.tasks, strict=True)):
        if not path.exists():
            spoken = _spoken(model, witnesses, task, teacher.bundle.settings.sample_rate)
            replace_file(path, save(spoken or {"nothing": np.zeros(0, np.uint8)}))
        progress(number + 1, len(plan.tasks))


def recorded(folder: Path) -> Iterator[Said]:
    """Yield the sentences of a recording, in the order of the plan.

    Raises
    ------
    BundleError
        A file is damaged.
    """
    for number, task in enumerate(Plan.read(folder / PLAN).tasks):
        tensors = read_tensors(_path(folder, number))
        for n in range(sum(name.startswith("wav.") for name in tensors)):
            words = msgspec.json.decode(tensors[f"words.{n}"].tobytes(), type=tuple[Word, ...])
            wav = tensors[f"wav.{n}"].astype(np.float32) / np.float32(FULL_SCALE)
            told = [tensors[f"{name}.{n}"] for name in READ if f"{name}.{n}" in tensors]
            heard = Read(told[0], told[1], told[2], told[3].astype(np.float32)) if told else None
            yield Said(f"{number:05d}.{n}", number, task, words, wav, heard)


def key_of(folder: Path) -> str:
    """Return the hash of a recording: 16 hexadecimal digits."""
    digest = hashlib.sha256((folder / PLAN).read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.safetensors"


def _spoken(model: Model, witnesses: Mapping[str, Witness], task: Task, sample_rate: int) -> dict[str, Array]:
    """Return the tensors of a text; none where the voice cannot say it."""
    request = SpeechRequest(text=task.text, emotion=task.emotion, speaker=task.speaker, style=task.style, seed=task.seed)
    made: dict[str, Array] = {}
    try:
        for n, sentence in enumerate(Frontend(english=model.english).sentences(task.text)):
            made |= {f"{name}.{n}": value for name, value in _lesson(model, witnesses, request, sentence, sample_rate).items()}
    except (TextError, RequestError):
        return made
    return made


def _lesson(
    model: Model, witnesses: Mapping[str, Witness], request: SpeechRequest, sentence: Sentence, sample_rate: int
) -> dict[str, Array]:
    """Return the tensors of a sentence."""
    for one in witnesses.values():
        one.answers.clear()
    wav = np.concatenate(list(model.prepare(request).perform(sentence, 0, Stopwatch()).samples()))
    said = read(model, sentence, witnesses)
    found: dict[str, Array] = {}
    if said is not None:
        wav = wav[: round(float(said.seconds.sum()) * sample_rate)]  # what follows is the silence after a sentence
        # Columns of a table are no arrays of their own in memory, and a file would hold what lies there.
        found = {name: np.ascontiguousarray(column) for name, column in zip(READ, said, strict=True)}
        found["hidden"] = found["hidden"].astype(np.float16)
    found["words"] = np.frombuffer(msgspec.json.encode(sentence.words), np.uint8)
    found["wav"] = np.round(np.clip(wav, -1, 1) * FULL_SCALE).astype(np.int16)
    return found
