"""How well a recogniser understands what a voice says: a voice that is beautiful and not understood is none.

The recogniser's own errors are in it; of the recordings of the same texts they are told beside it. One that has learnt from a
voice hears that voice better than people do, so a voice is judged by one that has not.
"""

from dataclasses import replace

from tingshuo.audio.resample import resample
from tingshuo.errors import DataError, TextError
from tingshuo.tasks.evaluate.listening import Pairs, compared
from tingshuo.tasks.evaluate.result import Result
from tingshuo.tasks.recognise.hearing import Hears, heard
from tingshuo.text.metrics import count
from tingshuo.types import Wav

FORM = "spoken"
"""Figures are compared as they are said: ``2026年`` is heard as 二零二六年."""
UNITS = {"misheard_characters_pct": "character", "misheard_syllables_pct": "syllable"}
"""Measures, and what they count."""


def understood(ear: Hears, result: Result, sample_rate: int) -> Result:
    """Return a result with what a recogniser mishears of each of its sounds, and the texts that it heard.

    Parameters
    ----------
    ear : Hears
        The recogniser.
    result : Result
        Of a text.
    sample_rate : int
        Hz of its sounds.

    Raises
    ------
    EngineError
        A graph of the recogniser cannot be run.
    """
    measures, texts = dict(result.measures), {}
    for kind, sound in result.sounds().items():
        texts[kind] = _told(ear, sound.wav, sample_rate)
        measures[kind] = measures.get(kind, {}) | _errors(result.text, texts[kind])
    return replace(result, measures=measures, heard_as=texts)


def _told(ear: Hears, wav: Wav, sample_rate: int) -> str:
    found = ear.hear(resample(wav, sample_rate, ear.sample_rate))
    return heard(ear, found[0]).text if found else ""


def _errors(said: str, told: str) -> dict[str, float]:
    """Return the shares of what was misheard, percent; NaN where there is nothing to compare."""
    try:
        pairs: Pairs = compared(said, told, FORM)
    except (DataError, TextError):
        pairs = {}
    return {name: 100 * count(pairs[unit]).rate if unit in pairs else float("nan") for name, unit in UNITS.items()}
