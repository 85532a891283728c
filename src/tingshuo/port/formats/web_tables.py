"""What the text side of the web page reads: our own lexicon, polyphone net and tables of rules, as scripts of a page.

The scripts in ``web/js`` hold the algorithms; words, characters and marks that a rule speaks of come from the modules of
`tingshuo.text`, so that there is one place to correct them. A page that was opened from the disk may not read files, so each
table is a script that puts base64 or JSON into the page.
"""

import base64
import json
import zlib
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from typing import Any

from tingshuo.errors import TextError
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.symbols import ERHUA, split_syllable

CONSTANTS = {
    "segment": "_ZHE_WORDS _NOT_LASTING _OF_THE_HAND",
    "g2p": "PAUSES_MS BLANK_MS DICTIONARY_WEIGHT",
    "phrase": "MAX_SYLLABLES",
    "symbols": "SILENCE PAUSE",
    "contexts": "_BY_CHARACTER _MUST_AFTER _MUST_BEFORE _ACHIEVED _GAINED",
    "names": "SURNAMES TITLES _BEFORE GIVEN _RARE",
    "sandhi": (
        "_DIGITS _ORDINAL_AFTER _NOT_ORDINAL_AFTER _LOOSE_ONE _DIRECTIONS _PASSING _RISING _MODALS _BEFORE_FULL_ER _FULL_ER "
        "_LEANS_RIGHT _EVERY"
    ),
    "split": "BUDGET FIRST_BUDGET _FIRST_SHORTEST _FIRST_REST _ENDS_PHRASE _BEGINS_PHRASE",
    "english": "LETTERS HAND SMALL",
    "englishwords": "LETTERS SAID SPELLED _WEAK",
    "arpabet": "VOWELS _STRESSES _SYMBOLS _ONSETS",
    "loanwords": "_RULES _VOWELS",
    "rules.numbers": "_ONE _NOT _TWO",
    "rules.units": "UNITS _AFTER_SLASH",
    "rules.money": "_SYMBOLS _CODES",
    "rules.clean": "_SPECIAL",
    "rules.traditional": "_DRY _ASPECT _KEEP_ZHU _KEEP_QIAN",
    "rules.punctuation": "_GREEK _WORDS _PAUSES",
}
"""Module of `tingshuo.text` to the constants that the scripts read, there without a leading underscore."""
_ENGLISH_MODULES = ("englishwords", "arpabet", "loanwords")
_PACKED = {
    "lexicon": "lexicon.txt.z",
    "rare": "rare.txt.z",
    "polyphones": "polyphones.safetensors",
    "polyphone-names": "polyphones.txt",
}
_PACKED_ENGLISH = {"english": "english.txt.z", "english-rest": "english_rest.txt.z"}


def text_scripts(*, english: bool) -> Iterator[tuple[str, str]]:
    """Yield the scripts of the text side: name of a file without ``.js``, and its text.

    Parameters
    ----------
    english : bool
        Whether the voice has English phones: then the pronouncing dictionary of English goes along.
    """
    yield "tables", json_script("tables", text_tables(english=english))
    for name, file in (_PACKED | (_PACKED_ENGLISH if english else {})).items():
        data = (files("tingshuo.text") / "data" / file).read_bytes()
        yield name, data_script(name, data if file.endswith(".z") else zlib.compress(data, 9))


def text_tables(*, english: bool) -> dict[str, Any]:
    """Return the small tables: constants by module, phones of each syllable, traditional characters."""
    tables: dict[str, Any] = {}
    for module, names in CONSTANTS.items():
        if english or module not in _ENGLISH_MODULES:
            found = import_module(f"tingshuo.text.{module}")
            tables[module.rpartition(".")[2]] = {name.lstrip("_"): _plain(getattr(found, name)) for name in names.split()}
    tables["traditional"] |= _traditional()
    return tables | {"syllables": syllable_phones(), "erhua": ERHUA}


def syllable_phones() -> dict[str, list[str]]:
    """Return the phones of every syllable, without its tone, that a character of the lexicon or the name of a letter has."""
    lexicon = load_lexicon()
    lines = (zlib.decompress((files("tingshuo.text") / "data" / _PACKED[name]).read_bytes()) for name in ("lexicon", "rare"))
    heads = {line[0] for text in lines for line in text.decode().split("\n")}
    spoken = {reading for char in heads for reading in lexicon.readings(char)}
    english = import_module("tingshuo.text.english")
    for table in (english.LETTERS, english.HAND, english.SMALL):
        spoken |= {reading for readings in table.values() for reading in readings}
    out = {}
    for pinyin in spoken:
        try:
            parts = split_syllable(pinyin)
        except TextError:  # the r of erhua, which is no syllable
            continue
        if not parts.erhua:
            out[pinyin.rstrip("12345")] = [phone for phone in parts[:2] if phone]
    return dict(sorted(out.items()))


def data_script(name: str, data: bytes) -> str:
    """Return a script that puts bytes into the page, as base64."""
    return f'((globalThis.tingshuo ??= {{}}).data ??= {{}})["{name}"] = "{base64.b64encode(data).decode("ascii")}";\n'


def json_script(name: str, value: Any) -> str:
    """Return a script that puts a value that JSON can say into the page."""
    # Two separators of lines that JSON allows in a string were no part of one in older JavaScript.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"(globalThis.tingshuo ??= {{}}).{name} = {text};\n"


def _traditional() -> dict[str, dict[str, str]]:
    written, simplified, *phrases = (files("tingshuo.text") / "data" / "traditional.txt").read_text("utf-8").splitlines()
    pairs: Iterator[list[str]] = (line.split("\t") for line in phrases)
    return {"characters": dict(zip(written, simplified, strict=True)), "phrases": dict(pairs)}


def _plain(value: Any) -> Any:
    """Return a constant in the types of JSON; a set becomes a sorted list."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, frozenset):
        return sorted(_plain(one) for one in value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
