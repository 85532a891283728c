"""What a model was made with, read from the ``config.json`` of its bundle."""

from tingshuo.config.family import FamilyConfig, FrameConfig, PersonConfig, Size, SpeakerConfig, StyleConfig
from tingshuo.config.mel import MelConfig
from tingshuo.config.strict import StrictModel
from tingshuo.config.voice import VoiceConfig

__all__ = [
    "FamilyConfig",
    "FrameConfig",
    "MelConfig",
    "PersonConfig",
    "Size",
    "SpeakerConfig",
    "StrictModel",
    "StyleConfig",
    "VoiceConfig",
]
