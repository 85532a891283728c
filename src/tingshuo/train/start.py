"""Where an acoustic training begins: a net with fresh weights, or that of a finished voice with rows for new speakers.

From a finished voice, each new speaker begins as the speaker of the voice that is most like them, and each new style as its first
style. When styles are not learnt, the voice's own are kept and offered with the new timbres, at the tempo of the new speakers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tingshuo.audio.mel import QUIET, log_mel
from tingshuo.config import SpeakerConfig, StyleConfig, VoiceConfig
from tingshuo.data.features import Features
from tingshuo.errors import TrainError
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.port.nets import VoiceNets
from tingshuo.text.symbols import (
    ALL_PHONES,
    ALL_TONES,
    ENGLISH_PHONES,
    MANDARIN_TONES,
    NEAREST,
    NEAREST_TONES,
    PHONES,
    has_english,
)
from tingshuo.train.config import AcousticConfig, TrainConfig
from tingshuo.train.examples import Example, Tables
from tingshuo.train.newcomer import fit_output, nearest_speakers, upper_bands

SIZES = (
    "dim", "heads", "encoder_layers", "encoder_hidden", "duration_layers", "duration_kernel", "pitch_hidden", "pitch_layers",
    "pitch_kernel", "decoder_dim", "decoder_hidden", "decoder_layers", "pitch_embedding_kernel",
)  # fmt: skip
"""Keys that `AcousticConfig` and `FastSpeechConfig` share."""
NEUTRAL = "neutral"
MEAN_CLIPS = 32
"""Clips that the means of a fresh net are taken from."""


@dataclass(frozen=True, slots=True)
class Start:
    """A net that is ready to learn, and what the rows of its tables are."""

    net: FastSpeech
    speakers: tuple[SpeakerConfig, ...]
    styles: tuple[StyleConfig, ...]
    emotions: tuple[str, ...]
    phonemes: tuple[str, ...] = PHONES
    bands: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """What to learn above the bandwidth of clips, by their ids."""

    def tables(self, features: Features) -> Tables:
        """Return the rows by name, with the pitch of the corpus."""
        named = ((one.name for one in self.speakers), (one.name for one in self.styles), self.emotions)
        speakers, styles, emotions = ({name: row for row, name in enumerate(names)} for names in named)
        return Tables(speakers, styles, emotions, features.pitch, self.bands)


def start_fresh(config: TrainConfig, features: Features, examples: Sequence[Example]) -> Start:
    """Build a net with random weights for the speakers, styles and emotions of a corpus; the seed is ``loop.seed``."""
    speakers = _speakers(config, features, examples)
    styles = tuple(StyleConfig(name, f"as {name} speaks") for name in _ordered(examples, "style"))
    emotions = _emotions(examples)
    sizes = {key: getattr(config.acoustic, key) for key in SIZES}
    phonemes = _phonemes(examples)
    torch.manual_seed(config.loop.seed)
    net = FastSpeech(
        FastSpeechConfig(
            phonemes=len(phonemes),
            tones=_tones(phonemes),
            mels=config.features.mel.n_mels,
            speakers=len(speakers),
            styles=len(styles),
            emotions=len(emotions),
            energy=int(config.acoustic.energy),
            **sizes,
        )
    )
    _begin_at_means(net, features, examples)
    return Start(net, speakers, styles, emotions, phonemes)


def start_from(
    voice: VoiceConfig, nets: VoiceNets, config: TrainConfig, features: Features, examples: Sequence[Example]
) -> Start:
    """Take the net of a finished voice and make rows for the speakers of a corpus; the voice's own speakers are not kept.

    A voice of Mandarin phones gets those of English when the corpus has English; a voice that has them keeps them.

    Raises
    ------
    TrainError
        The voice's mels or phones are others than those of the corpus.
    """
    if voice.mel != features.config.mel:
        raise TrainError("the voice was trained on mels of another kind; give its features.mel in the config")
    if voice.phonemes not in (PHONES, ALL_PHONES):
        raise TrainError("the voice speaks another set of phones; train a new one without --from")
    old = nets.acoustic.config
    speakers = _speakers(config, features, examples)
    learn = config.acoustic.learn
    new_styles = [name for name in _ordered(examples, "style") if name not in {style.name for style in voice.styles}]
    added = tuple(StyleConfig(name, f"as {name} speaks") for name in new_styles) if not learn or "style" in learn else ()
    emotions = voice.emotions or (_emotions(examples) if not learn or "emotion" in learn else ())
    phonemes = ALL_PHONES if has_english(voice.phonemes) else _phonemes(examples)
    tables = {"phonemes": len(phonemes), "tones": max(old.tones, _tones(phonemes))}
    net = FastSpeech(old.replace(speakers=len(speakers), styles=old.styles + len(added), emotions=len(emotions), **tables))
    tensors: dict[str, Tensor] = {k: v.clone() for k, v in nets.acoustic.state_dict().items()}
    if len(phonemes) > old.phonemes:
        learn_english(tensors)
    taught = [example for example in examples if example.clip.split == "train"]
    alone = Tables({one.name: 0 for one in speakers}, {}, {}, features.pitch)
    known = [example for example in taught if (example.phones.ids < old.phonemes).all()]
    nearest = nearest_speakers(nets.acoustic, features, known, alone, voice.speakers)
    tensors["speaker.weight"] = tensors["speaker.weight"][nearest]
    tensors["style.weight"] = torch.cat([tensors["style.weight"], tensors["style.weight"][:1].expand(len(added), -1)])
    net.load_state_dict(net.state_dict() | tensors)
    return _settled(Start(net.eval(), speakers, (*voice.styles, *added), emotions, phonemes), config.acoustic, features, taught)


def _settled(start: Start, config: AcousticConfig, features: Features, taught: Sequence[Example]) -> Start:
    """Bring a finished voice near to new speakers without a step of training."""
    tables = start.tables(features)
    bands = upper_bands(start.net, features, taught, tables) if config.upper_bands else {}
    start = replace(start, bands=bands)
    if config.hold:
        fit_output(start.net, features, taught, start.tables(features), config.hold)
    return start


def learn_english(tensors: dict[str, Tensor]) -> None:
    """Give the tables of a Mandarin net rows for English phones and stresses, each like the Mandarin one that is nearest."""
    nearest = [PHONES.index(NEAREST[phone]) for phone in ENGLISH_PHONES]
    tones = [NEAREST_TONES[tone] for tone in range(MANDARIN_TONES, ALL_TONES)]
    for name, like in (("phoneme.weight", nearest), ("tone.weight", tones)):
        tensors[name] = torch.cat([tensors[name], tensors[name][like]])


def _phonemes(examples: Sequence[Example]) -> tuple[str, ...]:
    """Return the phone table that a corpus needs."""
    return ALL_PHONES if any((example.phones.ids >= len(PHONES)).any() for example in examples) else PHONES


def _tones(phonemes: Sequence[str]) -> int:
    return ALL_TONES if has_english(phonemes) else MANDARIN_TONES


def sizes_of(net: FastSpeechConfig, acoustic: AcousticConfig) -> AcousticConfig:
    """Return an acoustic config with the sizes of a net."""
    return acoustic.replace(**{key: getattr(net, key) for key in SIZES}, energy=bool(net.energy))


def _begin_at_means(net: FastSpeech, features: Features, examples: Sequence[Example]) -> None:
    """Let mels and durations begin at the means of some clips: that spares some hundred steps."""
    some = examples[:: max(1, len(examples) // MEAN_CLIPS)][:MEAN_CLIPS]
    mel = np.concatenate([log_mel(features.wav_of(example.clip), features.config.mel) for example in some], axis=1)
    durations = np.concatenate([example.durations for example in some])
    with torch.no_grad():
        net.mel.bias.copy_(torch.from_numpy(np.maximum(mel, QUIET).mean(1)))
        net.duration.out.bias.fill_(float(np.log(np.maximum(durations, 1)).mean()))


def _speakers(config: TrainConfig, features: Features, examples: Sequence[Example]) -> tuple[SpeakerConfig, ...]:
    genders = config.bundle.genders
    names = _ordered(examples, "speaker")
    return tuple(
        SpeakerConfig(name, genders.get(name, "unspecified"), features.pitch[name].mean, features.pitch[name].std)
        for name in names
    )


def _ordered(examples: Sequence[Example], field: str) -> list[str]:
    """Names by how many frames there are of each, most first: the first speaker and style are a voice's default."""
    frames: dict[str, int] = {}
    for example in examples:
        name = getattr(example.clip, field)
        frames[name] = frames.get(name, 0) + example.clip.frames
    return sorted(frames, key=lambda name: (-frames[name], name))


def _emotions(examples: Sequence[Example]) -> tuple[str, ...]:
    """Emotions with neutral first; none when there is only one."""
    names = [name for name in _ordered(examples, "emotion") if name != NEUTRAL]
    return (NEUTRAL, *names) if names else ()
