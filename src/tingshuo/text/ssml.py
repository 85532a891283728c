"""SSML, the subset that a Mandarin voice needs: markup in, a list of `Run` out.

Elements ``speak p s break prosody say-as phoneme sub emphasis`` follow W3C SSML 1.1
(https://www.w3.org/TR/speech-synthesis11/); ``emotion`` follows the category and intensity of W3C EmotionML. Everything outside
the subset is an error that names line, column and what is accepted. A document type or an entity declaration is refused, so a
small document cannot unfold into a large one or read a file.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from tingshuo.errors import RequestError, SsmlError, TextError
from tingshuo.text.arpabet import read_arpabet
from tingshuo.text.inline import inline_runs, read_pinyin
from tingshuo.text.lang.en import spell_numbers
from tingshuo.text.runs import Border, Run
from tingshuo.text.sayas import say_as
from tingshuo.types import EMOTIONS, PLAIN, Prosody, is_phrase

MAX_DEPTH = 32
"""Deepest nesting of elements."""
MAX_ELEMENTS = 20_000
"""Most elements of one document."""
MAX_BREAK_MS = 20_000

RATE_RANGE = (0.5, 2.0)
PITCH_RANGE_SEMITONES = (-12.0, 12.0)
VOLUME_RANGE_DB = (-20.0, 20.0)
SILENT_DB = -100.0
"""Level of ``volume="silent"``: below the last bit of 16-bit audio."""

_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.33, "x-fast": 1.75}
_PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
_VOLUMES = {"silent": SILENT_DB, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 6.0, "x-loud": 12.0}
_STRENGTHS = {"none": 0, "x-weak": 100, "weak": 200, "medium": 350, "strong": 600, "x-strong": 1000}
_EMPHASES = {"reduced": -1, "none": 0, "moderate": 1, "strong": 2}

_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "speak": ("version", "xml:lang"),
    "p": ("xml:lang",),
    "s": ("xml:lang",),
    "break": ("time", "strength"),
    "prosody": ("rate", "pitch", "volume"),
    "say-as": ("interpret-as", "format"),
    "phoneme": ("alphabet", "ph"),
    "sub": ("alias",),
    "emphasis": ("level",),
    "emotion": ("category", "intensity"),
}
_TEXT_ONLY = {"say-as", "phoneme", "sub"}
_BORDERS: dict[str, Border] = {"p": "paragraph", "s": "sentence"}
_SPACE = re.compile(r"\s+")
_OPENING = re.compile(
    r"(?i)[\ufeff\s]*<(?:(?:speak|prosody|break|say-as|phoneme|emphasis|emotion)(?:[\s/>]|$)|\?xml\s|!DOCTYPE\s|!ENTITY\s)"
)
_BLANK_LINE = re.compile(r"[ \t\u3000]*(?:\r\n?|\n)(?:[ \t\u3000]*(?:\r\n?|\n))+[ \t\u3000]*")


def _blank(match: re.Match[str]) -> str:
    """Return what blanks are in speech: a line end parts Latin words, and is nothing beside a Chinese character."""
    if "\n" not in match[0]:
        return " "
    around = match.string[match.start() - 1 : match.start()] + match.string[match.end() : match.end() + 1]
    return " " if around.isascii() else ""


def is_ssml(text: str) -> bool:
    """Tell whether a text is markup: it begins with ``<speak``, an element that only SSML has, or an XML declaration."""
    return _OPENING.match(text) is not None


def parse(text: str, warn: Callable[[str], None], check_emotion: Callable[[str], None] | None = None) -> list[Run]:
    """Read an SSML document.

    Parameters
    ----------
    text : str
        The document, ``<speak>...</speak>``, without lone surrogates.
    warn : callable
        Is given a sentence for each inline pinyin mark that is none.
    check_emotion : callable or None
        Raises RequestError for an emotion that the voice does not have; None accepts `tingshuo.types.EMOTIONS`.

    Returns
    -------
    list of Run
        What is to be spoken, in order, with pauses and borders.

    Raises
    ------
    SsmlError
        Malformed XML, or an element, attribute or value outside the subset; the message begins with SSML, line and column.
    """
    return _Reader(warn, check_emotion).read(text)


@dataclass(slots=True)
class _Element:
    """An open element: its attributes, the manner inside it, where it began, and its text where it holds text only."""

    name: str
    attributes: dict[str, str]
    prosody: Prosody
    place: str
    english: bool = False
    text: list[str] = field(default_factory=list)


class _Reader:
    """One pass of expat over one document."""

    def __init__(self, warn: Callable[[str], None], check_emotion: Callable[[str], None] | None) -> None:
        self._warn, self._check_emotion = warn, check_emotion
        self._runs: list[Run] = []
        self._open: list[_Element] = []
        self._elements = 0
        self._blank = ""
        self._first_place = (1, 1)
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.ProcessingInstructionHandler = self._refuse_instruction

    def read(self, text: str) -> list[Run]:
        body = text.lstrip("\ufeff \t\r\n")
        skipped = text[: len(text) - len(body)]
        lines = skipped.count("\n")
        self._first_place = (lines + 1, len(skipped) - skipped.rfind("\n"))
        self._parser.buffer_size = 4 * len(body) + 4  # bytes; a piece of text comes whole, however long
        try:
            self._parser.Parse(body, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            hint = "; write &amp; for & and &lt; for < in text" if error.code in (4, 11) else ""
            raise self._error(f"malformed XML, {reason}{hint}", (error.lineno, error.offset)) from error
        return self._runs

    def _error(self, message: str, place: tuple[int, int] | str | None = None) -> SsmlError:
        return SsmlError(f"SSML {place if isinstance(place, str) else self._place(place)}: {message}")

    def _place(self, place: tuple[int, int] | None = None) -> str:
        line, column = place or (self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber)
        first_line, first_column = self._first_place
        return f"line {line + first_line - 1}, column {column + (first_column if line == 1 else 1)}"

    def _refuse_doctype(self, *_: object) -> None:
        raise self._error("a document type or entity declaration is not accepted; remove <!DOCTYPE ...>")

    def _refuse_instruction(self, target: str, _: str) -> None:
        raise self._error(f"the processing instruction <?{target} ...?> is not accepted; remove it")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._check(name, attributes)
        outer = self._open[-1].prosody if self._open else PLAIN
        english = self._open[-1].english if self._open else False
        if "xml:lang" in attributes:
            english = attributes["xml:lang"].lower().startswith("en")
        element = _Element(name, attributes, outer, self._place(), english)
        self._open.append(element)
        try:
            element.prosody = self._inner(name, outer, attributes)
            if name == "break":
                self._append(Run(break_ms=_break_ms(attributes)))
        except TextError as error:
            raise self._error(f"<{name}> {error}") from error
        if name in _BORDERS:
            self._append(Run(border=_BORDERS[name]))

    def _inner(self, name: str, outer: Prosody, attributes: dict[str, str]) -> Prosody:
        """Return the manner inside an element."""
        if name == "emotion":
            return _emotion(outer, attributes, self._check_emotion)
        return _INNER[name](outer, attributes) if name in _INNER else outer

    def _check(self, name: str, attributes: dict[str, str]) -> None:
        """Refuse an element that may not stand here, and attributes that it does not have."""
        self._elements += 1
        if name not in _ATTRIBUTES:
            raise self._error(f"unknown element <{name}>; accepted are {' '.join(_ATTRIBUTES)}")
        if not self._open and name != "speak":
            raise self._error(f"the outermost element must be <speak>, not <{name}>")
        if self._open and name == "speak":
            raise self._error("<speak> cannot stand inside another element")
        if self._open and self._open[-1].name in {*_TEXT_ONLY, "break"}:
            raise self._error(f"<{self._open[-1].name}> cannot contain elements, found <{name}>")
        if len(self._open) >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise self._error(f"more than {MAX_ELEMENTS} elements, or nested deeper than {MAX_DEPTH}")
        for key, value in attributes.items():
            if key not in _ATTRIBUTES[name] and not (name == "speak" and key.startswith(("xmlns", "xsi:"))):
                raise self._error(f"unknown attribute {key!r} of <{name}>; accepted are {' '.join(_ATTRIBUTES[name])}")
            if key == "xml:lang" and not value.lower().startswith(("zh", "cmn", "en")):
                raise self._error(
                    f"xml:lang={value!r} is not spoken; accepted are zh, cmn and en with any region, such as zh-CN or en-US"
                )
            if key == "version" and value not in ("1.0", "1.1"):
                raise self._error(f"version={value!r} is not known; accepted are 1.0 and 1.1")

    def _characters(self, data: str) -> None:
        element = self._open[-1]
        if element.name in _TEXT_ONLY:
            element.text.append(data)
            return
        if element.name == "break":
            if data.strip():
                raise self._error(f"<break> cannot contain text, found {data.strip()[:20]!r}", element.place)
            return
        for i, piece in enumerate(_BLANK_LINE.split(data)):
            if i:
                self._append(Run(border="paragraph"))
            text = piece.strip()
            self._blank += piece[: len(piece) - len(piece.lstrip())]
            if text:
                for run in inline_runs(_SPACE.sub(_blank, text), self._warn, element.prosody):
                    self._append(_in_english(run) if element.english else run)
                self._blank = piece[len(piece.rstrip()) :]

    def _append(self, run: Run) -> None:
        """Append a run, and before a text the blank that parts it from the text before."""
        if run.text and self._blank and self._runs and self._runs[-1].text:
            joint = _SPACE.sub(_blank, self._runs[-1].text[-1] + self._blank + run.text[0])
            if len(joint) > 2:
                self._runs.append(Run(" ", run.prosody))
        if run.break_ms is None:
            self._blank = ""
        self._runs.append(run)

    def _end(self, name: str) -> None:
        element = self._open.pop()
        if name in _BORDERS:
            self._append(Run(border=_BORDERS[name]))
        if name not in _TEXT_ONLY:
            return
        text = _SPACE.sub(" ", "".join(element.text)).strip()
        try:
            self._append(_SPOKEN[name](text, element))
        except TextError as error:
            raise self._error(f"<{name}> {error}", element.place) from error


def _in_english(run: Run) -> Run:
    """Let numbers in a run of English text be read in English."""
    said = run.text if run.pinyin else spell_numbers(run.text)
    return run if said == run.text else replace(run, spoken=said)


def _say_as(text: str, element: _Element) -> Run:
    kind = _required(element.attributes, "interpret-as")
    return Run(text, element.prosody, spoken=say_as(text, kind, element.attributes.get("format", "")))


def _sub(text: str, element: _Element) -> Run:
    alias = _required(element.attributes, "alias").strip()
    if not alias:
        raise TextError("alias is empty; write what is to be spoken")
    return Run(text, element.prosody, spoken=alias)


def _phoneme(text: str, element: _Element) -> Run:
    alphabet = element.attributes.get("alphabet", "pinyin")
    if alphabet not in _ALPHABETS:
        raise TextError(f"alphabet={alphabet!r} is not known; accepted are pinyin and x-arpabet")
    read, example = _ALPHABETS[alphabet]
    written = _required(element.attributes, "ph").strip()
    if not written or not text:
        raise TextError(f"needs text and its sounds, such as {example}")
    return Run(text, element.prosody, pinyin=read(written))


def _pinyin(written: str) -> tuple[str, ...]:
    return tuple(map(read_pinyin, written.split()))


def _arpabet(written: str) -> tuple[str, ...]:
    return tuple(" ".join(syllable) for syllable in read_arpabet(written))


_PINYIN = _pinyin, "<phoneme alphabet='pinyin' ph='chong2 qing4'>重庆</phoneme>"
_ARPABET = _arpabet, "<phoneme alphabet='x-arpabet' ph='HH AH0 L OW1'>hello</phoneme>"
_ALPHABETS: dict[str, tuple[Callable[[str], tuple[str, ...]], str]] = {
    "pinyin": _PINYIN,
    "x-pinyin": _PINYIN,
    "arpabet": _ARPABET,
    "x-arpabet": _ARPABET,
}


_SPOKEN: dict[str, Callable[[str, _Element], Run]] = {"say-as": _say_as, "sub": _sub, "phoneme": _phoneme}


def _prosody(outer: Prosody, attributes: dict[str, str]) -> Prosody:
    rate, pitch, volume = outer.rate, outer.pitch_semitones, outer.volume_db
    if "rate" in attributes:
        rate = _in_range("rate", rate * _rate(attributes["rate"]), RATE_RANGE, "")
    if "pitch" in attributes:
        pitch = _in_range("pitch", pitch + _pitch(attributes["pitch"]), PITCH_RANGE_SEMITONES, " semitones")
    if "volume" in attributes:
        added = _volume(attributes["volume"])
        volume = SILENT_DB if SILENT_DB in (added, volume) else _in_range("volume", volume + added, VOLUME_RANGE_DB, " dB")
    return replace(outer, rate=rate, pitch_semitones=pitch, volume_db=volume)


def _in_range(name: str, value: float, limits: tuple[float, float], unit: str) -> float:
    """Refuse a value, that of the enclosing elements included, outside its range."""
    low, high = limits
    if not low - 1e-9 <= value <= high + 1e-9:
        raise TextError(f"{name} comes to {value:.4g}{unit} with the elements around it; accepted are {low:g} to {high:g}{unit}")
    return value


def _rate(value: str) -> float:
    value = value.strip()
    if value in _RATES:
        return _RATES[value]
    if match := re.fullmatch(r"([+-]?)([0-9]{1,6}(?:\.[0-9]{1,6})?)%", value):
        share = float(match[2]) / 100
        return 1 + share if match[1] == "+" else 1 - share if match[1] else share
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value):
        return float(value)
    raise TextError(
        f"rate={value!r} is not understood; accepted are {' '.join(_RATES)}, 120%, +20%, -20% and factors such as 1.2"
    )


def _pitch(value: str) -> float:
    value = value.strip()
    if value in _PITCHES:
        return _PITCHES[value]
    if match := re.fullmatch(r"([+-]?[0-9]{1,6}(?:\.[0-9]{1,6})?)st", value):
        return float(match[1])
    if (match := re.fullmatch(r"([+-][0-9]{1,6}(?:\.[0-9]{1,6})?)%", value)) and float(match[1]) > -100:
        return 12 * math.log2(1 + float(match[1]) / 100)
    raise TextError(
        f"pitch={value!r} is not understood; accepted are {' '.join(_PITCHES)}, semitones such as +2st and percent such as +10%"
    )


def _volume(value: str) -> float:
    value = value.strip()
    if value in _VOLUMES:
        return _VOLUMES[value]
    if match := re.fullmatch(r"([+-]?[0-9]{1,6}(?:\.[0-9]{1,6})?)dB", value, re.IGNORECASE):
        return float(match[1])
    raise TextError(f"volume={value!r} is not understood; accepted are {' '.join(_VOLUMES)} and decibels such as +6dB or -3dB")


def _break_ms(attributes: dict[str, str]) -> int:
    if "time" in attributes:
        match = re.fullmatch(r"\+?([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s)", attributes["time"].strip())
        ms = round(float(match[1]) * (1000 if match[2] == "s" else 1)) if match else -1
        if not 0 <= ms <= MAX_BREAK_MS:
            raise TextError(
                f"time={attributes['time']!r} is not accepted; write 0ms to {MAX_BREAK_MS // 1000}s, such as 500ms or 1.5s"
            )
        return ms
    return _STRENGTHS[_one_of(attributes, "strength", _STRENGTHS, "medium")]


def _emphasis(outer: Prosody, attributes: dict[str, str]) -> Prosody:
    return replace(outer, emphasis=_EMPHASES[_one_of(attributes, "level", _EMPHASES, "moderate")])


def _emotion(outer: Prosody, attributes: dict[str, str], check: Callable[[str], None] | None) -> Prosody:
    category = _required(attributes, "category")
    if check is None:
        category = _one_of(attributes, "category", EMOTIONS, "")
    elif not is_phrase(category):
        raise TextError(f"category={category!r} is not accepted; write a name or a few words")
    else:
        try:
            check(category)
        except RequestError as error:
            raise TextError(str(error)) from error
    intensity = attributes.get("intensity", "1.0").strip()
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", intensity) or float(intensity) > 1.5:
        raise TextError(f"intensity={intensity!r} is not accepted; write a number from 0 to 1.5")
    return replace(outer, emotion=category, strength=float(intensity))


_INNER: dict[str, Callable[[Prosody, dict[str, str]], Prosody]] = {
    "prosody": _prosody,
    "emphasis": _emphasis,
}


def _required(attributes: dict[str, str], name: str) -> str:
    if name not in attributes:
        raise TextError(f"needs the attribute {name!r}")
    return attributes[name]


def _one_of(attributes: dict[str, str], name: str, accepted: Iterable[str], default: str) -> str:
    value = attributes.get(name, default).strip()
    if value not in accepted:
        raise TextError(f"{name}={value!r} is not known; accepted are {' '.join(accepted)}")
    return value
