"""Recordings of a language in which each syllable is a chord of its own: quick to learn, and never mistaken for speech."""

import random
from pathlib import Path

import numpy as np
import soundfile

from tingshuo.data.utterance import Utterance, write_manifest

CHORDS = {"天": (300, 900), "鱼": (500, 1500), "夏": (800, 2400), "风": (1100, 3300), "门": (400, 1800)}
RATE = 16000
SMALL = (
    "bundle.licence=CC0-1.0", "bundle.consent=nobody speaks", "bundle.data_statement=Chimes.", "bundle.name=chimes",
    "unheard=false", "language.closed=true", "language.order=1", "dropout=0.0", "phones_weight=0.2", "whole=0.7", "chunks=[4, 8]",
    "net.dim=32", "net.layers=1", "net.hidden=48", "net.stem=8", "net.heads=2", "net.kernel=3", "net.subsampling=4",
    "disguise.noisy=0", "disguise.rooms=0", "disguise.time_masks=0", "disguise.band_masks=0", "disguise.tract_bands=0",
    "disguise.colour_nepers=0.2", "loop.steps=100", "loop.rate=0.004", "loop.warm_up=10", "loop.average=0.9",
    "loop.batch_frames=1200", "loop.precision=fp32", "loop.evaluate_every=50", "loop.checkpoint_every=100", "loop.threads=1",
)  # fmt: skip
"""Settings of a net that learns them in seconds."""
SYLLABLE_S, GAP_S = 0.16, 0.08


def chime(text: str, chance: random.Random) -> np.ndarray:
    """Return the sound of a text."""
    time = np.arange(round(SYLLABLE_S * RATE)) / RATE
    shape = np.sin(np.pi * time / SYLLABLE_S) ** 0.5
    chords = [sum(np.sin(2 * np.pi * hz * time) for hz in CHORDS[char]) * shape for char in text]
    quiet, gap = np.zeros(round(chance.uniform(0.1, 0.2) * RATE)), np.zeros(round(GAP_S * RATE))
    wav = 0.2 * np.concatenate([quiet, *(part for chord in chords for part in (chord, gap)), quiet])
    return (wav + 0.001 * np.random.default_rng(chance.randrange(1 << 30)).standard_normal(len(wav))).astype(np.float32)


def write_chimes(folder: Path, taught: int = 48, held_out: int = 6, extra: str = "") -> Path:
    """Write a corpus of chimes, of four syllables and ``extra`` ones, and return its manifest."""
    chance = random.Random(0)
    folder.mkdir()
    rows = []
    for n in range(taught + held_out):
        text = "".join(chance.choices("天鱼夏风" + extra, k=chance.randint(2, 5)))
        soundfile.write(folder / f"{n}.wav", chime(text, chance), RATE)
        rows.append(Utterance(id=str(n), audio=f"{n}.wav", text=text, split="train" if n < taught else "dev", source="chimes"))
    if held_out:
        rows.append(Utterance(id="english", audio="0.wav", text="hello"))
        rows.append(Utterance(id="fast", audio="1.wav", text="天鱼" * 40))
    write_manifest(folder / "manifest.jsonl", rows)
    return folder / "manifest.jsonl"
