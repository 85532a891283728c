"""A voice of Piper as a draft of a bundle."""

from pathlib import Path

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.piper import PiperBundleConfig
from tingshuo.errors import PortError
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import sizes
from tingshuo.port.importers.piper import PiperVoice, read_piper
from tingshuo.store.manifest import Attribution

WORK = Attribution(
    work="Piper",
    author="Rhasspy, Open Home Foundation",
    licence="MIT",
    url="https://github.com/rhasspy/piper",
    used_for="layout of the nets and of the settings; the weights are those that were imported",
)
NO_LANGUAGE = "und"


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a voice.

    Parameters
    ----------
    path : Path
        ``.onnx`` or ``.ckpt`` with its settings beside it, or a folder with one of them.
    voice : str or None
        There is one; its speakers are chosen when it speaks.

    Raises
    ------
    PortError
        There is no voice, or a file is of another kind or damaged.
    """
    if voice is not None:
        raise PortError(f"{path}: holds one voice; import it, then choose its speakers with --speaker")
    read = read_piper(path)
    if read.net is None:
        from tingshuo.port.convert.piper_whole import whole_draft

        return whole_draft(read, WORK)
    config = _config(read)
    return Draft(
        name=read.name,
        task="tts",
        config=config,
        parts={"acoustic": Part(read.net.tensors, read.net.report)},
        system="piper",
        source=f"the Piper voice {read.files[0].name}",
        languages=(read.settings.language.replace("_", "-") or NO_LANGUAGE,),
        licence=read.licence,
        attributions=(WORK,),
        notes=(*read.remarks, *_notes(read)),
    )


def _config(voice: PiperVoice) -> PiperBundleConfig:
    assert voice.net is not None
    net, settings = voice.net.config, voice.settings
    inventory, scales = settings.inventory, settings.scales
    return PiperBundleConfig(
        family=PiperBundleConfig.FAMILY,
        speakers=tuple(PersonConfig(name, "unspecified") for name in settings.speakers or (voice.name,)),
        styles=ONE_STYLE,
        frames=FrameConfig(net.sample_rate, net.hop_length),
        phonemes=inventory.kind,  # type: ignore[arg-type]  # checked when the settings were read
        phoneme_ids={phoneme: tuple(rows) for phoneme, rows in inventory.ids.items()},
        espeak_voice=inventory.espeak_voice,
        latent=net.latent,
        stochastic=net.stochastic,
        decoder_context_frames=net.decoder_context_frames,
        noise=scales.noise,
        length=scales.length,
        duration_noise=scales.duration_noise,
        architecture=sizes("vits", net),
    )


def _notes(voice: PiperVoice) -> tuple[str, ...]:
    said = []
    if voice.error_db is not None:
        said.append(f"its graph was taken apart into our own net, which equals it: {voice.error_db:.0f} dB")
    if not voice.settings.inventory.is_mandarin and voice.settings.inventory.kind == "espeak":
        said.append("it speaks another language than Mandarin, for which the program espeak-ng has to be installed")
    return tuple(said)
