"""A voice of KAN-TTS or ModelScope as a draft of a bundle."""

from dataclasses import replace
from pathlib import Path

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.sambert import SambertBundleConfig
from tingshuo.errors import PortError
from tingshuo.models.kan_hifigan import graphs as kan_hifigan
from tingshuo.port.convert.kan_hifigan import draft as draft_vocoder
from tingshuo.port.convert.kan_hifigan import mel_of
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import sizes
from tingshuo.port.importers.sambert import SambertVoice, read_voice
from tingshuo.port.importers.sambert_files import find_lone_vocoder, find_voices
from tingshuo.store.manifest import Attribution
from tingshuo.tasks.sambert.model import SPEAKER_TABLE, offered_emotions

WORK = Attribution(
    work="Sambert-HifiGan",
    author="Alibaba Research, KAN-TTS",
    licence="MIT",
    url="https://github.com/alibaba-damo-academy/KAN-TTS",
    used_for="layout of the nets; the weights are those that were imported",
)
NO_ACOUSTIC = "there is no acoustic model here, so this is the vocoder alone; with am/ckpt beside it, it is a voice"


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a voice, or a vocoder that lies without its acoustic model.

    Parameters
    ----------
    path : Path
        A download, the folder of a voice, or anything in that.
    voice : str or None
        Which of several; None is the first.

    Raises
    ------
    PortError
        A file is missing, damaged or of another kind; the message names it.
    """
    alone = find_lone_vocoder(path) if voice is None else None
    if alone is not None:
        made = draft_vocoder(alone)
        return replace(made, notes=(*made.notes, NO_ACOUSTIC))
    found = find_voices(path)
    files = next((one for one in found if voice in (None, one.name)), None)
    if files is None:
        raise PortError(f"{path}: has no voice {voice!r}; it has {', '.join(one.name for one in found)}")
    read = read_voice(files)
    config = _config(read)
    tensors = dict(read.acoustic.tensors)
    if read.speaker_vector is not None:
        tensors[SPEAKER_TABLE] = read.speaker_vector[None]
    parts = {"acoustic": Part(tensors, read.acoustic.report), "vocoder": Part(read.vocoder.tensors, read.vocoder.report)}
    known = {"acoustic": read.acoustic.steps, "vocoder": read.vocoder.steps}
    steps = ", ".join(f"{name} {n}" for name, n in known.items() if n)
    return Draft(
        name=read.name,
        task="tts",
        config=config,
        parts=parts,
        system="sambert",
        source=f"the Sambert-HifiGan voice {read.name}{f' (steps: {steps})' if steps else ''}",
        emotions=config.emotions,
        licence=read.licence,
        attributions=(WORK,),
        notes=_notes(read, found[0].name if len(found) > 1 and voice is None else None, len(found)),
    )


def _config(voice: SambertVoice) -> SambertBundleConfig:
    acoustic, vocoder = voice.acoustic.config, voice.vocoder.config
    return SambertBundleConfig(
        family="sambert+kan_hifigan",
        speakers=tuple(PersonConfig(name, "unspecified") for name in _speakers(voice)),
        styles=ONE_STYLE,
        emotions=offered_emotions(),
        frames=FrameConfig(voice.audio.sample_rate, voice.audio.hop_length),
        mel=mel_of(voice.audio),
        sizes=acoustic.sizes,
        has_mask=voice.vocabulary.has_mask,
        reads_bytes=voice.reads_bytes,
        harmonics=vocoder.harmonics,
        f0_scale_hz=voice.f0.scale if voice.f0 else 1.0,
        f0_offset_hz=voice.f0.offset if voice.f0 else 0.0,
        vocoder_context_frames=kan_hifigan.vocoder_context_frames(vocoder),
        architecture=sizes("sambert", acoustic) | sizes("kan_hifigan", vocoder),
    )


def _speakers(voice: SambertVoice) -> tuple[str, ...]:
    """Names of who can be spoken as: those of the table, or whoever the one vector is of."""
    listed = voice.vocabulary.speakers
    return listed if voice.speaker_vector is None or len(listed) == 1 else (voice.name,)


def _notes(voice: SambertVoice, chosen: str | None, n: int) -> tuple[str, ...]:
    said = []
    if chosen is not None:
        said.append(f"there are {n} voices here; this is {chosen}, the default one")
    said.append("which of the emotions of its table it has learnt, its files do not say; try them")
    if voice.reads_bytes:
        said.append("it reads the bytes of a text instead of phones, which was not proved against the original")
    return tuple(said)
