"""Where a training begins that goes on with a finished recogniser: its ears as they are, and its units where they agree.

In a finished net the weights of a unit are one row. While it is taught they are its own and those of its parts, so a row is taken
apart: what rows with the same parts have in common goes to the parts, by least squares, and the rest is its own. A unit that the
finished net did not have begins as its parts say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.config.fbank import Cmvn
from tingshuo.errors import TrainError
from tingshuo.models.conformer.net import Conformer
from tingshuo.models.conformer.teaching import BLANK, Pupil, Syllables
from tingshuo.port.families import build_nets, fill
from tingshuo.port.rows import widened
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.store.manifest import Attribution
from tingshuo.tasks.recognise.hearing import TASK
from tingshuo.tasks.recognise.language import open_speller
from tingshuo.train.recogniser_config import Kind, RecogniserTraining
from tingshuo.train.recogniser_language import Language

WEIGHTS = "weights/recogniser.safetensors"
TOKENIZERS: Mapping[Kind, str] = {"syllables": "syllable", "characters": "char"}
"""Kind of units to the ``tokenizer`` of a bundle with such."""
RIDGE = 1.0
"""Added to how often a part is there, so that what one row alone has stays its own."""


@dataclass(frozen=True, slots=True)
class Base:
    """A finished recogniser: what it is called, with the hash of its weights; its config, net, and words if it has some."""

    label: str
    settings: ConformerBundleConfig
    net: Conformer
    language: Language | None
    attributions: tuple[Attribution, ...]

    @property
    def rows(self) -> dict[str, int]:
        """Units that are something said, and blank, to their rows."""
        marks = {self.settings.sos, self.settings.eos, self.settings.blank}
        said = {
            unit: row
            for row, unit in enumerate(self.settings.units)
            if row not in marks and not (unit.startswith("<") and unit.endswith(">"))
        }
        return {BLANK: self.settings.blank, **said}

    @property
    def cmvn(self) -> Cmvn:
        """What its features are normalised by."""
        bands = self.settings.fbank.n_mels
        return self.settings.cmvn or Cmvn((0.0,) * bands, (1.0,) * bands)

    def fitted(self, config: RecogniserTraining) -> RecogniserTraining:
        """Return a config with the features and sizes of this recogniser; decoders behind CTC are left out."""
        net = self.net.config.replace(decoder_layers=0, reverse_layers=0)
        return config.replace(fbank=self.settings.fbank, net=net)


def open_base(path: Path, kind: Kind) -> Base:
    """Open a recogniser that a training goes on with.

    Parameters
    ----------
    path : Path
        A bundle's folder.
    kind : str
        What the training hears.

    Raises
    ------
    BundleError
        It is no sound bundle.
    TrainError
        It is no conformer, or hears other units.
    SealedError
        It is encrypted.
    """
    bundle = open_bundle(path)
    settings = bundle.settings
    family = bundle.manifest.family.partition("+")[0]
    if bundle.manifest.task != TASK or family != ConformerBundleConfig.FAMILY:
        raise TrainError(
            f"{path}: is a bundle of the family {family}; a recogniser can go on from one of the family "
            f"{ConformerBundleConfig.FAMILY}, as `tingshuo train asr` makes them"
        )
    assert isinstance(settings, ConformerBundleConfig)
    if settings.tokenizer != TOKENIZERS[kind]:
        kinds = [name for name, tokenizer in TOKENIZERS.items() if tokenizer == settings.tokenizer]
        remedy = f"--set units={kinds[0]} goes on with them" if kinds else f"known: {', '.join(TOKENIZERS)}"
        raise TrainError(f"{path}: hears units of the kind {settings.tokenizer}, and the training {kind}; {remedy}")
    built = fill(next(build_nets(settings.architecture)), widened(bundle.tensors(WEIGHTS)))
    assert isinstance(built.net, Conformer)
    label = f"{bundle.manifest.name}@{bundle.manifest.version} {bundle.manifest.files[WEIGHTS].sha256[:12]}"
    return Base(label, settings, built.net, _language(bundle, settings), bundle.manifest.attributions)


def begin_with(pupil: Pupil, syllables: Syllables, base: Base) -> tuple[str, ...]:
    """Give a net the weights of a finished one, and return the units that it did not have.

    Parameters
    ----------
    pupil : Pupil
        With the sizes of `Base.fitted`.
    syllables : Syllables
        Its units.
    base : Base
        What it begins with.
    """
    known = base.rows
    rows = torch.tensor([row for row, unit in enumerate(syllables.units) if unit in known])
    theirs = torch.tensor([known[unit] for unit in syllables.units if unit in known])
    pupil.net.encoder.load_state_dict({name: value.clone() for name, value in base.net.encoder.state_dict().items()})
    with torch.no_grad():
        weight, bias, parts = base.net.ctc.weight[theirs], base.net.ctc.bias[theirs], syllables.parts[rows]
        shared = parts.T @ parts + RIDGE * torch.eye(parts.shape[1])
        pupil.parts.copy_(torch.linalg.solve(shared, parts.T @ weight))
        pupil.net.ctc.weight.zero_()
        pupil.net.ctc.weight[rows] = weight - parts @ pupil.parts
        pupil.net.ctc.bias.fill_(float(bias.mean()))
        pupil.net.ctc.bias[rows] = bias
    return tuple(unit for unit in syllables.units if unit not in known)


def _language(bundle: Bundle, settings: ConformerBundleConfig) -> Language | None:
    if settings.spelling is None:
        return None
    speller = open_speller(bundle.tensors(settings.spelling.model))
    return Language(speller.model, speller.vocabulary)


def origin(base: Base | None) -> dict[str, Any]:
    """Return what a resumed training must share with its beginning."""
    return {"from": base.label if base is not None else None}
