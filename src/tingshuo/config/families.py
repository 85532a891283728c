"""Which record the config of a family is.

A family is the kind of acoustic model, or of whatever the bundle is, and after a ``+`` what goes with it: ``fastspeech+vocos``.
"""

from pathlib import Path

from tingshuo.config.codec import CodecBundleConfig
from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.config.dnn import DnnBundleConfig
from tingshuo.config.emotivoice import EmotiVoiceBundleConfig
from tingshuo.config.family import FamilyConfig
from tingshuo.config.graph_recogniser import GraphRecogniserConfig
from tingshuo.config.graph_voice import GraphVoiceConfig
from tingshuo.config.keywords import KeywordsBundleConfig
from tingshuo.config.language import LanguageBundleConfig
from tingshuo.config.piper import PiperBundleConfig
from tingshuo.config.rvc import RvcBundleConfig
from tingshuo.config.sambert import SambertBundleConfig
from tingshuo.config.tdnn_lstm import TdnnLstmBundleConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.config.voice import VoiceConfig
from tingshuo.errors import ConfigError

CONFIGS: dict[str, type[FamilyConfig]] = {
    kind.FAMILY: kind
    for kind in (
        CodecBundleConfig,
        ConformerBundleConfig,
        DnnBundleConfig,
        EmotiVoiceBundleConfig,
        GraphRecogniserConfig,
        GraphVoiceConfig,
        KeywordsBundleConfig,
        LanguageBundleConfig,
        PiperBundleConfig,
        RvcBundleConfig,
        SambertBundleConfig,
        TdnnLstmBundleConfig,
        VocoderBundleConfig,
        VoiceConfig,
    )
}


def config_of(family: str) -> type[FamilyConfig]:
    """Return the record of a family.

    Raises
    ------
    ConfigError
        It is not known; the message lists those that are.
    """
    name = family.partition("+")[0]
    if name not in CONFIGS:
        raise ConfigError(f"the family {family!r} is not known; known: {', '.join(CONFIGS)}")
    return CONFIGS[name]


def read_config(path: Path, family: str) -> FamilyConfig:
    """Read the config of a bundle of a family.

    Raises
    ------
    ConfigError
        The family is not known, or the file cannot be read, is not JSON, or has an unknown key or a wrong value.
    """
    try:
        kind = config_of(family)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    return kind.read(path)
