"""The vocoder of a student of an imported voice, taught further on that voice's own speech."""

from dataclasses import replace
from pathlib import Path

from tingshuo.config import MelConfig
from tingshuo.data.features import FeatureConfig, Features
from tingshuo.port.vocoders import Vocoder
from tingshuo.train.config import TrainConfig
from tingshuo.train.distributed import World
from tingshuo.train.generator import build_generator
from tingshuo.train.imported_config import ImportedConfig
from tingshuo.train.light_lessons import HELD_OUT_EVERY
from tingshuo.train.loop_config import Pace
from tingshuo.train.material import Material
from tingshuo.train.run_folder import Learnt
from tingshuo.train.stages import Stages, plain
from tingshuo.train.told import Told
from tingshuo.train.vocoder_config import VocoderConfig


def teach_vocoder(
    base: Vocoder, features: Features, config: ImportedConfig, run: Path, label: str, told: Told
) -> tuple[Vocoder, Learnt]:
    """Teach a copy of a vocoder on what an imported voice has said; goes on where an interrupted training ended.

    Parameters
    ----------
    base : Vocoder
        Of the built-in voice.
    features : Features
        What was said. One clip in `HELD_OUT_EVERY` judges and does not teach.
    config : ImportedConfig
        For how many steps, with which seed and threads.
    run : Path
        Gets a folder ``vocoder``, and a report.
    label : str
        ``name@version`` of the built-in voice.
    told : Told
        Told how far it is.

    Returns
    -------
    tuple
        The vocoder as it is used, and what came of the training, which may have been interrupted.

    Raises
    ------
    TrainError
        No clip is as long as a segment, or the training was begun with other settings.
    """
    settings = vocoder_settings(config, features.config.mel)
    run.mkdir(parents=True, exist_ok=True)
    judged = [
        replace(clip, split="train" if (number + 1) % HELD_OUT_EVERY else "dev") for number, clip in enumerate(features.clips)
    ]
    material = Material((), replace(features, clips=tuple(judged)), ())
    stages = Stages(run, settings, material, label, World(), told)
    generator = build_generator(settings.vocoder, settings.features.mel, base, config.loop.seed)
    stages.vocoder(generator)
    return plain(generator), stages.learnt[-1]


def vocoder_settings(config: ImportedConfig, mel: MelConfig) -> TrainConfig:
    """Return the settings of a training that goes on with a finished vocoder."""
    pace = Pace(steps=config.vocoder_steps, rate=1e-4, warm_up=100, log_every=10, evaluate_every=250, checkpoint_every=250)
    return TrainConfig(
        stages=("vocoder",),
        features=FeatureConfig(mel=mel),
        loop=config.loop,
        vocoder=VocoderConfig(loop=pace),
    )
