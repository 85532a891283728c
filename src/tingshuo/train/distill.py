"""Teach a smaller acoustic model to answer as a larger one does.

A student learns from recorded `Lessons`, from phonemes to mel as a whole. Its losses are L1 of the log-mel, the
Kullback-Leibler divergence of the mel bands' softmax (the shape of a frame's spectrum), the squared error of the encoder's
features (through a projection where the sizes differ, relative to the teacher's own energy), and those of its predictors. As
answers are a function of the input, there is nothing to blur, and no dropout.

Sources: G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015; of the hidden features, A. Romero
et al., "FitNets", 2015. Letters: B batch, N phonemes, F frames, D features of the teacher's encoder.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
import torch
from msgspec import Meta
from numpy.typing import NDArray
from torch import Tensor, nn

from tingshuo.config import StrictModel
from tingshuo.errors import TrainError
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.port.nets import VoiceNets
from tingshuo.port.prune import prune_voice
from tingshuo.tasks.acoustic import frame_places
from tingshuo.train.acoustic import choose_parameters, use_bf16
from tingshuo.train.batches import Indices, make_batches
from tingshuo.train.distributed import World
from tingshuo.train.lessons import Lessons
from tingshuo.train.lessons_texts import BUILT_IN_TEXTS
from tingshuo.train.loop import take_step
from tingshuo.train.loop_config import LoopConfig

HELD_OUT_SHARE = 30
"""One in so many sentences is not learnt from but judged by."""
UNVOICED_F0 = 0.15
"""Weight of F0 where the teacher finds no voice; another emotion or the neighbour may still ask for it there."""
WIDTHS = ("dim", "encoder_layers", "decoder_dim", "decoder_layers", "heads")
"""Sizes in which a student that begins as its narrowed teacher equals it."""
PROJECTED_SENTENCES, PROJECTION_RIDGE = 200, 1e-3
"""Sentences that a projection of an imported teacher's features begins with, and how much it is held to nothing."""
FRESH_RATE = 1e-3
"""Learning rate of a student that begins with random weights."""
PARTS = {
    "encoder": ("phoneme.", "tone.", "position.", "encoder."),
    "duration": ("duration.",),
    "pitch": ("pitch.",),
    "decoder": ("pitch_embedding.", "decoder_in.", "decoder.", "decoder_norm.", "mel.", "speaker."),
    "style": ("style.", "emotion."),
}
"""What belongs together: a part is copied from the teacher when all of it has the same shape."""
MEANS = ("mel.bias", "duration.out.bias", "pitch.out.bias")
"""Copied at any size: a student begins with the teacher's means."""


class DistillConfig(StrictModel, frozen=True, kw_only=True):
    """How a student is taught; every key has a default."""

    size: str = "small"
    """A key of `tingshuo.train.distill_sizes.SIZES`."""
    sizes: dict[str, int] = msgspec.field(default_factory=dict)
    """Exact sizes in its place, by name."""
    texts: Annotated[int, Meta(ge=4)] = BUILT_IN_TEXTS
    """At most so many texts are spoken by the teacher."""
    learn: tuple[str, ...] = ()
    """Modules that learn, such as ``pitch``; empty is all of them."""
    mel_weight: float = 1.0
    shape_weight: float = 0.5
    hidden_weight: float = 0.2
    duration_weight: float = 0.5
    f0_weight: float = 0.3
    voicing_weight: float = 0.3
    loop: LoopConfig = LoopConfig(
        steps=3000, batch_frames=2500, rate=2e-4, warm_up=50, weight_decay=0.005, clip=1.0, average=0.99, log_every=10,
        evaluate_every=100, checkpoint_every=100,
    )  # fmt: skip


def rate_for(student: FastSpeechConfig, teacher: FastSpeechConfig) -> float:
    """Return a learning rate: low for a student that begins as its narrowed teacher, which a higher one would drive away."""
    return DistillConfig().loop.rate if _same_widths(student, teacher) else FRESH_RATE


def _same_widths(student: FastSpeechConfig, teacher: FastSpeechConfig) -> bool:
    return all(getattr(student, name) == getattr(teacher, name) for name in WIDTHS)


