"""Teach a smaller acoustic model to answer as a larger one does.

What both have in the same shape is copied; the rest, the pitch predictor and the decoder, is trained on recorded `Lessons`
until its answers are the teacher's. As those are a function of the input, there is nothing to blur: an L1 loss suffices.

Source: G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.train.lessons import Lessons

CROP_FRAMES = 256
EDGE_FRAMES = 20
"""At a cut, this many frames do not see all that the teacher saw; they are not compared."""
PARTS = {
    "pitch": ("pitch.",),
    "decoder": ("pitch_embedding.", "decoder_in.", "decoder.", "decoder_norm.", "mel.", "speaker."),
}
"""What can be taught, with the first letters of its parameters' names."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to learn.

    ``steps`` of ``batch`` crops of `CROP_FRAMES` frames; the rate rises to ``rate`` over ``warm_up`` steps and falls to nothing
    on half a cosine.
    """

    steps: int
    rate: float = 1.5e-3
    batch: int = 12
    warm_up: int = 200
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        rise = min(1.0, (step + 1) / self.warm_up)
        return self.rate * rise * (0.5 + 0.5 * math.cos(math.pi * step / self.steps))


class Batch(NamedTuple):
    """Crops of sentences.

    ``frames`` (B, F, D), ``place`` (B, F, 8), ``f0`` ``unvoiced`` (B, F), ``pitch`` (B, F, 2), ``mel`` (B, F, n_mels), ``style``
    (B, D). ``valid`` (B, F) is 0 beyond a sentence's end, ``weight`` (B, F) also where context was cut off.
    """

    frames: Tensor
    place: Tensor
    f0: Tensor
    unvoiced: Tensor
    pitch: Tensor
    mel: Tensor
    style: Tensor
    valid: Tensor
    weight: Tensor


def make_student(teacher: FastSpeech, config: FastSpeechConfig) -> FastSpeech:
    """Build a net of other sizes and copy every parameter that has the same name and shape."""
    student = FastSpeech(config)
    mine = student.state_dict()
    copied = {
        k: v
        for k, v in teacher.state_dict().items()
        if k in mine and v.shape == mine[k].shape and not _taught(k, config, teacher)
    }
    student.load_state_dict(mine | copied)
    return student


def _taught(name: str, config: FastSpeechConfig, teacher: FastSpeech) -> bool:
    """Whether a parameter belongs to a part whose sizes change, so that a lone tensor of equal shape means nothing there."""
    pitch = config.pitch_hidden != teacher.config.pitch_hidden or config.pitch_layers != teacher.config.pitch_layers
    sizes = ("decoder_dim", "decoder_hidden", "decoder_layers")
    decoder = any(getattr(config, size) != getattr(teacher.config, size) for size in sizes)
    return (pitch and name.startswith(PARTS["pitch"])) or (decoder and name.startswith(PARTS["decoder"]))


def crops(lessons: Lessons, schedule: Schedule, sentences: range) -> Iterator[Batch]:
    """Yield batches for ever, from sentences chosen by their length."""
    rng = np.random.default_rng(schedule.seed)
    lengths = np.diff(lessons.borders)[sentences.start : sentences.stop]
    share = lengths / lengths.sum()
    while True:
        chosen = rng.choice(len(lengths), schedule.batch, p=share)
        starts = [int(rng.integers(-8, max(-7, lengths[i] - CROP_FRAMES + 8))) for i in chosen]
        yield cut(lessons, chosen + sentences.start, starts)


def cut(lessons: Lessons, sentences: NDArray[np.int64], starts: list[int]) -> Batch:
    """Cut `CROP_FRAMES` frames from ``starts`` of some sentences; beyond a sentence there is zero."""
    at = np.array(starts)[:, None] + np.arange(CROP_FRAMES)
    lengths = (lessons.borders[sentences + 1] - lessons.borders[sentences])[:, None]
    valid = (at >= 0) & (at < lengths)
    index = lessons.borders[sentences][:, None] + np.clip(at, 0, lengths - 1)
    position = np.arange(CROP_FRAMES)
    cut_left = (np.array(starts) > 0)[:, None] & (position < EDGE_FRAMES)
    cut_right = (np.array(starts)[:, None] + CROP_FRAMES < lengths) & (position >= CROP_FRAMES - EDGE_FRAMES)

    def take(column: NDArray[np.float16]) -> Tensor:
        rows = column[index].astype(np.float32)
        return torch.from_numpy(rows * (valid[..., None] if rows.ndim == 3 else valid))

    return Batch(
        frames=take(lessons.frames),
        place=take(lessons.place),
        f0=take(lessons.f0),
        unvoiced=take(lessons.unvoiced),
        pitch=take(lessons.pitch),
        mel=take(lessons.mel),
        style=torch.from_numpy(lessons.styles[sentences]),
        valid=torch.from_numpy(valid.astype(np.float32)),
        weight=torch.from_numpy((valid & ~cut_left & ~cut_right).astype(np.float32)),
    )


class Errors(NamedTuple):
    """A ``loss`` to minimise and two figures to read.

    Of the decoder: L1 of log-mel and of its change from frame to frame. Of the pitch predictor: L1 of normalised F0 where voiced,
    and the share of frames whose voicing differs.
    """

    loss: Tensor
    first: float
    second: float


def decoder_errors(net: FastSpeech, batch: Batch) -> Errors:
    """Compare mels, and their changes, which carry the consonants."""
    speaker = net.speaker.weight[:1].expand(len(batch.f0), -1)
    mel = net.decode(batch.frames, batch.place, batch.f0, batch.unvoiced, speaker, batch.valid).transpose(1, 2)
    error = mel - batch.mel
    level = _mean(error.abs().mean(-1), batch.weight)
    change = _mean((error[:, 1:] - error[:, :-1]).abs().mean(-1), batch.weight[:, 1:])
    return Errors(level + 0.5 * change, level.item(), change.item())


def pitch_errors(net: FastSpeech, batch: Batch) -> Errors:
    """Compare F0, mostly where it sounds, and voicing as a probability."""
    pitch = net.predict_pitch(batch.frames, batch.place, batch.style, batch.valid)
    voiced = (batch.pitch[..., 1] <= 0).float()
    error = (pitch[..., 0] - batch.pitch[..., 0]).abs()
    level = _mean(error * (0.15 + 0.85 * voiced), batch.weight)
    target = torch.sigmoid(batch.pitch[..., 1])
    voicing = _mean(nn.functional.binary_cross_entropy_with_logits(pitch[..., 1], target, reduction="none"), batch.weight)
    differs = ((pitch[..., 1] > 0) != (batch.pitch[..., 1] > 0)).float()
    return Errors(2 * level + voicing, _mean(error, batch.weight * voiced).item(), _mean(differs, batch.weight).item())


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1)


ERRORS: dict[str, Callable[[FastSpeech, Batch], Errors]] = {"decoder": decoder_errors, "pitch": pitch_errors}


def distil(
    student: FastSpeech,
    lessons: Lessons,
    part: str,
    schedule: Schedule,
    report: Callable[[int, Errors, Errors], None],
    every: int = 100,
) -> None:
    """Train one part of a student in place.

    Parameters
    ----------
    student : FastSpeech
        From `make_student`.
    lessons : Lessons
        The last fiftieth of the sentences, at least one, is held out for the report.
    part : str
        A key of `PARTS`.
    schedule : Schedule
        Steps and rate.
    report : callable
        Called with the step and the errors of the batch and of the held-out sentences, every ``every`` steps and at the end.
    every : int
        Steps between reports.
    """
    torch.manual_seed(schedule.seed)
    held = max(1, lessons.sentences // 50)
    kept = np.arange(lessons.sentences - held, lessons.sentences)
    exam = cut(lessons, kept, [0] * held)
    learning = [p for name, p in student.named_parameters() if name.startswith(PARTS[part])]
    student.requires_grad_(False)
    for parameter in learning:
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(learning, schedule.rate, betas=(0.9, 0.98), weight_decay=0.005)
    batches = crops(lessons, schedule, range(lessons.sentences - held))
    # Dropout would only blur what has one right answer.
    student.eval()
    for step in range(schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        errors = ERRORS[part](student, next(batches))
        optimizer.zero_grad(set_to_none=True)
        errors.loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        if (step + 1) % every == 0 or step + 1 == schedule.steps:
            with torch.no_grad():
                report(step + 1, errors, ERRORS[part](student, exam))
    student.requires_grad_(True)
