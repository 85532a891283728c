"""Settings of a student of an imported voice: whom of it to learn, and how much."""

from tingshuo.train.distill import DistillConfig
from tingshuo.train.loop_config import Count, LoopConfig

BEGUN_RATE = 5e-4
"""Learning rate of a student that begins as the narrowed built-in voice: it has another timbre to learn, so more than a student
of that voice itself, and less than one with random weights."""


class ImportedConfig(DistillConfig, frozen=True, kw_only=True):
    """How a student of an imported voice is taught; every key has a default."""

    speakers: tuple[str, ...] = ()
    """Of the teacher, the default first; empty is its first."""
    styles: tuple[str, ...] = ()
    """Of the teacher, the default first; empty is its first."""
    emotions: tuple[str, ...] = ()
    """Beside neutral. Those that every voice is asked for become emotions of the student, others become styles."""
    licence: str = ""
    """Of the student; empty is the teacher's and that of the voice which it begins as, joined by AND where they differ."""
    vocoder_steps: Count = 0
    """Steps in which the vocoder learns from the teacher's speech too; with 0 it stays that of the built-in voice."""
    loop: LoopConfig = DistillConfig().loop.replace(rate=BEGUN_RATE)
