"""The stages of a training: acoustic model, vocoder, and both together.

Each is a training of its own in a folder of the run, see `tingshuo.train.run_folder`. It begins with what the stages before it
have learnt and leaves its nets with the averaged weights that are published: those judged best of an acoustic model, the last
ones of a vocoder, for critics make spectra farther from a recording's while they make it sound better.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.models.layers.discriminators import Critics
from tingshuo.port.vocoders import Vocoder, vocoder_family
from tingshuo.train import loop
from tingshuo.train.acoustic import AcousticRecipe
from tingshuo.train.checkpoint import BEST, LAST, has_checkpoint, load_part
from tingshuo.train.config import Stage, TrainConfig
from tingshuo.train.distributed import World
from tingshuo.train.joint import DecoderMels
from tingshuo.train.material import Material
from tingshuo.train.report import write_report
from tingshuo.train.run_folder import Learnt, check_identities
from tingshuo.train.samples import acoustic_samples, joint_samples, keep, vocoder_samples
from tingshuo.train.start import Start
from tingshuo.train.told import Told
from tingshuo.train.vocoder import VocoderRecipe
from tingshuo.train.vocoder_config import BASE, VocoderConfig


class Stages:
    """Trains the stages of a run, one after the other.

    Parameters
    ----------
    run : Path
        Folder of the run.
    config : TrainConfig
        Which stages, and everything about them.
    material : Material
        What is learnt from.
    label : str
        ``name@version`` of the base voice.
    world : World
        The processes that train together.
    told : Told
        Told how far it is.
    """

    def __init__(self, run: Path, config: TrainConfig, material: Material, label: str, world: World, told: Told) -> None:
        self.run, self.config, self.material, self.label = run, config, material, label
        self.world, self.told = world, told
        self.learnt: list[Learnt] = []

    def check(self, from_base: bool) -> None:
        """Refuse to go on with other settings or data than a stage was begun with.

        Raises
        ------
        TrainError
            Names what differs.
        """
        check_identities(self.run, {stage: self._identity(stage, from_base) for stage in self.config.stages})

    def acoustic(self, start: Start, vocoder: Vocoder | None, from_base: bool) -> bool:
        """Train an acoustic model; returns whether it was not interrupted. ``vocoder`` makes its samples heard."""
        material = self.material
        tables = start.tables(material.features)
        recipe = AcousticRecipe(start.net, material.features, material.examples, tables, self.config, self.world)
        going_on = self._fit("acoustic", recipe, from_base, lambda step: acoustic_samples(recipe, vocoder, step))
        judged = (self.run / "acoustic" / "checkpoints" / BEST).is_dir()
        return self._leave("acoustic", going_on, start.net, BEST if judged else LAST)

    def vocoder(self, net: Vocoder) -> bool:
        """Train a vocoder; returns whether it was not interrupted."""
        recipe = VocoderRecipe(
            net,
            self.material.features,
            self._beginning(self.config.vocoder),
            self.config.loop_of("vocoder"),
            critics=self._critics(),
            world=self.world,
        )
        going_on = self._fit("vocoder", recipe, False, lambda step: vocoder_samples(recipe, step))
        return self._leave("vocoder", going_on, net)

    def joint(self, net: Vocoder, start: Start, from_base: bool) -> bool:
        """Train a vocoder and the decoder of an acoustic model together; returns whether it was not interrupted."""
        features, critics, settings = self.material.features, self._critics(), self._beginning(self.config.vocoder)
        if "vocoder" in self.config.stages:
            load_part(self.run / "vocoder", "critics", critics)
            settings = settings.replace(warm_up=0, critics_alone=0)
        mels = DecoderMels(
            start.net.to(self.world.device), features, self.material.examples, start.tables(features), self.config.joint
        )
        recipe = VocoderRecipe(
            net, features, settings, self.config.loop_of("joint"), joint=mels, critics=critics, world=self.world
        )
        going_on = self._fit("joint", recipe, from_base, lambda step: joint_samples(recipe, step))
        return self._leave("joint", going_on, nn.ModuleList([net, start.net]))

    def _fit(self, stage: Stage, recipe: loop.Recipe, from_base: bool, samples: Callable[[int], Any]) -> bool:
        folder = self.run / stage
        folder.mkdir(exist_ok=True)

        def show(step: int) -> None:
            keep(folder, samples(step))
            write_report(self.run, events=False)

        result = loop.fit(
            recipe,
            folder,
            self.config.loop_of(stage),
            self._identity(stage, from_base),
            resume=has_checkpoint(folder),
            world=self.world,
            watch=self._watch(stage),
            show=show,
        )
        if self.world.leads:
            write_report(self.run)
        self.world.any(False)  # the others wait until the last checkpoint is there
        self.learnt.append(Learnt(stage, result.step, result.finished, result.best))
        return result.finished

    def _leave(self, stage: Stage, finished: bool, net: nn.Module, name: str = LAST) -> bool:
        """Leave the averaged weights in a net that has learnt all it shall."""
        if finished:
            load_part(self.run / stage, "average", net, name)
            net.eval()
        return finished

    def _identity(self, stage: Stage, from_base: bool) -> Mapping[str, Any]:
        """Return what must be the same to go on with a stage."""
        tuned = stage != "acoustic" and self.config.vocoder.family == BASE
        identity = {"data": self.material.features.key, "from": self.label if from_base and stage != "vocoder" else ""}
        if tuned:
            identity["vocoder of"] = self.label
        if stage == "joint":
            identity["after"] = ", ".join(one for one in self.config.stages if one != "joint")
        return self.config.identity(stage) | identity

    def _beginning(self, config: VocoderConfig) -> VocoderConfig:
        """Return settings for the beginning: a vocoder that has learnt already goes on with critics, once these know it."""
        return config.replace(warm_up=0) if config.family == BASE else config.replace(critics_alone=0)

    def _critics(self) -> Critics:
        torch.manual_seed(self.config.loop.seed)
        return Critics()

    def _watch(self, stage: Stage) -> Callable[[loop.Progress], None]:
        steps = self.config.loop_of(stage)
        whole = f" of {steps.steps}" if steps.minutes is None else ""

        def watch(seen: loop.Progress) -> None:
            losses = ", ".join(f"{name} {value:.3f}" for name, value in list(seen.losses.items())[:2])
            self.told(stage, seen.done, f"step {seen.step}{whole}, {losses}")

        return watch


def plain(net: Vocoder) -> Vocoder:
    """Return a vocoder as it is used: without what training adds, on the processor, in evaluation mode."""
    bare: Vocoder = vocoder_family(net).plain(net)
    return bare.cpu().eval()


def acoustic_net(start: Start) -> FastSpeech:
    """Return an acoustic model as it is used."""
    return start.net.cpu().eval()
