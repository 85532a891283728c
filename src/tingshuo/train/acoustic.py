"""Teach `tingshuo.models.fastspeech` from aligned clips.

Losses, each a mean over what counts for it: L1 of the log-mel over frames and over the bands below a recording's bandwidth;
squared error of log-durations, without the silences around a clip; L1 of normalised log-F0 where voiced; cross-entropy of
voicing; L1 of energy. The decoder is given the F0, voicing and energy of the recording, the predictors learn to tell them. With
``acoustic.adversarial_weight`` or ``acoustic.matching_weight``, critics tell the decoder too (`tingshuo.train.sharpen`).

Source of the losses: Ren et al. 2020, "FastSpeech 2"; means are over all processes together.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor, nn

from tingshuo.data.features import Features
from tingshuo.errors import TrainError
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.train.batches import Indices, make_batches
from tingshuo.train.config import TrainConfig
from tingshuo.train.distributed import World
from tingshuo.train.examples import Batch, Example, Tables, make_batch
from tingshuo.train.loop import take_step
from tingshuo.train.sharpen import Sharpener

HELD_OUT_CLIPS = 64
"""Clips that an evaluation hears, spread over those held out."""
Loss = tuple[Tensor, Tensor]
"""A sum of errors and how many there are, each a float64 scalar."""


class AcousticRecipe:
    """What `tingshuo.train.loop.fit` drives to train an acoustic model.

    Parameters
    ----------
    net : FastSpeech
        Trained in place; moved to the device of ``world``.
    features : Features
        Of the corpus.
    examples : sequence of Example
        Its aligned clips: those of split ``train`` teach, those of split ``dev`` judge.
    tables : Tables
        Which rows of the net's tables they use.
    config : TrainConfig
        Sizes of batches, rate, weights of losses.
    world : World or None
        The processes that train together.

    Raises
    ------
    TrainError
        No clip to learn from, or ``acoustic.learn`` names no parameter.
    """

    def __init__(
        self,
        net: FastSpeech,
        features: Features,
        examples: Sequence[Example],
        tables: Tables,
        config: TrainConfig,
        world: World | None = None,
    ) -> None:
        self.world = world or World()
        self.net = net.to(self.world.device)
        self.averaged: nn.Module | None = self.net
        self.features, self.tables, self.config = features, tables, config
        self.train = [example for example in examples if example.clip.split == "train"]
        if not self.train:
            raise TrainError("there is no clip to learn from; give recordings with texts in the train split")
        held = [example for example in examples if example.clip.split == "dev"]
        self.held_out = held[:: max(1, len(held) // HELD_OUT_CLIPS)][:HELD_OUT_CLIPS]
        self._frames = np.array([int(example.durations.sum()) for example in self.train])
        self._autocast = use_bf16(config.loop.precision, self.world.device)
        self._learning = choose_parameters(net, config.acoustic.learn)
        self._optimizer = torch.optim.AdamW(
            self._learning, config.loop.rate, betas=(0.9, 0.98), weight_decay=config.loop.weight_decay, fused=True
        )
        sizes = config.acoustic
        self._sharpener = Sharpener(config, self.world) if sizes.adversarial_weight or sizes.matching_weight else None
        self._weights = {
            "mel": sizes.mel_weight,
            "duration": sizes.duration_weight,
            "f0": sizes.f0_weight,
            "voicing": sizes.voicing_weight,
            "energy": sizes.energy_weight,
        }

    def nets(self) -> Mapping[str, nn.Module]:
        """Return the net, and the critics where there are any."""
        nets: dict[str, nn.Module] = {"acoustic": self.net}
        return nets if self._sharpener is None else nets | {"critics": self._sharpener.net}

    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Return the optimizer of each net."""
        optimizers: dict[str, torch.optim.Optimizer] = {"acoustic": self._optimizer}
        return optimizers if self._sharpener is None else optimizers | {"critics": self._sharpener.optimizer}

    def batches(self, epoch: int) -> Sequence[Indices]:
        """Return the batches of an epoch: indices of clips."""
        loop = self.config.loop
        return make_batches(
            self._frames, loop.batch_frames, seed=loop.seed, epoch=epoch, rank=self.world.rank, world=self.world.size
        )

    def describe(self, batch: Indices) -> str:
        """Name the clips of a batch, the first eight of them."""
        names = [self.train[index].clip.id for index in batch]
        return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")

    def step(self, batch: Indices, step: int) -> dict[str, float]:
        """Learn from a batch; returns the losses and the norm of the gradient."""
        set_training(self.net)
        tensors = self.tensors([self.train[index] for index in batch])
        sums, mel = self._losses(tensors)
        totals = self.world.sum(torch.stack([torch.stack((total.detach(), count)) for total, count in sums.values()]))
        counts = totals[:, 1].clamp(min=1)
        parts = {name: total / count for (name, (total, _)), count in zip(sums.items(), counts, strict=True)}
        loss = torch.stack([self._weights[name] * part for name, part in parts.items()]).sum().float()
        figures = self._figures(sums, totals)
        if self._sharpener is not None:
            gradient, told = self._sharpener(tensors, mel)
            loss = loss + (gradient * mel).sum()
            figures |= told
        norm = take_step(self._optimizer, self._learning, self.config.loop.clip, self.world, loss)
        return {**figures, "gradient_norm": norm}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return the losses on held-out clips; the weighted sum comes first. Empty when none is held out."""
        if not self.held_out:
            return {}
        self.net.eval()
        totals: Tensor | None = None
        sums: dict[str, Loss] = {}
        frames = [int(example.durations.sum()) for example in self.held_out]
        for chosen in make_batches(frames, self.config.loop.batch_frames, seed=0, epoch=0):
            sums, _ = self._losses(self.tensors([self.held_out[index] for index in chosen]))
            stacked = torch.stack([torch.stack(pair) for pair in sums.values()])
            totals = stacked if totals is None else totals + stacked
        assert totals is not None
        return self._figures(sums, totals)

    def _figures(self, sums: Mapping[str, Loss], totals: Tensor) -> dict[str, float]:
        """Turn sums and counts into means by name, with the weighted loss first."""
        means = (totals[:, 0] / totals[:, 1].clamp(min=1)).tolist()
        figures = dict(zip(sums, means, strict=True))
        return {"loss": sum(self._weights[name] * value for name, value in figures.items()), **figures}

    def tensors(self, examples: Sequence[Example]) -> Batch:
        """Return a batch of clips on the net's device."""
        return make_batch(self.features, examples, self.tables, self.world.device)

    def _losses(self, batch: Batch) -> tuple[dict[str, Loss], Tensor]:
        """Return the losses of a batch, and the mels that were predicted."""
        with self._autocast_block():
            log_duration, pitch, mel = (answer.float() for answer in answers(self.net, batch))
        return acoustic_losses(batch, log_duration, pitch, mel), mel

    def _autocast_block(self) -> AbstractContextManager[object]:
        return torch.autocast(self.world.device.type, torch.bfloat16) if self._autocast else nullcontext()