class Batch(NamedTuple):
    """Sentences of `Lessons` as tensors, zero beyond their ends.

    ``ids`` ``tones`` ``positions`` (B, N) int64, ``valid`` (B, N); ``phone`` (B, F) int64 the phoneme of each frame, ``place``
    (B, F, 8), ``frames`` (B, F) 0 or 1, ``f0`` ``unvoiced`` ``energy`` (B, F); ``speaker`` ``style`` ``emotion`` (B,) int64. The
    teacher's answers: ``hidden`` (B, N, D), ``log_duration`` (B, N), ``pitch`` (B, F, 2 or 3), ``mel`` (B, F, n_mels).
    """

    ids: Tensor
    tones: Tensor
    positions: Tensor
    valid: Tensor
    phone: Tensor
    place: Tensor
    frames: Tensor
    f0: Tensor
    unvoiced: Tensor
    energy: Tensor
    speaker: Tensor
    style: Tensor
    emotion: Tensor
    hidden: Tensor
    log_duration: Tensor
    pitch: Tensor
    mel: Tensor


class Answers(NamedTuple):
    """What a net makes of a batch; shapes as in `Batch`."""

    hidden: Tensor
    log_duration: Tensor
    pitch: Tensor
    mel: Tensor


def make_student(
    teacher: VoiceNets, config: FastSpeechConfig, seen: Mapping[str, Sequence[Mapping[str, NDArray[Any]]]], seed: int = 0
) -> FastSpeech:
    """Build a student that knows what can be known without learning.

    Where only hidden features are given up, it begins as the teacher narrowed by least squares; else every part that has the
    same shape is copied and the rest is random.

    Parameters
    ----------
    teacher : VoiceNets
        Unchanged.
    config : FastSpeechConfig
        Sizes of the student, none above the teacher's.
    seen : Mapping
        Inputs of the teacher's graphs, from `tingshuo.train.lessons.graph_inputs`; read only where it is narrowed.
    seed : int
        Of what is random.
    """
    old, source = teacher.acoustic.config, teacher.acoustic
    if _same_widths(config, old):
        narrow = prune_voice(teacher, seen, encoder_hidden=config.encoder_hidden, decoder_hidden=config.decoder_hidden)
        source = narrow.acoustic
    torch.manual_seed(seed)
    student = FastSpeech(config)
    mine, theirs = student.state_dict(), source.state_dict()
    same = {name for name in mine if name in theirs and mine[name].shape == theirs[name].shape}
    for starts in PARTS.values():
        names = {name for name in mine if name.startswith(starts)}
        if names <= same and names == {name for name in theirs if name.startswith(starts)}:
            mine |= {name: theirs[name] for name in names}
    mine |= {name: theirs[name] for name in MEANS}
    student.load_state_dict(mine)
    return student.eval()


def make_batch(lessons: Lessons, sentences: Sequence[int] | NDArray[np.int64], device: torch.device) -> Batch:
    """Gather sentences into tensors on a device."""
    phones = [lessons.phones_of(int(sentence)) for sentence in sentences]
    frames = [lessons.frames_of(int(sentence)) for sentence in sentences]
    durations = [lessons.durations[where] for where in phones]
    columns = {name: _padded([getattr(lessons, name)[where] for where in phones]) for name in ("ids", "tones", "positions")}
    columns |= {name: _padded([getattr(lessons, name)[where] for where in phones]) for name in ("hidden", "log_duration")}
    columns |= {
        name: _padded([getattr(lessons, name)[where] for where in frames])
        for name in ("f0", "unvoiced", "energy", "pitch", "mel")
    }
    columns["valid"] = _padded([np.ones(len(one), np.float32) for one in durations])
    columns["phone"] = _padded([np.repeat(np.arange(len(one)), one) for one in durations])
    columns["place"] = _padded([frame_places(one) for one in durations])
    columns["frames"] = _padded([np.ones(int(one.sum()), np.float32) for one in durations])
    chosen = np.asarray(sentences)
    columns |= {"speaker": lessons.speakers[chosen], "style": lessons.styles[chosen], "emotion": lessons.emotions[chosen]}
    return Batch(**{name: torch.from_numpy(column).to(device) for name, column in columns.items()})


