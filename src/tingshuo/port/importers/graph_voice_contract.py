"""What a user says of a voice in ONNX whose maker left no word of it: which input takes what, and how text becomes symbols.

The keys are those of a contract of the task ``tts``; files that it names lie beside it.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from tingshuo.config import MelConfig, StrictModel
from tingshuo.config.graph_voice import InputsConfig, OutputsConfig, ScalesConfig, TextConfig, VocoderRoles
from tingshuo.errors import DataError, PortError, TextError
from tingshuo.store.manifest import check_relative_path
from tingshuo.text.foreign.piper import NO_INITIAL, pinyin_phonemes
from tingshuo.text.foreign.sherpa import SPACE, Entry, read_lexicon, read_tokens, tell_unknown
from tingshuo.text.foreign.sherpa_sounds import ENOUGH_AGREEMENT, Sounds, find_sounds, spellings
from tingshuo.text.symbols import ARPABET, split_syllable

T = TypeVar("T")
MAX_BYTES = 64 << 20
"""Of a lexicon."""
FEWEST = 300
"""Syllables of Mandarin that a voice has to have symbols for; there are 400 without their tones."""
_STRESSED = frozenset(ARPABET[:15])
_PLACES = re.compile(r"\{(\w*)\}")


class TextContract(StrictModel, frozen=True, kw_only=True):
    """The keys under ``text``."""

    kind: Literal["pinyin", "lexicon", "characters", "espeak"]
    """``pinyin``: symbols are made of initial, final and tone. ``lexicon``: a file says which symbols a word has. ``characters``
    of the text. ``espeak``: phonetic letters of eSpeak NG."""
    tokens: str | dict[str, int] | tuple[str, ...]
    """A file of a symbol and its id a line; or the table itself; or a list in the order of ids."""
    lexicon: str = ""
    """A file of a word and its symbols a line."""
    look_up: Literal["syllables", "words"] = "syllables"
    """What the lexicon is for: to find out the symbols of every syllable, or to look words up as they are written."""
    spelling: str = "{initial} {final}{tone}"
    """How a syllable is written, symbols parted by blanks: of ``{initial} {final} {tone} {syllable}``."""
    letters: Literal["pinyin", "full"] = "pinyin"
    """Whether finals are as in pinyin (*liu*, *yan*, *zhi*), or spelled out (*iou*, *ian*, *iii*)."""
    no_initial: str = ""
    """Symbol in the place of an initial where there is none."""
    neutral: str = "5"
    """How the neutral tone is written."""
    tone_ids: dict[str, int] = msgspec.field(default_factory=dict)
    """``"1"`` to ``"5"`` to ids, where tones are an input of their own; in a lexicon they stand after the symbols."""
    english: str = ""
    """How a phone of English is written, of ``{phone}``, ``{lower}`` and ``{stress}``; empty where there are none."""
    voice: str = ""
    """Of eSpeak NG: ``en-us``."""
    begin: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    blank: str | None = None
    blank_edges: bool = True
    space: str | None = None
    pause: str | None = None
    """As in `tingshuo.config.graph_voice.TextConfig`, by their symbols."""
    language_ids: dict[Literal["zh", "en"], int] = msgspec.field(default_factory=dict)


class VoiceContract(StrictModel, frozen=True, kw_only=True):
    """The keys of a contract of the task ``tts``."""

    sample_rate: int
    inputs: InputsConfig
    outputs: OutputsConfig
    text: TextContract
    vocoder: VocoderRoles | None = None
    mel: MelConfig | None = None
    hop_length: int = 0
    """Samples of a frame, where the graph gives durations; otherwise it is found out."""
    speakers: int | tuple[str, ...] = 1
    emotions: tuple[str, ...] = ()
    scales: ScalesConfig = ScalesConfig()
    silence_s: float = 0.2


def text_config(text: TextContract, folder: Path, where: str, *, tones: bool) -> tuple[TextConfig, tuple[str, ...]]:
    """Return how sentences of a voice become symbols, and sentences about what was found.

    Parameters
    ----------
    text : TextContract
        What the user says.
    folder : Path
        Where the files lie that it names.
    where : str
        What messages begin with.
    tones : bool
        Whether tones are an input of their own.

    Raises
    ------
    PortError
        A file is missing or wrong, or a symbol is named that there is not.
    """
    tokens = _tokens(text.tokens, folder, where)
    kept = TextConfig(
        kind="characters",
        tokens=tokens,
        begin=tuple(_id(token, tokens, where, "begin") for token in text.begin),
        end=tuple(_id(token, tokens, where, "end") for token in text.end),
        blank=None if text.blank is None else _id(text.blank, tokens, where, "blank"),
        blank_edges=text.blank_edges,
        space=None if text.space is None else _id(text.space, tokens, where, "space"),
        pause=None if text.pause is None else _id(text.pause, tokens, where, "pause"),
        language_ids=text.language_ids,
    )
    if text.kind == "espeak":
        return kept.replace(kind="espeak", espeak_voice=_required(text.voice, where, "text.voice", "such as en-us or cmn")), ()
    if text.kind == "characters":
        return kept, ()
    if text.kind == "lexicon":
        name = _required(text.lexicon, where, "text.lexicon", "such as lexicon.txt")
        read = read_file(folder, name, where, lambda said: read_lexicon(said, tokens, tones=tones))
        return lexicon_config(kept, read.entries, read.unknown, where, words=text.look_up == "words")
    entries = _spelt(text, tokens, tones=tones)
    if len(entries) < FEWEST:
        such = ", ".join(sorted(tokens)[:12])
        raise PortError(
            f"{where}: text.spelling {text.spelling!r} makes symbols for {len(entries)} syllables of Mandarin alone; its tokens "
            f"are such as {such}; spelling, letters, no_initial and neutral say how a syllable is written in them"
        )
    missing = sum(name not in entries for name in spellings())
    return _with_sounds(kept, entries, where), (f"{missing} rare syllables of Mandarin have no symbols",) if missing else ()


def lexicon_config(
    text: TextConfig, entries: Mapping[str, Entry], unknown: Mapping[str, str], where: str, *, words: bool = False
) -> tuple[TextConfig, tuple[str, ...]]:
    """Return how sentences become symbols by a lexicon, and sentences about what was found.

    Parameters
    ----------
    text : TextConfig
        Its tokens, blank and the like.
    entries : mapping
        Words to symbols.
    unknown : mapping
        Symbols in it that the tokens have not, each with a word.
    where : str
        What messages begin with.
    words : bool
        Look words up as they are written, and do not find out the symbols of syllables.

    Raises
    ------
    PortError
        Most of it has symbols that the tokens have not, or it is empty.
    """
    if not entries:
        why = tell_unknown(unknown) if unknown else "its lexicon is empty"
        raise PortError(f"{where}: {why}; tokens and lexicon are of two voices, or cut short")
    notes = (f"{tell_unknown(unknown)}: those words are left out",) if unknown else ()
    found = None if words else find_sounds(entries, text.tokens.__contains__)
    if found is not None and found.agreement >= ENOUGH_AGREEMENT and len(found.entries) >= FEWEST:
        return _with_sounds(text, found.entries, where), (*notes, *_told(found))
    lines = [
        f"{word} {' '.join(str(text.tokens[token]) for token in entry.tokens)}|{' '.join(map(str, entry.tones))}"
        for word, entry in entries.items()
        if " " not in word and "|" not in word
    ]
    said = "words are looked up in its lexicon as they are written, so polyphones are as they stand there"
    return text.replace(kind="words", lexicon="\n".join(lines)), (*notes, said)


def _told(found: Sounds) -> tuple[str, ...]:
    said = [f"the symbols of syllables were found out from its lexicon, which agrees with itself in {found.agreement:.1%}"]
    if found.missing:
        said.append(f"{len(found.missing)} rare syllables have no symbols, such as {', '.join(found.missing[:5])}")
    return tuple(said)


def _with_sounds(text: TextConfig, entries: Mapping[str, Entry], where: str) -> TextConfig:
    ids = {name: tuple(_id(token, text.tokens, where, "a lexicon") for token in entry.tokens) for name, entry in entries.items()}
    return text.replace(kind="sounds", sounds=ids, tones={name: entry.tones for name, entry in entries.items() if entry.tones})


def _spelt(text: TextContract, tokens: Mapping[str, int], *, tones: bool) -> dict[str, Entry]:
    """Return the symbols of every syllable that can be written with the tokens there are, and of phones of English."""
    found: dict[str, Entry] = {}
    for name, pinyin in spellings().items():
        written = _written(text, pinyin, tokens)
        tone = (text.tone_ids.get(name[-1], 0),) * len(written) if tones else ()
        if written and all(token in tokens for token in written):
            found[name] = Entry(written, tone)
    for phone in ARPABET if text.english else ():
        for stress in ("0", "1", "2") if phone in _STRESSED else ("",):
            written = _filled(text.english, {"phone": phone, "lower": phone.lower(), "stress": stress})
            if written and all(token in tokens for token in written):
                found[phone + stress] = Entry(written, (0,) * len(written) if tones else ())
    return found


def _written(text: TextContract, pinyin: str, tokens: Mapping[str, int]) -> tuple[str, ...]:
    if text.letters == "pinyin":
        try:
            initial, final, _ = pinyin_phonemes(pinyin, tokens)
        except (TextError, ValueError):
            return ()
        initial = "" if initial == NO_INITIAL else initial
    else:
        initial, final, _, _ = split_syllable(pinyin)
    tone = text.neutral if pinyin[-1] == "5" else pinyin[-1]
    parts = {"initial": initial or text.no_initial, "final": final, "tone": tone, "syllable": pinyin[:-1]}
    return _filled(text.spelling, parts)


def _filled(pattern: str, parts: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(_PLACES.sub(lambda place: parts.get(place[1], ""), pattern).split())


def _tokens(given: str | Mapping[str, int] | tuple[str, ...], folder: Path, where: str) -> dict[str, int]:
    if isinstance(given, str):
        return read_file(folder, given, where, read_tokens)
    if isinstance(given, tuple):
        return {token: row for row, token in enumerate(given)}
    wrong = next((token for token, row in given.items() if row < 0), None)
    if wrong is not None or not given:
        raise PortError(f"{where}: text.tokens has no ids from 0 on" + (f": {wrong!r}" if wrong is not None else ""))
    return dict(given)


def read_file(folder: Path, name: str, where: str, read: Callable[[str], T]) -> T:
    """Read a text that lies in a folder.

    Raises
    ------
    PortError
        It is missing, leads out of the folder, or is not what it should be.
    """
    try:
        path = folder / check_relative_path(name)
    except ValueError as error:
        raise PortError(f"{where}: {error}") from error
    if not path.is_file():
        raise PortError(f"{path}: is missing, without which text cannot become symbols; put it there")
    if path.stat().st_size > MAX_BYTES:
        raise PortError(f"{path}: is larger than {MAX_BYTES >> 20} MB, so it is no table of symbols or words")
    try:
        return read(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise PortError(f"{path}: cannot be read as text: {error}") from error
    except DataError as error:
        raise PortError(f"{path}: {error}") from error


def _id(token: str, tokens: Mapping[str, int], where: str, what: str) -> int:
    if token not in tokens:
        named = "the space" if token == SPACE else repr(token)
        raise PortError(f"{where}: {what} names {named}, which is not among its tokens, such as {', '.join(list(tokens)[:8])}")
    return tokens[token]


def _required(value: str, where: str, key: str, such: str) -> str:
    if not value:
        raise PortError(f"{where}: {key} is missing, {such}")
    return value
