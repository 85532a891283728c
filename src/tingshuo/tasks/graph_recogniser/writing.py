"""From units to writing, by how a recogniser's texts were cut into units.

Sources: SentencePiece (https://github.com/google/sentencepiece, ``\u2581`` and byte fallback); fairseq's and icefall's letters
for bytes (https://github.com/facebookresearch/fairseq, ``byte_utils.py``, MIT); ``@@`` of subword-nmt
(https://github.com/rsennrich/subword-nmt).
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import count

from tingshuo.config.graph_recogniser import Tokenizer
from tingshuo.tasks.recognise.model import WORD

JOINED = "@@"
"""Ends a unit that the next one belongs to."""
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_FIRST_LETTER = 256
_PRINTABLE = range(32, 127)


def write(pieces: Sequence[str], tokenizer: Tokenizer) -> str:
    """Return units as they are written; marks in brackets such as ``<unk>`` are left as they are."""
    if tokenizer == "joined":
        return _words(pieces)
    if tokenizer == "byte_bpe":
        return _letters("".join(pieces)).strip()
    if tokenizer == "bpe":
        spelt = b"".join(_bytes(piece) for piece in pieces)
        return spelt.decode("utf-8", "replace").replace(WORD, " ").strip()
    return "".join(pieces).replace(WORD, " ").strip()


def is_byte(piece: str) -> bool:
    """Whether a unit stands for one byte of a letter that has no unit: ``<0xE4>``."""
    return _BYTE.fullmatch(piece) is not None


def _bytes(piece: str) -> bytes:
    found = _BYTE.fullmatch(piece)
    return bytes([int(found[1], 16)]) if found else piece.encode()


def _words(pieces: Sequence[str]) -> str:
    """Join words of letters by spaces, halves of words and characters of other writings without."""
    written, open_word, last_letters = "", False, False
    for piece in pieces:
        half, letters = piece.endswith(JOINED), piece[:1].isascii() or piece.endswith(JOINED)
        apart = letters or last_letters
        written += " " * (apart and not (open_word and letters)) + piece.removesuffix(JOINED)
        open_word, last_letters = half, letters
    return written.strip()


def _letters(text: str) -> str:
    """Read letters as bytes; a word's begin is a space only where letters of ASCII would run together."""
    table, spelt = bytes_of_letters(), bytearray()
    for letter in text:
        if letter == WORD:
            if spelt and spelt[-1] in _PRINTABLE and spelt[-1] != ord(" "):
                spelt += b" "
        elif letter in table:
            spelt.append(table[letter])
        else:
            spelt += letter.encode()
    return spelt.decode("utf-8", "replace")


@lru_cache(maxsize=1)
def bytes_of_letters() -> dict[str, int]:
    """Return which letter stands for which byte.

    Printable ASCII stands for itself; control characters and what lies above are the letters from U+0100 on, but those that
    Unicode's normalisation (NFKC) would change.
    """
    letters = (chr(code) for code in count(_FIRST_LETTER) if unicodedata.is_normalized("NFKC", chr(code)))
    return {chr(byte) if byte in _PRINTABLE else next(letters): byte for byte in range(256)}
