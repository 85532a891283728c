"""What verbs print for machines."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from tingshuo.tasks.tts import SpeechStream


def print_json(content: dict[str, Any]) -> None:
    """Print one JSON object."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))


def describe(stream: "SpeechStream") -> dict[str, Any]:
    """Return what is worth knowing about a finished stream."""
    return {
        "sample_rate": stream.sample_rate,
        "duration_s": round(stream.duration_s, 4),
        "rtf": stream.stages.rtf,
        "stages": asdict(stream.stages),
        "warnings": list(stream.warnings),
        "sentences": [asdict(sentence) for sentence in stream.sentences],
    }
