"""Teach a vocoder of any family: losses of the spectrum from the start, critics after a warm-up.

A step makes waves once, transforms them once per resolution, and asks a few critics once about recordings and once about made
waves. From these same judgements both sides learn: the gradient of the generator's loss is taken at the wave and goes on into the
generator, that of the critics' loss goes into the critics alone.

With an acoustic model, half of every batch has the mel that it predicts from true durations and F0 (`tingshuo.train.joint`). A
made wave of that half is compared as the recording's bandwidth would have heard it, so a decoder that has learnt the upper bands
from other speakers keeps them; above that bandwidth the wave is held to the mel that it is made from, so the vocoder says there
what the decoder says.

Sources: J. Kong, J. Kim and J. Bae 2020, "HiFi-GAN"; R. Yamamoto, E. Song and J.-M. Kim 2020, "Parallel WaveGAN" (spectral losses
before critics); D. Lim, S. Jung and E. Kim 2022, "JETS" (joint step).
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tingshuo.audio.mel import QUIET
from tingshuo.data.features import Clip, Features
from tingshuo.models.layers.discriminators import Critics, adversarial_loss, critic_loss, matching_loss
from tingshuo.models.layers.mel import log_mel
from tingshuo.models.layers.spectral import Spectra, band_limited, spectra_of, spectral_losses
from tingshuo.port.vocoders import Vocoder
from tingshuo.train.acoustic import use_bf16
from tingshuo.train.distributed import World
from tingshuo.train.examples import bandwidth_weight
from tingshuo.train.generator import check_frames
from tingshuo.train.joint import DecoderMels
from tingshuo.train.loop_config import LoopConfig
from tingshuo.train.segments import Cutter, Rows, Segments, SegmentSampler, cut
from tingshuo.train.vocoder_config import VocoderConfig

BETAS = (0.8, 0.99)
EDGE = 2
"""Frames at either end of a segment that reach out of it."""
HELD_OUT_SEGMENTS = 32
"""Segments that an evaluation hears, spread over the clips held out."""
_HELD_OUT_SEED, _DRAW, _CHOOSE, _NOISE = 1, 2, 3, 4
"""First number of the seeds of independent draws."""


class VocoderRecipe:
    """What `tingshuo.train.loop.fit` drives to train a vocoder.

    Parameters
    ----------
    generator : Vocoder
        From `tingshuo.train.generator`; trained in place, moved to the device of ``world``.
    features : Features
        Of the corpus. Clips of split ``train`` teach, those of split ``dev`` judge; neither needs a text.
    config : VocoderConfig
        Segments and losses.
    loop : LoopConfig
        Rate, seed, precision.
    joint : DecoderMels or None
        Gives half of every batch its mels and learns too.
    critics : Critics or None
        None is the usual ones.
    cutter : callable or None
        Cuts segments out of clips; None computes their mels from the samples. Features that are given, such as those that another
        vocoder has heard, come in here.
    world : World or None
        The processes that train together; each has batches of its own, gradients are means over all.

    Raises
    ------
    TrainError
        No clip is long enough, or a share is of nobody.
    ConfigError
        A frame of the generator is not a frame of the features.
    """

    def __init__(
        self,
        generator: Vocoder,
        features: Features,
        config: VocoderConfig,
        loop: LoopConfig,
        *,
        joint: DecoderMels | None = None,
        critics: Critics | None = None,
        cutter: Cutter | None = None,
        world: World | None = None,
    ) -> None:
        self.world = world or World()
        self._cut = cutter or cut
        device = self.world.device
        check_frames(generator.config, features.config.mel)
        self.generator = generator.to(device)
        self.critics = (critics or Critics()).to(device)
        self.joint = joint
        self.features, self.config, self.loop = features, config, loop
        self.averaged: nn.Module | None = generator if joint is None else nn.ModuleList([generator, joint.net])
        self.clips = features.clips
        self._sampler = SegmentSampler(self.clips, config.frames, config.shares)
        self._own = _own_sampler(joint, config) if joint is not None else None
        self._held_out = _spread(self._own_clips if joint is not None else features.clips, config.frames)
        self._autocast = use_bf16(loop.precision, device)
        mel = features.config.mel
        self._bands = {clip.id: torch.from_numpy(bandwidth_weight(mel, clip.bandwidth_hz)).to(device) for clip in self._own_clips}
        groups: list[dict[str, Any]] = [{"params": list(self.generator.parameters()), "lr": loop.rate}]
        if joint is not None:
            groups.append({"params": joint.parameters, "lr": loop.rate * joint.config.decoder_rate})
        self._learning = [parameter for group in groups for parameter in group["params"]]
        critics_group = {"params": list(self.critics.parameters()), "lr": loop.rate * config.critic_rate}
        self._optimizers = {
            name: torch.optim.AdamW(group, betas=BETAS, weight_decay=loop.weight_decay, fused=True)
            for name, group in (("generator", groups), ("critics", [critics_group]))
        }

    def nets(self) -> Mapping[str, nn.Module]:
        """Return the generator, the critics and, in a joint training, the acoustic model."""
        nets: dict[str, nn.Module] = {"generator": self.generator, "critics": self.critics}
        return nets if self.joint is None else nets | {"acoustic": self.joint.net}

    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Return the optimizers of both sides."""
        return self._optimizers

    def batches(self, epoch: int) -> Sequence[Rows]:
        """Return the batches of an epoch, in which as many frames are drawn as there are.

        In a joint training the first half of a batch are places in the aligned clips.
        """
        size = self.config.batch
        count = max(1, self._sampler.frames_in_all // (size * self.config.frames * self.world.size))
        rng = np.random.default_rng((_DRAW, self.loop.seed, epoch, self.world.rank))
        own = size // 2 if self._own is not None else 0
        batches = []
        for _ in range(count):
            parts = [self._own.draw(own, rng)] if self._own is not None else []
            batches.append(np.concatenate([*parts, self._sampler.draw(size - own, rng)]))
        return batches

    def describe(self, batch: Rows) -> str:
        """Name the clips of a batch."""
        own = self._own_count(batch)
        return ", ".join([*(self._own_clips[i].id for i in batch[:own, 0]), *(self.clips[i].id for i in batch[own:, 0])])

    def step(self, batch: Rows, step: int) -> dict[str, float]:
        """Learn from a batch; returns losses by name."""
        segments, own = self._segments(batch), self._own_count(batch)
        alone = step < self.config.critics_alone
        noise = _noise(segments.wav, (_NOISE, self.loop.seed, step, self.world.rank))
        self.generator.train()
        with torch.set_grad_enabled(not alone), self._autocast_block():
            mel, blur = self._mels(batch, segments, own)
            fake = self.generator.synthesize(mel, segments.f0, noise)
        wav = fake.detach().requires_grad_(not alone)
        heard, real = (self._heard(side, segments.known_hz, own) for side in (wav, segments.wav))
        ours, theirs = spectra_of(heard), spectra_of(real)
        mel_loss, linear = spectral_losses(ours, theirs, self.features.config.mel.sample_rate)
        loss = self.config.mel_weight * mel_loss + self.config.linear_weight * linear
        figures, norms = {"mel": mel_loss, "linear": linear}, {}
        if own:
            figures["upper"] = self._upper(batch[:own], mel[:own].detach(), wav[:own])
            loss = loss + self.config.mel_weight * figures["upper"]
        asked = alone or step >= self.config.warm_up
        if asked:
            told, figures["critics"], parts = self._judge(heard, real, ours, theirs, step)
            loss, figures = loss + told, figures | parts
        gradient = None if alone else torch.autograd.grad(loss, wav, retain_graph=asked)[0]
        if asked:
            norms["critics_norm"] = self._learn_critics(figures["critics"])
        if gradient is not None:
            norms["gradient_norm"] = self._learn_generator(fake, gradient, blur)
        if self.joint is not None:
            figures["blur"] = blur
        stacked = self.world.sum(torch.stack([figure.detach().double() for figure in figures.values()])) / self.world.size
        return dict(zip(figures, stacked.tolist(), strict=True)) | norms

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return the spectral losses on held-out segments; the mel loss comes first.

        The mels that the vocoder hears are those of recordings, in a joint training those that the acoustic model predicts.
        """
        clips, rows = self._held_out
        if not len(rows):
            return {}
        self.generator.eval()
        sums = np.zeros(2)
        for start in range(0, len(rows), self.config.batch):
            chosen = rows[start : start + self.config.batch]
            part = self._cut(self.features, clips, chosen, self.config.frames, self.world.device)
            own = 0 if self.joint is None else len(chosen)
            mel, _ = self._mels(chosen, part, own)
            wav = self.generator.synthesize(mel, part.f0, _noise(part.wav, (_HELD_OUT_SEED, start)))
            heard, real = (self._heard(side, part.known_hz, own) for side in (wav, part.wav))
            losses = spectral_losses(spectra_of(heard), spectra_of(real), self.features.config.mel.sample_rate)
            sums += len(part.wav) * np.array([float(loss) for loss in losses])
        mel_loss, linear = sums / len(rows)
        return {"mel": float(mel_loss), "linear": float(linear)}

    @property
    def _own_clips(self) -> list[Clip]:
        return [] if self.joint is None else self.joint.clips

    def _own_count(self, batch: Rows) -> int:
        return 0 if self._own is None else len(batch) // 2

    def _segments(self, batch: Rows) -> Segments:
        """Cut a batch; its own half first."""
        own, frames, device = self._own_count(batch), self.config.frames, self.world.device
        rest = self._cut(self.features, self.clips, batch[own:], frames, device)
        if not own:
            return rest
        mine = self._cut(self.features, self._own_clips, batch[:own], frames, device)
        return Segments(*(torch.cat(pair) for pair in zip(mine, rest, strict=True)))

    def _mels(self, batch: Rows, segments: Segments, own: int) -> tuple[Tensor, Tensor]:
        """Return what the generator hears, and how far predicted mels are from true ones below the recordings' bandwidth."""
        if self.joint is None or not own:
            return segments.mel, segments.mel.new_zeros(())
        mine = self.joint(batch[:own], self.config.frames).float()
        band = torch.stack([self._bands[self._own_clips[index].id] for index in batch[:own, 0]])[..., None]
        blur = ((mine - segments.mel[:own]).abs() * band).sum() / (band.sum() * mine.shape[2])
        return torch.cat([mine, segments.mel[own:]]), blur

    def _upper(self, rows: Rows, mel: Tensor, wav: Tensor) -> Tensor:
        """Return how far waves are, above the bandwidth of the recordings, from the mels that they are made from."""
        above = torch.stack([1 - self._bands[self._own_clips[index].id] for index in rows[:, 0]])[..., None]
        # A wave of a segment runs from centre to centre, however the features of whole clips are framed.
        made = log_mel(wav, self.features.config.mel.replace(framing="center")).clamp(min=QUIET)
        apart = ((made - mel.clamp(min=QUIET)).abs() * above)[..., EDGE:-EDGE]  # the signal around a segment is not known
        return apart.mean()

    def _heard(self, wav: Tensor, known_hz: Tensor, own: int) -> Tensor:
        """Return waves with the bandwidth of their recordings where their mel is predicted."""
        if not own:
            return wav
        limited = band_limited(wav[:own], known_hz[:own], self.features.config.mel.sample_rate)
        return torch.cat([limited, wav[own:]])

    def _judge(
        self, heard: Tensor, real: Tensor, ours: Spectra, theirs: Spectra, step: int
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Ask a few critics; returns the generator's loss, the critics' loss, and the parts of the former."""
        rng = np.random.default_rng((_CHOOSE, self.loop.seed, step))
        chosen = self.critics.choose(rng, self.config.periods, self.config.resolutions)
        self.critics.train()
        with self._autocast_block(), parametrize.cached():  # both calls share the weights
            of_real = self.critics(real, theirs.complex, chosen)
            of_fake = self.critics(heard, ours.complex, chosen)
        parts = {"adversarial": adversarial_loss(of_fake), "matching": matching_loss(of_real, of_fake)}
        weights = {"adversarial": self.config.adversarial_weight, "matching": self.config.matching_weight}
        told = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
        return told, critic_loss(of_real, of_fake), parts

    def _learn_critics(self, loss: Tensor) -> float:
        optimizer, parameters = self._optimizers["critics"], list(self.critics.parameters())
        optimizer.zero_grad(set_to_none=True)
        (loss / self.world.size).backward(inputs=parameters)  # type: ignore[no-untyped-call]
        return self._apply(optimizer, parameters)

    def _learn_generator(self, fake: Tensor, gradient: Tensor, blur: Tensor) -> float:
        optimizer = self._optimizers["generator"]
        optimizer.zero_grad(set_to_none=True)
        tensors, gradients = [fake], [gradient / self.world.size]
        if self.joint is not None and blur.requires_grad:
            tensors.append(blur)
            gradients.append(blur.new_tensor(self.joint.config.blur_weight / self.world.size))
        torch.autograd.backward(tensors, gradients)
        return self._apply(optimizer, self._learning)

    def _apply(self, optimizer: torch.optim.Optimizer, parameters: Sequence[nn.Parameter]) -> float:
        """Sum gradients over all processes, clip, step; returns their norm. One that is not finite changes nothing."""
        self.world.sum_gradients(parameters)
        norm = float(nn.utils.clip_grad_norm_(parameters, self.config.clip))
        if math.isfinite(norm):
            optimizer.step()
        return norm

    def _autocast_block(self) -> AbstractContextManager[object]:
        return torch.autocast(self.world.device.type, torch.bfloat16) if self._autocast else nullcontext()


def _own_sampler(joint: DecoderMels, config: VocoderConfig) -> SegmentSampler:
    present = {clip.speaker for clip in joint.clips}
    shares = {name: share for name, share in config.shares.items() if name in present}
    return SegmentSampler(joint.clips, config.frames + 1, shares)


def _spread(clips: Sequence[Clip], frames: int) -> tuple[Sequence[Clip], Rows]:
    """Return the places of at most 32 segments spread over the clips held out, each in the middle of its clip."""
    fit = [index for index, clip in enumerate(clips) if clip.split == "dev" and clip.frames > frames]
    chosen = fit[:: max(1, len(fit) // HELD_OUT_SEGMENTS)][:HELD_OUT_SEGMENTS]
    return clips, np.array([[index, (clips[index].frames - frames) // 2] for index in chosen], np.int64)


def _noise(wav: Tensor, seed: tuple[int, ...]) -> Tensor:
    """Return white noise of a wave's shape, a function of the seed alone."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(wav.shape, np.float32)).to(wav.device)
