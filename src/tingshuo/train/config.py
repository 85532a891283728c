"""Settings of a training: strict, from a preset, a YAML file and single values, in this order; every key has a default.

What a run was trained with is written into its folder whole, as ``config.yaml``.
"""

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import yaml
from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.data.features import FeatureConfig
from tingshuo.errors import ConfigError
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.store.atomic import replace_file
from tingshuo.store.manifest import Attribution, ConsentRecord
from tingshuo.train.consents import with_hashes
from tingshuo.train.loop_config import Above, LoopConfig, Pace, Positive, Weight
from tingshuo.train.vocoder_config import JointConfig, VocoderConfig

CONFIG_FILE = "config.yaml"
PRESETS = ("tiny", "small", "default", "gpu", "few_shot")
FREE_TO_CHANGE = ("loop.steps", "loop.minutes", "loop.threads", "loop.log_every", "loop.evaluate_every", "loop.checkpoint_every",
                  "bundle.")  # fmt: skip
"""Keys, or starts of keys, that a resumed training may have otherwise than it was begun with."""

Stage = Literal["acoustic", "vocoder", "joint"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""In the order in which they are trained."""
LOOPS = ("loop", "vocoder.loop", "joint.loop")
"""Where the loop of each stage is set."""


class AcousticConfig(StrictModel, frozen=True, kw_only=True):
    """Sizes of the acoustic model, see `tingshuo.models.fastspeech.config`, and the weights of its losses."""

    dim: Positive = 256
    heads: Positive = 4
    encoder_layers: Positive = 4
    encoder_hidden: Positive = 1024
    duration_layers: Positive = 3
    duration_kernel: Positive = 5
    pitch_hidden: Positive = 256
    pitch_layers: Positive = 4
    pitch_kernel: Positive = 7
    decoder_dim: Positive = 384
    decoder_hidden: Positive = 1152
    decoder_layers: Positive = 6
    pitch_embedding_kernel: Positive = 5
    energy: bool = False
    """Predict the energy of each frame, and give it to the decoder."""
    longest_s: Above = 15.0
    """Longer clips are left out."""
    mel_weight: Weight = 2.0
    duration_weight: Weight = 0.3
    f0_weight: Weight = 0.3
    voicing_weight: Weight = 0.3
    energy_weight: Weight = 0.3
    adversarial_weight: Weight = 0.0
    """Of what critics of mels say, see `tingshuo.train.sharpen`; with both weights 0 there are none."""
    matching_weight: Weight = 0.0
    """Of the distance between recorded and predicted mels in the features of those critics."""
    hold: Weight = 0.0
    """Before the first step of a training that begins with a finished voice, its output layer is fitted to the recordings by
    least squares; this is how much it is held to what it was, 0.1 being good for a few minutes. 0 does not fit it."""
    upper_bands: bool = False
    """Above the bandwidth of a recording, learn what the finished voice says there; else nothing is learnt there."""
    learn: tuple[str, ...] = ()
    """First letters of the parameters that are trained, such as ``decoder``; empty is all of them."""


class StyleOffer(StrictModel, frozen=True, kw_only=True):
    """How a style is offered; what is left out stays as it is."""

    name: str = ""
    description: str = ""
    tempo: float | None = None


class BundleConfig(StrictModel, frozen=True, kw_only=True):
    """What the manifest of the finished voice says; licence, consent and data statement have no default, as nobody can guess."""

    name: Annotated[str, Meta(pattern=r"^\w[\w.-]*$", max_length=64)] = "my-voice"
    version: str = "1.0.0"
    licence: str = ""
    """SPDX identifier of the licence that the weights get."""
    consent: str = ""
    """On what ground the voices of these people may be used."""
    data_statement: str = ""
    """What the recordings are, and what is known about their limits."""
    languages: tuple[str, ...] = ("zh-CN",)
    genders: dict[str, str] = msgspec.field(default_factory=dict)
    """Speaker to gender, for listings."""
    speakers: tuple[str, ...] = ()
    """Whose timbres are in the bundle, the default first; empty is everybody who taught."""
    styles: dict[str, StyleOffer] = msgspec.field(default_factory=dict)
    """Style to how it is offered, the default first; empty is all of them as they are."""
    attributions: tuple[Attribution, ...] = ()
    """Works that the recordings are from, and the credit that they are owed; those of the base voice are added."""
    cloned: tuple[str, ...] | None = None
    """Speakers of the bundle whose voices were learnt in order to sound like a person. None says nothing: nobody is, but in a
    training that copies timbres, see `TrainConfig.copies_timbres`, everybody. An empty list says that the recordings are nobody's
    voice, or not to be taken for anybody's."""
    consents: tuple[ConsentRecord, ...] = ()
    """That these people agreed. In a file ``recording``, a path beside that file, may stand instead of ``recording_sha256``."""


class TrainConfig(StrictModel, frozen=True, kw_only=True):
    """Everything that decides what a training makes of its data."""

    stages: Annotated[tuple[Stage, ...], Meta(min_length=1)] = STAGES
    """What is trained, in the order of `STAGES`; the rest of the finished voice is that of the base voice."""
    features: FeatureConfig = FeatureConfig()
    align: HmmConfig = HmmConfig()
    acoustic: AcousticConfig = AcousticConfig()
    loop: LoopConfig = LoopConfig()
    """Of the acoustic model; seed, threads and precision are those of every stage."""
    vocoder: VocoderConfig = VocoderConfig()
    joint: JointConfig = JointConfig()
    """Vocoder and acoustic decoder together."""
    bundle: BundleConfig = BundleConfig()

    @property
    def needs_texts(self) -> bool:
        """Whether something is trained that learns from what is said."""
        return self.stages != ("vocoder",)

    @property
    def copies_timbres(self) -> bool:
        """Whether little but who speaks is learnt, as with the preset few_shot: with ``--from``, that is cloning."""
        return self.needs_texts and "speaker" in self.acoustic.learn

    def loop_of(self, stage: Stage) -> LoopConfig:
        """Return how long, how fast, how often a stage is trained."""
        paces = {"acoustic": self.loop, "vocoder": self.vocoder.loop, "joint": self.joint.loop}
        return self.loop.at(paces[stage])

    def identity(self, stage: Stage) -> dict[str, Any]:
        """Return what the resumed training of a stage must share with its beginning: dotted keys to values."""
        sections: dict[Stage, dict[str, StrictModel]] = {
            "acoustic": {"align": self.align, "acoustic": self.acoustic, "loop": self.loop},
            "vocoder": {"vocoder": self.vocoder},
            "joint": {"align": self.align, "vocoder": self.vocoder.replace(loop=Pace()), "joint": self.joint},
        }
        fields = {name: section.fields() for name, section in (("features", self.features), *sections[stage].items())}
        fields.setdefault("loop", {"seed": self.loop.seed, "precision": self.loop.precision})
        free = tuple(f"{place}{key}" for key in FREE_TO_CHANGE for place in ("", "vocoder.", "joint."))
        return {key: value for key, value in flatten(fields).items() if not key.startswith(free)}


def read_config(preset: str = "default", path: Path | None = None, settings: Iterable[str] = ()) -> TrainConfig:
    """Put a config together.

    Parameters
    ----------
    preset : str
        One of `PRESETS`.
    path : Path or None
        YAML with any of the keys; they win over the preset's. Recordings of consents are hashed here.
    settings : iterable of str
        ``section.key=value``, the value as in YAML; they win over both.

    Raises
    ------
    ConfigError
        An unknown preset or key, or a wrong value; the message names what is accepted.
    ConsentError
        The recording of a consent cannot be read, is empty, or is another one.
    """
    if preset not in PRESETS:
        raise ConfigError(f"unknown preset {preset!r}; accepted: {', '.join(PRESETS)}")
    text = resources.files("tingshuo.train").joinpath("presets", f"{preset}.yaml").read_text("utf-8")
    fields = _parse(text, f"preset {preset}")
    if path is not None:
        fields = merge(fields, with_hashes(read_yaml(path), path.parent))
    for setting in settings:
        fields = merge(fields, with_hashes(one_setting(setting), Path()))
    source = str(path) if path is not None else f"preset {preset}"
    return check_config(fields, f"{source}, --set" if settings else source)


def check_config(fields: Mapping[str, Any], source: str) -> TrainConfig:
    """Make a config from a document; ``source`` names the document in messages."""
    _refuse_unknown(fields, TrainConfig, source, "")
    config = TrainConfig.check(dict(fields), source)
    return config.replace(stages=tuple(stage for stage in STAGES if stage in config.stages))


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds keys.

    Raises
    ------
    ConfigError
        It cannot be read, or is not that.
    """
    try:
        return _parse(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 (byte {error.start})") from error


def write_config(folder: Path, config: TrainConfig) -> None:
    """Write every key of a config into the folder of a run."""
    text = yaml.safe_dump(config.fields(), allow_unicode=True, sort_keys=False)
    replace_file(folder / CONFIG_FILE, text.encode())


def flatten(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested keys joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in fields.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _parse(text: str, source: str) -> dict[str, Any]:
    try:
        fields = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        raise ConfigError(f"{source}{line}: is not YAML: {getattr(error, 'problem', None) or error}") from error
    except ValueError as error:  # a day that no calendar has
        raise ConfigError(f"{source}: has a value that cannot be: {error}") from error
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise ConfigError(f"{source}: must hold keys and values, such as loop: {{steps: 100}}")
    return fields


def one_setting(setting: str) -> dict[str, Any]:
    """``loop.steps=100`` -> ``{"loop": {"steps": 100}}``."""
    name, equals, value = setting.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"--set {setting}: must be section.key=value, such as loop.steps=100")
    try:
        fields: Any = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {setting}: the value is not YAML") from error
    except ValueError as error:  # a day that no calendar has
        raise ConfigError(f"--set {setting}: {error}") from error
    if isinstance(fields, str):
        fields = _number(fields)
    for key in reversed(name.strip().split(".")):
        fields = {key: fields}
    return dict(fields)


def _number(text: str) -> str | float:
    """Return what YAML 1.1 takes for a word though it is a number: ``1e-3``."""
    try:
        return float(text)
    except ValueError:
        return text


def from_preset(preset: str, path: Path | None, settings: Iterable[str]) -> tuple[dict[str, Any], str]:
    """Return what a preset, a YAML file and single values ``section.key=value`` say, the later over the former, and its source.

    Raises
    ------
    ConfigError
        The file cannot be read, or a setting has no ``=``.
    """
    text = resources.files("tingshuo.train").joinpath("presets", f"{preset}.yaml").read_text("utf-8")
    fields: Mapping[str, Any] = yaml.safe_load(text) or {}
    if path is not None:
        fields = merge(fields, read_yaml(path))
    for setting in settings:
        fields = merge(fields, one_setting(setting))
    return dict(fields), str(path) if path is not None else f"preset {preset}"


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested settings in which what is ``above`` wins."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _refuse_unknown(fields: object, model: type[StrictModel], source: str, place: str) -> None:
    """Refuse keys that no section has, naming those it has."""
    if not isinstance(fields, Mapping):
        return  # of another type: the check of values says so
    known = {field.name: field.type for field in msgspec.structs.fields(model)}
    for key, value in fields.items():
        if key not in known:
            accepted = f"accepted in {place.rstrip('.') or 'it'}: {', '.join(known)}"
            raise ConfigError(f"{source}: unknown key {f'{place}{key}'!r}; {accepted}")
        section = _section(known[key])
        if section is not None:
            _refuse_unknown(value, section, source, f"{place}{key}.")


def _section(kind: Any) -> type[StrictModel] | None:
    for one in (kind, *(get_args(kind) if get_origin(kind) is UnionType else ())):
        if isinstance(one, type) and issubclass(one, StrictModel):
            return one
    return None
