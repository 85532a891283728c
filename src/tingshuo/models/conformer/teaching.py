"""A recogniser of syllables while it is taught from little speech: what syllables have in common is learnt in common.

There are some 1,800 syllables with tones, and hours of speech have most of them a few times only. So the weights of a syllable
are its own and those of its parts: initial, final, tone. A part is in many syllables and is learnt with each. And a block half
way up has to tell the phones already, which are a few hundred (J. Lee and S. Watanabe 2021, "Intermediate Loss Regularization
for CTC-based Speech Recognition"; here with units of its own). Nothing of this is left in the finished net: the weights of a
syllable are added up, and the phones are forgotten.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tingshuo.models.conformer.config import ConformerConfig
from tingshuo.models.conformer.net import Conformer
from tingshuo.text.symbols import split_syllable

BLANK = "<blank>"


class Syllables(NamedTuple):
    """Units with what they are made of; blank is the first of all three, and has no parts.

    ``parts`` (units, kinds of parts) are 1 where a unit has a part. ``phones`` are what each unit says one after the other, of
    ``names_of_phones``.
    """

    units: tuple[str, ...]
    parts: Tensor
    phones: tuple[tuple[int, ...], ...]
    names_of_phones: tuple[str, ...]


def syllables_of(units: Sequence[str]) -> Syllables:
    """Take syllables apart.

    Parameters
    ----------
    units : sequence of str
        Pinyin with tones; blank is put before them.

    Raises
    ------
    TextError
        One is not a Mandarin syllable.
    """
    split = [split_syllable(unit) for unit in units]
    said = [(*([one.initial] if one.initial else []), f"{one.final}{one.tone}") for one in split]
    phones = (BLANK, *sorted({phone for one in said for phone in one}))
    kinds = [
        (f"initial {one.initial}", f"final {one.final}", f"tone {one.tone}", f"rhyme {one.final}{one.tone}",
         f"body {one.initial}{one.final}")
        for one in split
    ]  # fmt: skip
    names = {name: n for n, name in enumerate(sorted({name for one in kinds for name in one}))}
    parts = torch.zeros(len(units) + 1, len(names))
    for row, one in enumerate(kinds, 1):
        parts[row, [names[name] for name in one]] = 1
    ids = {phone: n for n, phone in enumerate(phones)}
    return Syllables((BLANK, *units), parts, ((), *(tuple(ids[phone] for phone in one) for one in said)), phones)


class Pupil(nn.Module):
    """A net that is taught.

    Parameters
    ----------
    config : ConformerConfig
        Its sizes; ``units`` are those of ``syllables``.
    syllables : Syllables
        What it is to hear.
    dropout : float
        Of the encoder.
    """

    def __init__(self, config: ConformerConfig, syllables: Syllables, dropout: float) -> None:
        super().__init__()
        self.net = Conformer(config, dropout)
        kinds = syllables.parts.shape[1]
        self.parts = nn.Parameter(torch.randn(kinds, config.dim) * 0.5 * config.dim**-0.5)
        self.phones = nn.Linear(config.dim, len(syllables.names_of_phones))
        self.made_of: Tensor
        self.register_buffer("made_of", syllables.parts, persistent=False)
        # A syllable that is never heard is then told by its parts alone.
        nn.init.normal_(self.net.ctc.weight, std=0.02)
        self.half_way = (config.layers - 1) // 2

    def forward(self, features: Tensor, lengths: Tensor, chunk: int = 0) -> tuple[Tensor, Tensor]:
        """Return log probabilities of the units and of the phones, (B, N, units) and (B, N, phones), in float32.

        Parameters
        ----------
        features, lengths, chunk
            As for `tingshuo.models.conformer.encoder.Encoder.forward`.
        """
        *blocks, encoded = self.net.encoder.stages(features, lengths, chunk)
        units = nn.functional.linear(encoded, self._weight(), self.net.ctc.bias)
        phones = self.phones(blocks[self.half_way])
        return torch.log_softmax(units.float(), -1), torch.log_softmax(phones.float(), -1)

    @torch.no_grad()
    def finished(self) -> Conformer:
        """Return the net as it is used."""
        net = Conformer(self.net.config)
        net.load_state_dict(self.net.state_dict())
        net.ctc.weight.copy_(self._weight())
        return net.eval()

    def _weight(self) -> Tensor:
        return self.net.ctc.weight + self.made_of @ self.parts
