"""A voice of Piper as a draft of a bundle."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.piper import PiperBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import PortError
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import sizes
from tingshuo.port.importers.piper import PiperVoice, read_piper
from tingshuo.store.manifest import Attribution
from tingshuo.tasks.piper.loop import Scales, plan, speak
from tingshuo.tasks.piper.model import TABLES, Piper
from tingshuo.types import Runs

WORK = Attribution(
    work="Piper",
    author="Rhasspy, Open Home Foundation",
    licence="MIT",
    url="https://github.com/rhasspy/piper",
    used_for="layout of the nets and of the settings; the weights are those that were imported",
)
NO_LANGUAGE = "und"
PHONEMES, WINDOW = 16, 32
"""Of the rehearsal: phonemes, and frames of a window."""


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
        There is no voice, a file is of another kind or damaged, or its graph cannot be taken apart.
    """
    if voice is not None:
        raise PortError(f"{path}: holds one voice; import it, then choose its speakers with --speaker")
    read = read_piper(path)
    if read.net is None:
        raise PortError(f"{read.files[0]}: cannot be imported: {'; '.join(read.remarks)}; its training's .ckpt can be")
    config = _config(read)
    return Draft(
        name=read.name,
        task="tts",
        config=config,
        parts={"acoustic": Part(read.net.tensors, read.net.report)},
        rehearse=speak_some(config, read.net.tensors),
        system="piper",
        source=f"the Piper voice {read.files[0].name}",
        languages=(read.settings.language.replace("_", "-") or NO_LANGUAGE,),
        licence=read.licence,
        attributions=(WORK,),
        notes=(*read.remarks, *_notes(read)),
    )


def speak_some(config: PiperBundleConfig, tables: Mapping[str, NDArray[Any]]) -> Callable[[Mapping[str, Runs]], None]:
    """Return a rehearsal: the first rows of the phoneme table, whatever language the voice speaks."""

    def rehearse(graphs: Mapping[str, Runs]) -> None:
        model = Piper("rehearsal", config, cast(Mapping[str, Session], graphs), {TABLES: tables})
        ids = np.arange(min(PHONEMES, int(cast(int, config.architecture["vits.symbols"]))), dtype=np.int64)
        speaker = None if model.speakers is None else np.asarray(model.speakers[0], np.float32)
        scales = Scales(config.noise, config.length, config.duration_noise)
        planned = plan(graphs, model.sizes, ids, scales, np.random.default_rng(0), speaker)
        for _ in speak(graphs, model.sizes, planned, WINDOW):
            pass

    return rehearse


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
