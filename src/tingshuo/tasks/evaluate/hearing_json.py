"""An evaluation of a recogniser as plain values."""

import math
from dataclasses import asdict, astuple
from typing import Any

from tingshuo.tasks.evaluate.calibration import Calibration
from tingshuo.tasks.evaluate.classification import Classification
from tingshuo.tasks.evaluate.confusion import Confusions, confusions, tone_only
from tingshuo.tasks.evaluate.listening import Listened
from tingshuo.tasks.evaluate.recogniser import Hearing, Rate


def to_json(hearing: Hearing) -> dict[str, Any]:
    """Return everything but the sounds; NaN and infinity become None, rates are shares and not per cent."""
    return {
        "recogniser": hearing.recogniser,
        "version": hearing.version,
        "subject": hearing.subject,
        "form": hearing.form,
        "beam": hearing.beam,
        "n": len(hearing.listened),
        "speakers": len({one.speaker for one in hearing.listened}),
        "rates": [_rate(rate) for rate in hearing.rates],
        "groups": {
            kind: [{"name": one.name, "audio_s": _plain(one.audio_s)} | _rate(one.rate) for one in groups]
            for kind, groups in hearing.groups.items()
        },
        "noise": [{"noise_db": noise} | _rate(rate) for noise, rate in hearing.noise_rates.items()],
        "confidence": {kind: _calibration(found) for kind, found in hearing.calibration.items()},
        "confusions": {unit: _confusions(found) for unit, found in taken_for(hearing).items()},
        "tone_only": dict(zip(("n", "of"), tone_only(_pairs(hearing, "syllable")), strict=True)),
        "words": None if hearing.words is None else classification_json(hearing.words),
        "speed": {name: _plain(value) for name, value in asdict(hearing.speed).items()},
        "left_out": [asdict(one) for one in hearing.left_out],
        "rows": [_row(one) for one in hearing.listened],
        "notes": hearing.notes,
    }


def taken_for(hearing: Hearing) -> dict[str, Confusions]:
    """Return what is taken for what, by unit: characters, and syllables where there are any."""
    found = {unit: confusions(_pairs(hearing, unit)) for unit in ("character", "syllable")}
    return {unit: own for unit, own in found.items() if unit == "character" or any(own)}


def classification_json(found: Classification) -> dict[str, Any]:
    """Return what became of single words; ``matrix`` has what was said by row, what was heard by column."""
    return {
        "n": found.n,
        "accuracy": _plain(found.accuracy),
        "low": _plain(found.interval.low),
        "high": _plain(found.interval.high),
        "macro_precision": _plain(found.macro_precision),
        "macro_recall": _plain(found.macro_recall),
        "macro_f1": _plain(found.macro_f1),
        "classes": [
            asdict(one) | {"precision": _plain(one.precision), "recall": _plain(one.recall), "f1": _plain(one.f1)}
            for one in found.classes
        ],
        "matrix": found.matrix.tolist(),
        "confidence": _calibration(found.calibration),
    }


def _pairs(hearing: Hearing, unit: str) -> list[Any]:
    return [one.pairs.get(unit, ()) for one in hearing.listened]


def _rate(rate: Rate) -> dict[str, Any]:
    ends = {"value": _plain(rate.value), "low": _plain(rate.low), "high": _plain(rate.high), "n": rate.n}
    return {"measure": rate.measure} | ends | asdict(rate.errors)


def _row(one: Listened) -> dict[str, Any]:
    return {
        "id": one.id,
        "speaker": one.speaker,
        "text": one.text,
        "heard": one.heard,
        "errors": {unit: list(astuple(one.errors(unit))) for unit in one.pairs},
        "confidence": _plain(one.confidence),
        "audio_s": _plain(one.audio_s),
        "work_s": _plain(one.work_s),
        "snr_db": _plain(one.snr_db),
    }


def _calibration(found: Calibration | None) -> dict[str, Any] | None:
    if found is None:
        return None
    plain = {name: _plain(getattr(found, name)) for name in ("confidence", "accuracy", "ece", "ranking")}
    bins = [asdict(one) | {"confidence": _plain(one.confidence), "accuracy": _plain(one.accuracy)} for one in found.bins]
    return {"n": found.n} | plain | {"bins": bins}


def _confusions(found: Confusions) -> dict[str, Any]:
    return {kind: [one._asdict() for one in own] for kind, own in found._asdict().items()}


def _plain(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
