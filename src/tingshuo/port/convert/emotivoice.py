"""A voice of EmotiVoice as a draft of a bundle: acoustic model, vocoder, and the encoder of prompts and texts."""

from pathlib import Path

from tingshuo.config import FrameConfig, PersonConfig, Size
from tingshuo.config.emotivoice import EmotiVoiceBundleConfig, PiecesConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.errors import PortError
from tingshuo.models.hifigan import graphs as hifigan
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import sizes
from tingshuo.port.importers.bert import ForeignBert
from tingshuo.port.importers.emotivoice import ForeignEmotiVoice, read_emotivoice, read_prompt_encoder
from tingshuo.store.manifest import Attribution
from tingshuo.types import EMOTIONS

WORK = Attribution(
    work="EmotiVoice",
    author="NetEase Youdao",
    licence="Apache-2.0",
    url="https://github.com/netease-youdao/EmotiVoice",
    used_for="layout of the nets, lists of tokens and speakers; the weights are those that were imported",
)


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a voice.

    Parameters
    ----------
    path : Path
        The folder of the project or of a voice in it, or a checkpoint.
    voice : str or None
        There is one; its speakers are chosen when it speaks.

    Raises
    ------
    PortError
        A file is missing or another one, or they do not fit each other; or a voice was asked for.
    """
    if voice is not None:
        raise PortError(f"{path}: holds one voice of many speakers; import it, then choose with --speaker {voice}")
    read, prompts = read_emotivoice(path), read_prompt_encoder(path)
    if prompts.config.dim != read.config.prompt:
        raise PortError(
            f"{path}: the prompt encoder makes {prompts.config.dim} numbers, and the voice reads {read.config.prompt}; "
            "they are of two voices"
        )
    config = _config(read, prompts)
    parts = {
        "acoustic": Part(read.acoustic.tensors, read.acoustic.report),
        "vocoder": Part(read.vocoder.tensors, read.vocoder.report),
        "prompt": Part(prompts.fitted.tensors, prompts.fitted.report),
    }
    return Draft(
        name="emotivoice" if "exp" not in read.checkpoint.parts else read.checkpoint.parent.parent.name,
        task="tts",
        config=config,
        parts=parts,
        system="emotivoice",
        source=f"the EmotiVoice checkpoint {read.checkpoint.name}",
        languages=("zh-CN", "en-US"),
        emotions=EMOTIONS,
        licence=read.licence,
        attributions=(WORK,),
        notes=read.notes,
    )


def _config(voice: ForeignEmotiVoice, prompts: ForeignBert) -> EmotiVoiceBundleConfig:
    nets = {"emotivoice": voice.config, "hifigan": voice.vocoder_config, "bert": prompts.config}
    architecture: dict[str, Size] = {}
    for name, net in nets.items():
        architecture |= sizes(name, net)
    pieces = PiecesConfig(prompts.vocabulary, prompts.lower, prompts.strip_accents, prompts.chinese, prompts.config.positions)
    return EmotiVoiceBundleConfig(
        family="emotivoice+hifigan",
        speakers=tuple(PersonConfig(name, "unspecified") for name in voice.speakers),
        styles=ONE_STYLE,
        frames=FrameConfig(voice.sample_rate, voice.vocoder_config.hop_length),
        tokens=voice.tokens,
        prompts=voice.emotions,
        pieces=pieces,
        vocoder_context_frames=hifigan.vocoder_context_frames(voice.vocoder_config),
        architecture=architecture,
    )
