"""What the units of a recogniser tell by how they look: how texts were cut, of which languages, and which unit is none."""

from collections.abc import Sequence

from tingshuo.config.graph_recogniser import Tokenizer
from tingshuo.errors import PortError
from tingshuo.tasks.graph_recogniser.writing import JOINED, bytes_of_letters, is_byte, write
from tingshuo.tasks.recognise.model import WORD

BLANKS = ("<blk>", "<blank>", "<eps>")
"""What toolkits call the unit that is none, in the order in which sherpa-onnx looks for them."""
EOS = "</s>"
_FIRST_C6, _PAST_C6 = 0x180, 0x1C0
"""Letters whose UTF-8 begins with 0xC6, which icefall's letters for bytes reach and do not pass."""
_LETTERS = (("zh-CN", "\u4e00", "\u9fff"), ("ja", "\u3041", "\u30ff"), ("ko", "\uac00", "\ud7a3"))


def tokenizer_of(units: Sequence[str]) -> Tokenizer:
    """Return how texts were cut into units."""
    if any(unit.endswith(JOINED) for unit in units):
        return "joined"
    if any(is_byte(unit) for unit in units):
        return "bpe"
    if not any(WORD in unit for unit in units):
        return "char"
    letters = {letter for unit in units for letter in unit} - {WORD}
    in_bytes = letters <= bytes_of_letters().keys() and _FIRST_C6 <= max(map(ord, letters), default=0) < _PAST_C6
    return "byte_bpe" if in_bytes else "bpe"


def languages_of(units: Sequence[str], tokenizer: Tokenizer) -> tuple[str, ...]:
    """Return the languages that units may be of, by their letters: what is Latin is taken for English."""
    letters = set("".join(write([unit], tokenizer) for unit in units if not unit.startswith("<")))
    said = [name for name, low, high in _LETTERS if any(low <= letter <= high for letter in letters)]
    if any(letter.isascii() and letter.isalpha() for letter in letters):
        said.append("en")
    return tuple(said) or ("und",)


def blank_of(said: str | int | None, units: Sequence[str], source: str) -> int | None:
    """Return the unit that is none: what a contract says, or what is called so.

    Raises
    ------
    PortError
        There is no such unit; ``source`` is what the graph is called.
    """
    blank = said if said is not None else next((name for name in BLANKS if name in units), None)
    return None if blank is None else unit_of(blank, units, "blank", source)


def unit_of(unit: str | int, units: Sequence[str], role: str, source: str) -> int:
    """Return the number of a unit that a contract names; errors as of `blank_of`."""
    if isinstance(unit, int) and 0 <= unit < len(units):
        return unit
    if isinstance(unit, int) or unit not in units:
        raise PortError(f"{source}: its {role} is the unit {unit!r}, and there is none such among the {len(units)} units")
    return units.index(unit)
