"""docs/voice.md tells what the code does."""

from math import exp
from pathlib import Path

from tingshuo.tasks.prosody import EFFECTS

PAGE = Path(__file__).parents[2] / "docs/voice.md"


def row(emotion):
    e = EFFECTS[emotion]
    return (
        f"| {emotion} | ×{exp(e.log_rate):.2f} | {e.pitch_semitones:+.1f} st | ×{exp(e.log_range):.2f} | "
        f"{e.volume_db:+.1f} dB | {e.tilt_db_per_octave:+.1f} dB/oct | ×{exp(e.log_pause):.2f} |"
    )


def test_the_table_of_emotions_is_current():
    expected = "\n".join(row(emotion) for emotion in EFFECTS)
    assert expected in PAGE.read_text("utf-8"), expected
