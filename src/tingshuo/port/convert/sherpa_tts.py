"""A voice of sherpa-onnx, VITS or Matcha with its vocoder, as a draft of a bundle: its graphs are used as they are."""

from pathlib import Path

from tingshuo.config import FrameConfig, MelConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.graph_voice import GraphVoiceConfig, VocoderRoles
from tingshuo.errors import PortError
from tingshuo.port.convert.graph_voice import Told, people, voice_draft
from tingshuo.port.draft import Draft
from tingshuo.port.importers.onnx_files import read_onnx
from tingshuo.port.importers.sherpa_tts import TOKENS, Found, Graph, find, vocoder_of
from tingshuo.port.importers.sherpa_tts_text import read_reading
from tingshuo.store.manifest import Attribution
from tingshuo.tasks.graph_voice.model import ACOUSTIC, VOCODER

SYSTEM = "sherpa-tts"
WORK = Attribution(
    work="sherpa-onnx",
    author="Next-gen Kaldi (k2-fsa)",
    licence="Apache-2.0",
    url="https://github.com/k2-fsa/sherpa-onnx",
    used_for="layout of the files and of the metadata; the weights are those that were imported",
)
MATCHA_MEL = MelConfig(
    sample_rate=22050, n_fft=1024, hop_length=256, win_length=1024, n_mels=80, fmin=0.0, fmax=8000.0, floor=1e-5, scale="slaney",
    norm="slaney", framing="same", power_offset=1e-9,
)  # fmt: skip
"""Of Matcha, which is that of HiFi-GAN; source: ``matcha/audio.py`` of https://github.com/k2-fsa/icefall (Apache-2.0)."""
ALONE = ("model",)
"""Names of files that say nothing of the voice; the folder's name is better."""
MAX_SPEAKERS = 100_000


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a voice.

    Parameters
    ----------
    path : Path
        The ``.onnx`` file of a voice, or its folder.
    voice : str or None
        There is one; its speakers are chosen when it speaks.

    Raises
    ------
    PortError
        There is no voice, a file is missing, damaged or does not fit, or a graph cannot be run.
    """
    if voice is not None:
        raise PortError(f"{path}: holds one voice; import it, then choose its speakers with --speaker")
    found = find(path)
    settings = found.acoustic.path.with_name(f"{found.acoustic.path.name}.json")
    if "piper" in found.text("comment") and settings.is_file():
        from tingshuo.port.convert import piper

        return piper.draft(found.acoustic.path)  # whose graph may be taken apart, and says more
    if not found.has(TOKENS):
        raise PortError(f"{found.folder / TOKENS}: is missing, without which nobody knows the symbols of the voice; put it there")
    rate = found.number("sample_rate")
    vocoder = vocoder_of(found)
    reading = read_reading(found)
    name = _name(found)
    models = {ACOUSTIC: read_onnx(found.acoustic.path)}
    if vocoder is not None:
        models[VOCODER] = read_onnx(vocoder.path)
    config = GraphVoiceConfig(
        family=GraphVoiceConfig.FAMILY,
        speakers=people(_speakers(found, name)),
        styles=ONE_STYLE,
        frames=FrameConfig(rate, 0),
        inputs=reading.inputs,
        outputs=reading.outputs,
        text=reading.text,
        vocoder=None if vocoder is None else vocoder_roles(vocoder),
        mel=None if vocoder is None or rate != MATCHA_MEL.sample_rate else MATCHA_MEL,
        scales=reading.scales,
    )
    told = Told(
        name=name,
        system=SYSTEM,
        source=f"the sherpa-onnx voice {name} ({found.acoustic.path.name})",
        where=str(found.acoustic.path),
        languages=reading.languages,
        licence=found.licence(),
        attributions=(WORK,),
        notes=(*found.notes(), *_told_vocoder(vocoder), *reading.notes),
    )
    return voice_draft(models, config, told)


def vocoder_roles(vocoder: Graph) -> VocoderRoles:
    """Return the parts of a vocoder of sherpa-onnx: samples, or magnitude, cosine and sine.

    Raises
    ------
    PortError
        It inverts its transform in a way that is not known here.
    """
    mel = next(iter(vocoder.head.inputs), "mel")
    outputs = list(vocoder.head.outputs)
    if vocoder.said.get("model_type") == "hifigan":
        return VocoderRoles(mel=mel, wav=outputs[0])
    if len(outputs) != 3:
        raise PortError(f"{vocoder.path}: gives {', '.join(outputs)}, and a Vocos of sherpa-onnx gives magnitude, cos and sin")
    n_fft, hop = _number(vocoder, "n_fft", 1024), _number(vocoder, "hop_length", 256)
    said = {"center": "1", "normalized": "0", "window_type": "hann", **vocoder.said}
    plain = (said["center"], said["normalized"], said["window_type"]) == ("1", "0", "hann")
    if not plain or _number(vocoder, "win_length", 1024) != n_fft:
        raise PortError(
            f"{vocoder.path}: its transform is not centred with a Hann window as long as its frames, and no other can be "
            "inverted here"
        )
    return VocoderRoles(mel=mel, magnitude=outputs[0], cos=outputs[1], sin=outputs[2], n_fft=n_fft, hop_length=hop)


def _number(vocoder: Graph, key: str, default: int) -> int:
    said = vocoder.said.get(key, str(default))
    if not said.isdecimal() or len(said) > 6:
        raise PortError(f"{vocoder.path}: says {key} {said!r}, which is no number of samples")
    return int(said)


def _told_vocoder(vocoder: Graph | None) -> tuple[str, ...]:
    return () if vocoder is None else (f"its vocoder is {vocoder.path.name}, which lay beside it",)


def _name(found: Found) -> str:
    stem = found.acoustic.path.stem.removesuffix(".int8")
    return found.folder.resolve().name if stem.startswith(ALONE) else stem


def _speakers(found: Found, name: str) -> tuple[str, ...]:
    count = found.number("n_speakers")
    if count > MAX_SPEAKERS:
        raise PortError(f"{found.acoustic.path}: says it has {count} speakers, which is no voice")
    return tuple(map(str, range(count))) if count > 1 else (name,)