def answer(net: FastSpeech, batch: Batch) -> Answers:
    """Let a net answer, with the teacher's durations, F0, voicing and energy."""
    style = net.style(batch.style)
    if net.config.emotions:
        style = style + net.emotion(batch.emotion)
    hidden = net.encode(batch.ids, batch.tones, batch.positions, batch.valid)
    log_duration = net.predict_duration(hidden, style, batch.valid)
    spread = torch.gather(hidden, 1, batch.phone[..., None].expand(-1, -1, hidden.shape[2])) * batch.frames[..., None]
    pitch = net.predict_pitch(spread, batch.place, style, batch.frames)
    energy = batch.energy if net.config.energy else None
    mel = net.decode(spread, batch.place, batch.f0, batch.unvoiced, net.speaker(batch.speaker), batch.frames, energy)
    return Answers(hidden, log_duration, pitch, mel.transpose(1, 2))


def distill_losses(answers: Answers, batch: Batch, projection: nn.Module) -> dict[str, Tensor]:
    """Compare a student's answers with its teacher's; each is a mean over what counts, a scalar.

    ``projection`` takes the student's hidden features (B, N, d) to the teacher's (B, N, D); of a teacher that has none, D is 0,
    and where it has none for a phoneme, they are zeros, which count for nothing.
    """
    voiced = (batch.pitch[..., 1] <= 0).float()
    inner = batch.valid * (torch.cumsum(batch.valid, 1) > 1)  # the silence around a sentence is the runtime's
    inner = inner * (torch.flip(torch.cumsum(torch.flip(batch.valid, [1]), 1), [1]) > 1)
    wanted, given = torch.log_softmax(batch.mel, -1), torch.log_softmax(answers.mel, -1)
    f0 = (answers.pitch[..., 0] - batch.pitch[..., 0]).abs()
    if answers.pitch.shape[-1] > 2:
        f0 = f0 + (answers.pitch[..., 2] - batch.pitch[..., 2]).abs()
    voicing = nn.functional.binary_cross_entropy_with_logits(
        answers.pitch[..., 1], torch.sigmoid(batch.pitch[..., 1]), reduction="none"
    )
    return {
        "mel": _mean((answers.mel - batch.mel).abs().mean(-1), batch.frames),
        "shape": _mean((wanted.exp() * (wanted - given)).sum(-1), batch.frames),
        "hidden": _hidden_loss(answers.hidden, batch, projection),
        "duration": _mean((answers.log_duration - batch.log_duration).abs(), inner),
        "f0": _mean(f0 * (UNVOICED_F0 + (1 - UNVOICED_F0) * voiced), batch.frames),
        "voicing": _mean(voicing, batch.frames),
    }


def _hidden_loss(hidden: Tensor, batch: Batch, projection: nn.Module) -> Tensor:
    """Compare features of the encoders, relative to the energy of the teacher's."""
    if not batch.hidden.shape[-1]:
        return hidden.new_zeros(())
    known = batch.valid * (batch.hidden != 0).any(-1)
    distance = (projection(hidden) - batch.hidden).square().mean(-1)
    return _mean(distance, known) / _mean(batch.hidden.square().mean(-1), known)


