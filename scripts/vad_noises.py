"""Sounds that are no speech, made of numbers: what `build_vad` lets speech drown in. Each is (T,) at 16 kHz, of any level."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 16000
Signal = NDArray[np.float64]
Random = np.random.Generator


def normal(wav: Signal) -> Signal:
    """Return a signal of power 1."""
    return wav / (np.sqrt(np.square(wav).mean()) + 1e-9)


def steps(samples: int, per_s: float, spread_db: float, rng: Random) -> Signal:
    """Return a gain that wanders by so many dB, so often a second."""
    points = max(2, int(samples / RATE * per_s) + 2)
    return 10 ** (np.interp(np.arange(samples), np.linspace(0, samples, points), rng.normal(0, spread_db, points)) / 20)


def coloured(samples: int, rng: Random) -> Signal:
    """Noise of some colour, with gusts."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hz = np.linspace(0, RATE / 2, len(spectrum)) + 20
    shape = np.interp(np.log(hz), np.linspace(np.log(20), np.log(8020), 9), np.cumsum(rng.normal(0, 5, 9)))
    wav = np.fft.irfft(spectrum * 10 ** ((shape - rng.uniform(0, 6) * rng.integers(2) * np.log2(hz / 20)) / 20), samples)
    return wav * steps(samples, rng.uniform(0.1, 3), rng.uniform(0, 8) * rng.integers(2), rng)


def swelling(samples: int, rng: Random) -> Signal:
    """Surf, rain, traffic: bands that swell each at its own pace, and drops."""
    wav = np.zeros(samples)
    for _ in range(rng.integers(2, 5)):
        gain = steps(samples, 10 ** rng.uniform(-1, 1.2), rng.uniform(1, 9), rng)
        wav += normal(coloured(samples, rng)) * gain * rng.uniform(0.2, 1)
    if rng.random() < 0.6:
        count = rng.poisson(samples / RATE * rng.uniform(10, 400))
        drops = np.zeros(samples)
        drops[rng.integers(0, samples, count)] = rng.exponential(1, count) * rng.choice([-1, 1], count)
        time_s = np.arange(int(rng.uniform(0.001, 0.02) * RATE) + 2) / RATE
        drop = np.exp(-time_s * rng.uniform(100, 1500)) * np.sin(2 * np.pi * rng.uniform(500, 7000) * time_s + 1)
        wav += normal(np.convolve(drops, drop)[:samples]) * rng.uniform(0.3, 2)
    return wav