def answers(net: FastSpeech, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a net makes of a batch: log-durations (B, N), pitch (B, F, 2 or 3), mel (B, n_mels, F)."""
    style = net.style(batch.style)
    if net.config.emotions:
        style = style + net.emotion(batch.emotion)
    hidden = net.encode(batch.ids, batch.tones, batch.positions, batch.valid)
    log_duration = net.predict_duration(hidden, style, batch.valid)
    frames = torch.gather(hidden, 1, batch.phone[..., None].expand(-1, -1, hidden.shape[2])) * batch.frames[..., None]
    place = batch.place
    pitch = net.predict_pitch(frames, place, style, batch.frames)
    energy = batch.energy if net.config.energy else None
    mel = net.decode(frames, place, batch.f0, batch.unvoiced, net.speaker(batch.speaker), batch.frames, energy)
    return log_duration, pitch, mel


def acoustic_losses(batch: Batch, log_duration: Tensor, pitch: Tensor, mel: Tensor) -> dict[str, Loss]:
    """Compare answers with the recordings; returns sum and count of each kind of error."""
    inner = batch.valid * (torch.cumsum(batch.valid, 1) > 1)  # the silence around a clip is not to be predicted
    inner = inner * (torch.flip(torch.cumsum(torch.flip(batch.valid, [1]), 1), [1]) > 1)
    voiced = batch.frames * (1 - batch.unvoiced)
    voicing = nn.functional.binary_cross_entropy_with_logits(pitch[..., 1], batch.unvoiced, reduction="none")
    wanted = torch.log(batch.durations.clamp(min=1).float())
    losses = {
        "mel": _weighted((mel - batch.mel).abs(), batch.frames[:, None] * batch.mel_weight[..., None]),
        "duration": _weighted((log_duration - wanted) ** 2, inner),
        "f0": _weighted((pitch[..., 0] - batch.f0).abs(), voiced),
        "voicing": _weighted(voicing, batch.frames),
    }
    if pitch.shape[-1] > 2:
        losses["energy"] = _weighted((pitch[..., 2] - batch.energy).abs(), batch.frames)
    return losses


def _weighted(error: Tensor, weight: Tensor) -> Loss:
    # In float64, sums hardly depend on how clips are shared out among batches and processes.
    return (error * weight).sum(dtype=torch.float64), weight.sum(dtype=torch.float64)


def choose_parameters(net: nn.Module, learn: Sequence[str]) -> list[nn.Parameter]:
    """Freeze all parameters of a net but those of the modules named; none named is all of them.

    Raises
    ------
    TrainError
        A name is none of the net's.
    """
    names = [name for name, _ in net.named_parameters()]
    for part in learn:
        if not any(name.startswith(f"{part}.") for name in names):
            known = sorted({name.split(".")[0] for name in names})
            raise TrainError(f"acoustic.learn names {part!r}, which the net does not have; accepted: {', '.join(known)}")
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(not learn or name.startswith(tuple(f"{part}." for part in learn)))
    return [parameter for parameter in net.parameters() if parameter.requires_grad]


def set_training(net: nn.Module) -> None:
    """Put a net into training mode, but the modules without a parameter to learn into evaluation mode: no dropout there."""
    net.eval()
    net.training = True
    for module in net.children():
        module.train(any(parameter.requires_grad for parameter in module.parameters()))


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16: as asked, or for ``auto`` where the hardware multiplies it faster than float32."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