class DistillRecipe:
    """What `tingshuo.train.loop.fit` drives to teach a student; one process.

    Parameters
    ----------
    student : FastSpeech
        Taught in place.
    lessons : Lessons
        One sentence in `HELD_OUT_SHARE`, at least one, is held out.
    config : DistillConfig
        Batches, rate, weights of losses.
    imported : bool
        Whether the teacher's encoder is of another make: then its features are compared through a projection whatever their
        number, which begins where least squares put it.

    Raises
    ------
    TrainError
        Fewer than two sentences, or ``learn`` names no module.
    """

    def __init__(self, student: FastSpeech, lessons: Lessons, config: DistillConfig, *, imported: bool = False) -> None:
        if len(lessons) < 2:
            raise TrainError("a student needs at least two sentences, one to learn from and one to be judged by")
        self.world = World()
        self.student = student.to(self.world.device)
        self.averaged: nn.Module | None = self.student
        self.lessons, self.config = lessons, config
        held = max(1, len(lessons) // HELD_OUT_SHARE)
        order = np.random.default_rng(config.loop.seed).permutation(len(lessons))
        self.held_out, self.train = order[:held], order[held:]
        wide = lessons.hidden.shape[1]
        torch.manual_seed(config.loop.seed)
        same = not wide or (wide == student.config.dim and not imported)
        self.projection = (nn.Identity() if same else nn.Linear(student.config.dim, wide)).to(self.world.device)
        if imported and isinstance(self.projection, nn.Linear):
            self._begin_projection(self.projection)
        self._learning = [*choose_parameters(student, config.learn), *self.projection.parameters()]
        self._autocast = use_bf16(config.loop.precision, self.world.device)
        self._optimizer = torch.optim.AdamW(
            self._learning, config.loop.rate, betas=(0.9, 0.98), weight_decay=config.loop.weight_decay, fused=True
        )

    @torch.no_grad()
    def _begin_projection(self, projection: nn.Linear) -> None:
        """Put a projection where it joins what the student's encoder knows already to the teacher's features best."""
        some = self.train[:: max(1, len(self.train) // PROJECTED_SENTENCES)]
        batches = [make_batch(self.lessons, [sentence], self.world.device) for sentence in some]
        known = [(one.hidden != 0).any(-1) for one in batches]
        pairs = zip(batches, known, strict=True)
        mine = torch.cat([self.student.encode(one.ids, one.tones, one.positions, one.valid)[which] for one, which in pairs])
        wanted = torch.cat([one.hidden[which] for one, which in zip(batches, known, strict=True)])
        x = nn.functional.pad(mine.double(), (0, 1), value=1.0)
        square = x.T @ x
        held = PROJECTION_RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=x.dtype, device=x.device)
        solved = torch.linalg.solve(square + held, x.T @ wanted.double()).float()
        projection.weight.copy_(solved[:-1].T)
        projection.bias.copy_(solved[-1])

    def nets(self) -> Mapping[str, nn.Module]:
        """Return the student and what joins its features to the teacher's."""
        return {"acoustic": self.student, "projection": self.projection}

    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Return the optimizer of both."""
        return {"acoustic": self._optimizer}

    def batches(self, epoch: int) -> Sequence[Indices]:
        """Return the batches of an epoch: numbers of sentences."""
        loop = self.config.loop
        lengths = self.lessons.frames[self.train]
        return [self.train[batch] for batch in make_batches(lengths, loop.batch_frames, seed=loop.seed, epoch=epoch)]

    def describe(self, batch: Indices) -> str:
        """Name the sentences of a batch, the first eight of them."""
        return "of lessons " + ", ".join(str(sentence) for sentence in batch[:8])

    def step(self, batch: Indices, step: int) -> dict[str, float]:
        """Learn from a batch; returns the losses and the norm of the gradient."""
        losses = self._losses(batch)
        norm = take_step(self._optimizer, self._learning, self.config.loop.clip, self.world, losses["loss"])
        return {**{name: float(value.detach()) for name, value in losses.items()}, "gradient_norm": norm}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return the losses on held-out sentences, weighted by their frames; the weighted sum comes first."""
        frames = self.lessons.frames[self.held_out]
        totals: dict[str, float] = {}
        for chosen in make_batches(frames, self.config.loop.batch_frames, seed=0, epoch=0):
            share = float(frames[chosen].sum() / frames.sum())
            for name, value in self._losses(self.held_out[chosen]).items():
                totals[name] = totals.get(name, 0.0) + share * float(value)
        return totals

    def _losses(self, sentences: Indices) -> dict[str, Tensor]:
        batch = make_batch(self.lessons, sentences, self.world.device)
        with self._autocast_block():
            answers = answer(self.student, batch)
        parts = distill_losses(Answers(*(part.float() for part in answers)), batch, self.projection)
        weights = self.config
        total = (
            weights.mel_weight * parts["mel"]
            + weights.shape_weight * parts["shape"]
            + weights.hidden_weight * parts["hidden"]
            + weights.duration_weight * parts["duration"]
            + weights.f0_weight * parts["f0"]
            + weights.voicing_weight * parts["voicing"]
        )
        return {"loss": total, **parts}

    def _autocast_block(self) -> AbstractContextManager[object]:
        return torch.autocast(self.world.device.type, torch.bfloat16) if self._autocast else nullcontext()


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1)


def _padded(rows: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Stack rows of different lengths; half precision becomes single."""
    kind = np.float32 if rows[0].dtype == np.float16 else rows[0].dtype
    out = np.zeros((len(rows), max(len(row) for row in rows), *rows[0].shape[1:]), kind)
    for row, values in enumerate(rows):
        out[row, : len(values)] = values
    return out