def hum(samples: int, rng: Random) -> Signal:
    """An engine or the mains: harmonics of a low note that wavers."""
    waver = 1 + 0.02 * rng.uniform(0, 3) * np.repeat(rng.standard_normal(samples // 800 + 1), 800)[:samples]
    phase = 2 * np.pi * rng.uniform(40, 220) * np.cumsum(waver) / RATE
    fall = rng.uniform(0.3, 2)
    return np.sum([np.sin(n * phase + rng.uniform(0, 6)) / n**fall for n in range(1, rng.integers(3, 25))], 0)


def beeps(samples: int, rng: Random) -> Signal:
    """One or two tones that come and go: telephones, machines."""
    time_s = np.arange(samples) / RATE
    period_s = rng.uniform(0.1, 2)
    tones = sum(np.sin(2 * np.pi * rng.uniform(300, 4000) * time_s) for _ in range(rng.integers(1, 3)))
    return tones * (time_s % period_s < period_s * rng.uniform(0.2, 0.9))


def sirens(samples: int, rng: Random) -> Signal:
    """Gliding tones: sirens, birds."""
    time_s = np.arange(samples) / RATE
    middle, pace, width = rng.uniform(400, 4000), rng.uniform(0.2, 9), rng.uniform(0.05, 0.4)
    glide = np.sin(2 * np.pi * middle * time_s + middle * width / pace * np.sin(2 * np.pi * pace * time_s))
    return glide * (time_s % rng.uniform(0.3, 3) < rng.uniform(0.1, 3))


def struck(samples: int, per_s: float, longest_s: float, rng: Random) -> Signal:
    """Clicks and knocks: noise and a tone that die away, at random times."""
    wav = np.zeros(samples)
    for at in rng.integers(0, samples, rng.poisson(samples / RATE * per_s)):
        time_s = np.arange(min(int(rng.uniform(0.1, 1) * longest_s * RATE), samples - at)) / RATE
        sound = rng.uniform(0, 1) * rng.standard_normal(len(time_s)) + np.sin(2 * np.pi * rng.uniform(200, 7000) * time_s)
        wav[at : at + len(time_s)] += sound * np.exp(-time_s * rng.uniform(4, 20) / longest_s) * rng.uniform(0.1, 1)
    return wav


def clicks(samples: int, rng: Random) -> Signal:
    """Keys and crackles."""
    return struck(samples, rng.uniform(0.5, 12), 0.06, rng)


def knocks(samples: int, rng: Random) -> Signal:
    """Doors, steps, things put down."""
    return struck(samples, rng.uniform(0.3, 3), 0.4, rng)


def breaths(samples: int, rng: Random) -> Signal:
    """Puffs of noise."""
    wav = np.zeros(samples)
    for at in rng.integers(0, samples, rng.poisson(samples / RATE * rng.uniform(0.2, 2))):
        count = min(int(rng.uniform(0.1, 0.9) * RATE), samples - at)
        if count > 1600:
            wav[at : at + count] += normal(coloured(count, rng)) * np.hanning(count)
    return wav


def drums(samples: int, rng: Random) -> Signal:
    """Three drums in a rhythm."""
    kit = []
    for _ in range(3):
        time_s = np.arange(int(rng.uniform(0.03, 0.4) * RATE)) / RATE
        skin = np.sin(2 * np.pi * rng.uniform(40, 900) * time_s * (1 + 0.5 * np.exp(-20 * time_s)))
        kit.append(np.exp(-time_s * rng.uniform(8, 80)) * (rng.uniform(0, 1) * rng.standard_normal(len(time_s)) + skin))
    wav, beat = np.zeros(samples), int(rng.uniform(0.1, 0.9) * RATE)
    at = int(rng.integers(beat))
    while at < samples:
        sound = kit[rng.integers(3)][: samples - at] * rng.uniform(0.3, 1)
        wav[at : at + len(sound)] += sound
        at += int(beat * rng.choice([0.25, 0.5, 1, 1, 2])) + 1
    return wav


def song(samples: int, rng: Random) -> Signal:
    """Up to three instruments in one key and tempo, with drums or without; nobody sings."""
    beat_s, root_hz = 60 / rng.uniform(60, 160), rng.uniform(60, 120)
    scale = np.array([0, 2, 4, 5, 7, 9, 11] if rng.random() < 0.5 else [0, 2, 3, 5, 7, 8, 10])
    wav = np.zeros(samples)
    for _ in range(rng.integers(1, 4)):
        wav += normal(instrument(samples, beat_s, root_hz, scale, rng)) * rng.uniform(0.2, 1)
    if rng.random() < 0.7:
        wav += normal(drums(samples, rng)) * rng.uniform(0.1, 1)
    return np.tanh(wav * rng.uniform(0.5, 3)) if rng.random() < 0.3 else wav


def instrument(samples: int, beat_s: float, root_hz: float, scale: NDArray[np.int64], rng: Random) -> Signal:
    """Notes or chords of one timbre."""
    timbre = np.exp(-rng.uniform(0.1, 1.2) * np.arange(11)) * rng.uniform(0.2, 1, 11)
    octave, voices, density = rng.integers(0, 4), rng.integers(1, 5), rng.uniform(0.5, 1)
    decay, attack_s, vibrato = rng.uniform(0, 6), rng.uniform(0.003, 0.1), 0.004 * rng.integers(2)
    step = int(beat_s * rng.choice([0.25, 0.5, 1, 2, 4]) * RATE)
    wav = np.zeros(samples)
    for at in range(int(rng.integers(step)), samples, step):
        if rng.random() > density:
            continue
        time_s = np.arange(min(samples - at, int(step * rng.uniform(0.5, 2.5)))) / RATE
        envelope = (
            np.minimum(time_s / attack_s, 1) * np.exp(-decay * time_s) * np.minimum((len(time_s) / RATE - time_s) / 0.02, 1)
        )
        for _ in range(voices):
            hz = root_hz * 2 ** (octave + rng.choice(scale) / 12)
            phase = 2 * np.pi * hz * np.cumsum(1 + vibrato * np.sin(2 * np.pi * 5 * time_s)) / RATE
            heard = [n for n in range(1, 12) if hz * n < 7800]
            wav[at : at + len(time_s)] += envelope * np.sum([timbre[n - 1] * np.sin(n * phase) for n in heard], 0)
    return wav


NOISES: tuple[Callable[[int, Random], Signal], ...] = (
    *(coloured, swelling, swelling, swelling, hum, beeps, sirens, clicks, knocks, breaths, drums),
    *(song, song, song),
)
"""One of these is drawn at random; some are there more than once."""
