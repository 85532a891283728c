"""What the inputs of a voice of sherpa-onnx take, and how text becomes its symbols, as its metadata tell both.

Inputs are known by their place, which is how sherpa-onnx gives them. Which front end a voice has is decided in the order in
which sherpa-onnx decides it.

Source: ``offline-tts-{vits,matcha}-{model.cc,impl.h}``, ``lexicon.cc``, ``matcha-tts-lexicon.cc`` and
``piper-phonemize-lexicon.cc`` of https://github.com/k2-fsa/sherpa-onnx (Apache-2.0).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tingshuo.config.graph_voice import InputsConfig, OutputsConfig, ScalesConfig, TextConfig
from tingshuo.errors import PortError
from tingshuo.port.importers.graph_voice_contract import lexicon_config, read_file
from tingshuo.port.importers.sherpa_tts import ESPEAK, LEXICON, MATCHA, TOKENS, Found
from tingshuo.text.foreign.espeak_mandarin import english_syllable
from tingshuo.text.foreign.piper import BEGIN, END, FILL
from tingshuo.text.foreign.sherpa import SPACE, read_lexicon, read_tokens
from tingshuo.text.symbols import ARPABET

ZH_EN = "zh en-us"
"""The voice of a Matcha that reads pinyin and, of English, letters of eSpeak NG with changes."""
_RESPELT = (
    ("ɚ", "əɹ"), ("eɪ", "A"), ("aɪ", "I"), ("ɔɪ", "Y"), ("oʊ", "O"), ("aʊ", "W"), ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("ː", ""), ("e", "ɛ"),
)  # fmt: skip
"""Those changes: phonetic letters of ours to the one letter that such a voice has for them."""
_LANGUAGES = {
    "chinese": ("zh-CN",), "chinese + english": ("zh-CN", "en-US"), "english": ("en-US",), "german": ("de-DE",),
    "french": ("fr-FR",), "spanish": ("es-ES",), "cantonese": ("yue-HK",), "japanese": ("ja-JP",), "korean": ("ko-KR",),
}  # fmt: skip
_VOWELS = frozenset(ARPABET[:15])


class Reading(NamedTuple):
    """How a voice is given a sentence."""

    inputs: InputsConfig
    outputs: OutputsConfig
    text: TextConfig
    scales: ScalesConfig
    languages: tuple[str, ...]
    notes: tuple[str, ...]


def read_reading(found: Found) -> Reading:
    """Return how a voice is given a sentence.

    Raises
    ------
    PortError
        A file or something in its metadata is missing or wrong.
    """
    tokens = read_file(found.folder, TOKENS, str(found.folder), read_tokens)
    said = found.text("language").lower()
    if found.kind == MATCHA:
        text, notes = _matcha_text(found, tokens)
        inputs, outputs, scales = _matcha_inputs(found), _matcha_outputs(found), ScalesConfig(noise=1.0)
        languages = ("zh-CN", "en-US") if found.text("voice") == ZH_EN else _LANGUAGES.get(said, ("zh-CN",))
    else:
        text, notes = _vits_text(found, tokens)
        inputs, outputs, scales = _vits_inputs(found), OutputsConfig(wav=_first(found)), ScalesConfig()
        languages = _LANGUAGES.get(said, ("zh-CN",) if "chinese" in said else ("und",))
    return Reading(inputs, outputs, text, scales, languages, notes)


def _first(found: Found) -> str:
    return next(iter(found.acoustic.head.outputs), "")


def _named(found: Found, parts: Sequence[str]) -> dict[str, str]:
    """Return names of inputs by their parts, which are in the order of the inputs."""
    names = list(found.acoustic.head.inputs)
    if len(names) > len(parts):
        raise PortError(
            f"{found.acoustic.path}: takes {', '.join(names)}, which is more than voices of sherpa-onnx do; a contract says what "
            "they are"
        )
    return dict(zip(parts, names, strict=False))


def _vits_inputs(found: Found) -> InputsConfig:
    comment = found.text("comment")
    if "piper" in comment or "coqui" in comment:
        return _inputs(found, ("symbols", "lengths", "scales", "speaker", "languages"), fixed={"languages": 0})
    if "melo" in comment:
        alone = {"speaker": found.number("speaker_id", 0)} if found.number("n_speakers") == 1 else {}
        return _inputs(found, ("symbols", "lengths", "tones", "speaker", "noise", "length", "duration_noise"), fixed=alone)
    return _inputs(found, ("symbols", "lengths", "noise", "length", "duration_noise", "speaker", "emotion"), fixed={"emotion": 0})


def _matcha_inputs(found: Found) -> InputsConfig:
    if list(found.acoustic.head.inputs)[2:3] == ["scales"]:
        return _inputs(found, ("symbols", "lengths", "scales"), order=("noise", "length"))
    return _inputs(found, ("symbols", "lengths", "noise", "length", "speaker"))


def _inputs(
    found: Found, parts: Sequence[str], *, fixed: Mapping[str, int] | None = None, order: Sequence[str] = ()
) -> InputsConfig:
    """Return what inputs take: ``parts`` in their order, of which some get a number whatever is said."""
    named = _named(found, parts)
    numbers = {named.pop(part): number for part, number in (fixed or {}).items() if part in named}
    return InputsConfig.check({**named, "fixed": numbers, **({"scales_order": order} if order else {})}, str(found.acoustic.path))


def _matcha_outputs(found: Found) -> OutputsConfig:
    return OutputsConfig(mel=_first(found)) if found.needs_vocoder else OutputsConfig(wav=_first(found))


def _vits_text(found: Found, tokens: dict[str, int]) -> tuple[TextConfig, tuple[str, ...]]:
    comment, jieba = found.text("comment"), found.number("jieba", 0)
    blank = 0 if found.number("add_blank", 0) else None
    if found.text("frontend") == "characters":
        return _characters(found, tokens), ()
    if "melo" in comment:
        return _lexicon(found, TextConfig(kind="sounds", tokens=tokens, blank=blank), tones=True)
    if found.number("has_g2pw", 0):
        return TextConfig(kind="piper", phonemes="pinyin", phoneme_ids={name: (row,) for name, row in tokens.items()}), ()
    if jieba:
        return _lexicon(found, TextConfig(kind="sounds", tokens=tokens, blank=blank))
    by_espeak = any(one in comment for one in ("piper", "coqui", "icefall", "Inflect"))
    if by_espeak and (found.has(ESPEAK) or found.number("has_espeak", 0)) and not ("icefall" in comment and found.has(LEXICON)):
        return _espeak_vits(found, tokens, comment), ()
    if found.text("language").lower() == "chinese":
        return _lexicon(found, _plain_chinese(found, tokens, blank))
    spaced = TextConfig(kind="words", tokens=tokens, blank=blank, space=tokens.get(SPACE))
    return _lexicon(found, spaced, words=True)


def _plain_chinese(found: Found, tokens: dict[str, int], blank: int | None) -> TextConfig:
    """Return how voices read whose sentences stand between ``sil`` and ``sil eos``.

    A mark that has no symbol is ``#0`` where the metadata list marks, as in sherpa-onnx; where they list none, sherpa-onnx drops
    them, and it is ``sil``, which a comma was in training (``test_aishell3.py`` of https://github.com/csukuangfj/vits_chinese).
    """
    silence, end = tokens.get("sil"), tokens.get("eos")
    pause = tokens.get("#0", silence) if found.text("punctuation") else silence
    edges = () if silence is None else (silence,)
    ends = edges if end is None else (*edges, end)
    return TextConfig(kind="sounds", tokens=tokens, blank=blank, pause=pause, begin=edges, end=ends)


def _characters(found: Found, tokens: Mapping[str, int]) -> TextConfig:
    around = bool(found.number("use_eos_bos", 1))
    return TextConfig(
        kind="characters",
        tokens={token: row for token, row in tokens.items() if len(token) == 1},
        begin=(found.number("bos_id", 0),) if around else (),
        end=(found.number("eos_id", 0),) if around else (),
        blank=found.number("blank_id", 0) if found.number("add_blank", 0) else None,
        blank_edges=False,
    )


def _espeak_vits(found: Found, tokens: Mapping[str, int], comment: str) -> TextConfig:
    voice = found.text("voice")
    letters = {token: row for token, row in tokens.items() if len(token) == 1}
    if "piper" in comment or "icefall" in comment:
        return TextConfig(kind="piper", phoneme_ids={name: (row,) for name, row in letters.items()}, espeak_voice=voice)
    if "Inflect" in comment:
        return TextConfig(kind="espeak", tokens=letters, espeak_voice=voice, blank=_symbol(found, tokens, FILL))
    around = bool(found.number("use_eos_bos", 1))
    comma = _symbol(found, tokens, ",")  # which makes the pause at the end longer
    return TextConfig(
        kind="espeak",
        tokens=letters,
        espeak_voice=voice,
        begin=(found.number("bos_id", 0),) if around else (),
        end=(comma, *((found.number("eos_id", 0),) if around else ())),
        blank=found.number("blank_id", 0) if found.number("add_blank", 0) else None,
        blank_edges=False,
    )


def _matcha_text(found: Found, tokens: dict[str, int]) -> tuple[TextConfig, tuple[str, ...]]:
    if found.text("voice") == ZH_EN:
        text, notes = _lexicon(found, TextConfig(kind="sounds", tokens=tokens, space=tokens.get(SPACE)))
        return text.replace(sounds={**text.sounds, **_phones(tokens)}), notes
    blank = found.number("pad_id")
    if found.number("jieba", 0):
        return _lexicon(found, TextConfig(kind="sounds", tokens=tokens, blank=blank))
    if not found.number("has_espeak", 0):
        raise PortError(
            f"{found.acoustic.path}: says neither jieba nor has_espeak, so how it reads is not known; a contract says it"
        )
    edges = [_symbol(found, tokens, mark) for mark in (BEGIN, END)] if found.number("use_eos_bos") else []
    letters = {token: row for token, row in tokens.items() if len(token) == 1}
    voice = found.text("voice", "en-us")
    return TextConfig(
        kind="espeak", tokens=letters, espeak_voice=voice, begin=tuple(edges[:1]), end=tuple(edges[1:]), blank=blank
    ), ()


def _phones(tokens: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Return the phones of English of a voice that has one letter for a diphthong."""
    found = {}
    for phone in ARPABET:
        for stress in ("0", "1", "2") if phone in _VOWELS else ("",):
            letters = english_syllable(phone + stress)
            for several, one in _RESPELT:
                letters = letters.replace(several, one)
            if all(letter in tokens for letter in letters):
                found[phone + stress] = tuple(tokens[letter] for letter in letters)
    return found


def _lexicon(found: Found, text: TextConfig, *, tones: bool = False, words: bool = False) -> tuple[TextConfig, tuple[str, ...]]:
    read = read_file(found.folder, LEXICON, str(found.folder), lambda said: read_lexicon(said, text.tokens, tones=tones))
    return lexicon_config(text, read.entries, read.unknown, str(found.folder / LEXICON), words=words)


def _symbol(found: Found, tokens: Mapping[str, int], token: str) -> int:
    if token not in tokens:
        raise PortError(f"{found.folder / TOKENS}: has no {token!r}, with which sentences of this voice are marked")
    return tokens[token]
