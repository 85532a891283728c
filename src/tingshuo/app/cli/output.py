"""What verbs print for machines."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from tingshuo.tasks.labelled import Labeller
    from tingshuo.tasks.tts import SpeechStream


def print_json(content: dict[str, Any]) -> None:
    """Print one JSON object."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))


def describe(stream: "SpeechStream", labeller: "Labeller") -> dict[str, Any]:
    """Return what is worth knowing about a finished stream as it was labelled."""
    return {
        "sample_rate": stream.sample_rate,
        "duration_s": round(labeller.n_samples / stream.sample_rate, 4),
        "rtf": stream.stages.rtf,
        "stages": asdict(stream.stages),
        "warnings": list(stream.warnings),
        "label": labeller.describe(),
        "sentences": [asdict(sentence) for sentence in labeller.sentences],
    }
