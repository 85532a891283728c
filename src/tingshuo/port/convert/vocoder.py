"""A vocoder alone as a draft of a bundle; it is proved with speech of the built-in voice, as the mel that it reads."""

from pathlib import Path

from tingshuo.config import MelConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.errors import PortError
from tingshuo.models.kan_hifigan import graphs as kan_hifigan
from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import sizes as architecture_of
from tingshuo.port.importers.keys import Fitted
from tingshuo.port.vocoders import VocoderConfig, vocoder_family
from tingshuo.store.manifest import Attribution

Sizes = VocoderConfig | KanHiFiGanConfig
TASK = "vocoder"
NO_LANGUAGE = "zxx"
"""What BCP 47 writes where there is no language: a vocoder says what it is given."""


def vocoder_draft(
    *,
    name: str,
    system: str,
    sizes: Sizes,
    mel: MelConfig,
    fitted: Fitted,
    checkpoint: Path,
    licence: str | None,
    work: Attribution,
    notes: tuple[str, ...] = (),
) -> Draft:
    """Return a draft of a vocoder.

    Parameters
    ----------
    name, system : str
        Of the bundle, and whose it was.
    sizes : VocoderConfig or KanHiFiGanConfig
        Of its net.
    mel : MelConfig
        What it reads.
    fitted : Fitted
        Its tensors, and how they went over.
    checkpoint : Path
        What was imported.
    licence : str or None
        What its files say.
    work : Attribution
        The project whose layout it has.
    notes : tuple of str
        What was found.
    """
    config = vocoder_config(sizes, mel)
    return Draft(
        name=name,
        task=TASK,
        config=config,
        parts={TASK: Part(fitted.tensors, fitted.report)},
        system=system,
        source=f"the {work.work} vocoder {checkpoint.name}",
        languages=(NO_LANGUAGE,),
        licence=licence,
        attributions=(work,),
        notes=notes,
    )


def vocoder_config(sizes: Sizes, mel: MelConfig) -> VocoderBundleConfig:
    """Return the config of a bundle with a vocoder of some sizes that reads a mel."""
    if isinstance(sizes, KanHiFiGanConfig):
        kind, context = "kan_hifigan", max(kan_hifigan.vocoder_context_frames(sizes))
    else:
        family = vocoder_family(sizes)
        kind, context = family.name, family.context_frames(sizes)
    return VocoderBundleConfig(
        family=f"{VocoderBundleConfig.FAMILY}+{kind}",
        mel=mel,
        vocoder_context_frames=context,
        steady_noise=bool(getattr(sizes, "steady_noise", False)),
        architecture=architecture_of(kind, sizes),
    )


def refuse_choice(path: Path, voice: str | None) -> None:
    """Refuse a name of one of several voices.

    Raises
    ------
    PortError
        One was given.
    """
    if voice is not None:
        raise PortError(f"{path}: holds a vocoder and no voice {voice!r}; leave --voice out")
