"""Teach the net of `tingshuo.audio.vad` and write its weights.

    python scripts/build_vad.py [--data ../shared/data] [--windows 7000] [--epochs 14] [--start WEIGHTS] [--out WEIGHTS]

It hears windows of 8 s: clips of the pack's train rows with gaps, at levels down to -45 dB, some in a room, some through a
telephone, in noise 3 dB above to 30 dB below them. The noise is made here: coloured and swelling noise, drops, hums, beeps,
sirens, drums, clicks, breaths and songs without words, and two of the pack's four pieces of music; the others, rain and ocean are
kept for `benchmarks/vad.py`. What is speech is known from the clean clips. ``--start`` goes on from weights that are there.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from vad_noises import NOISES, normal

from tingshuo.audio.clean_speech import clean_speech
from tingshuo.audio.fbank import fbank
from tingshuo.audio.mono import MonoBlocks
from tingshuo.audio.vad import DILATIONS, FBANK, HOP, LEAD, MEAN, SAMPLE_RATE, SCALE, STACKED, STRIDE, WEIGHTS
from tingshuo.data.clips import read_clips
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.types import Wav

PACK = Path(__file__).parents[2] / "shared/data"
PARTS = {"cv_zh": 1100, "aishell": 120, "librispeech_mini": 120, "speechocean": 150, "dspspeech": 200}
MUSIC = ("music/music_00_pop.opus", "music/music_02_folk.opus")
FRAMES = 400
WINDOW = FRAMES * HOP
SIZE, TAPS = 64, 5
BATCH, RATE = 32, 3e-3
MIX = 2.0
"""Natural logarithms by which the level of a window is shifted at most, anew each time it is seen."""
Signal = NDArray[np.float64]
Random = np.random.Generator


class Net(nn.Module):
    """The net in torch, its parameters named as in the file."""

    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Linear(STACKED * FBANK.n_mels, SIZE)
        self.depth = nn.ParameterList(nn.Parameter(torch.randn(TAPS, SIZE) / TAPS**0.5) for _ in DILATIONS)
        self.depth_bias = nn.ParameterList(nn.Parameter(torch.zeros(SIZE)) for _ in DILATIONS)
        self.point = nn.ModuleList(nn.Linear(SIZE, SIZE) for _ in DILATIONS)
        self.output = nn.Linear(SIZE, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (B, N) of features (B, 2 N + 2, bands)."""
        x = (features - MEAN) * SCALE
        frames = (features.shape[1] - STACKED) // STRIDE + 1
        stacked = [x[:, n : n + STRIDE * (frames - 1) + 1 : STRIDE] for n in range(STACKED)]
        hidden = torch.relu(self.input(torch.cat(stacked, -1)))
        for n, (gap, back, ahead) in enumerate(DILATIONS):
            padded = functional.pad(hidden, (0, 0, back * gap, ahead * gap))
            taps = [padded[:, k * gap : k * gap + frames] * self.depth[n][k] for k in range(TAPS)]
            hidden = hidden + torch.relu(self.point[n](torch.stack(taps).sum(0) + self.depth_bias[n]))
        logits: Tensor = self.output(hidden)[..., 0]
        return logits

    def tensors(self) -> dict[str, Tensor]:
        """Return its parameters by their names in the file; matrices there are (in, out)."""
        named = {"input": self.input, "output": self.output} | {f"point.{n}": one for n, one in enumerate(self.point)}
        found = {f"{name}.weight": one.weight.data.T for name, one in named.items()}
        found |= {f"{name}.bias": one.bias.data for name, one in named.items()}
        for n in range(len(DILATIONS)):
            found |= {f"depth.{n}.weight": self.depth[n].data, f"depth.{n}.bias": self.depth_bias[n].data}
        return found


def main() -> None:
    """Make windows, teach, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PACK)
    parser.add_argument("--windows", type=int, default=7000)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    features, speech = windows(arguments.data, arguments.windows)
    net = Net()
    if arguments.start:
        for name, tensor in load_file(arguments.start).items():
            net.tensors()[name].copy_(torch.from_numpy(tensor.astype(np.float32)))
    teach(net, features, speech, arguments.epochs)
    save_file({name: np.ascontiguousarray(one.numpy(), np.float16) for name, one in net.tensors().items()}, arguments.out)
    arguments.out.chmod(0o644)
    print(f"{arguments.out}: {sum(one.numel() for one in net.parameters())} weights")


def teach(net: Net, features: NDArray[np.float16], speech: NDArray[np.bool_], epochs: int) -> None:
    """Teach all windows but the last twentieth, and print the errors on those."""
    count = len(features) * 19 // 20
    steps = epochs * (count // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.1)
    rng = np.random.default_rng(0)
    for epoch in range(epochs):
        order = rng.permutation(count)
        for first in range(0, count - BATCH + 1, BATCH):
            rows = np.sort(order[first : first + BATCH])
            x = torch.from_numpy(features[rows].astype(np.float32))
            x = torch.clamp(x + (2 * torch.rand(BATCH, 1, 1) - 1) * MIX, min=0)
            loss = functional.binary_cross_entropy_with_logits(net(x), torch.from_numpy(speech[rows].astype(np.float32)))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            found = net(torch.from_numpy(features[count:].astype(np.float32))).numpy() > 0
        wanted = speech[count:]
        missed, false = (wanted & ~found).sum() / wanted.sum(), (found & ~wanted).sum() / (~wanted).sum()
        print(f"epoch {epoch + 1}: missed {100 * missed:.2f} %, false {100 * false:.2f} %", flush=True)


def windows(data: Path, count: int) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """Return features (count, 2 FRAMES + 2, bands) and which frames are speech (count, FRAMES)."""
    rng = np.random.default_rng(1)
    clips = read(data, rng)
    music = [np.concatenate(list(MonoBlocks(data / file, SAMPLE_RATE))).astype(np.float64) for file in MUSIC]
    features = np.empty((count, STRIDE * FRAMES + STACKED - STRIDE, FBANK.n_mels), np.float16)
    speech = np.empty((count, FRAMES), bool)
    for n in range(count):
        wav, speech[n] = window(clips, music, rng)
        features[n] = fbank(np.pad(wav, (LEAD, 800)), FBANK)[: features.shape[1]]
    return features, speech


def read(data: Path, rng: Random) -> list[tuple[Wav, NDArray[np.bool_]]]:
    """Return clips of as many people as possible and which of their frames are speech."""
    found = []
    for part, most in PARTS.items():
        rows = [row for row in read_corpus(data, parts=[part]).rows if row.split == "train"]
        by_speaker: dict[str, int] = {}
        chosen = []
        for n in rng.permutation(len(rows)):
            by_speaker[rows[n].speaker] = by_speaker.get(rows[n].speaker, 0) + 1
            if part != "cv_zh" or by_speaker[rows[n].speaker] <= 14:
                chosen.append(rows[n])
        for _, wav in read_clips(chosen[:most], SAMPLE_RATE):
            if not isinstance(wav, Exception) and len(wav) >= 10 * HOP:
                clip = wav[: min(len(wav) // HOP * HOP, 12 * SAMPLE_RATE)]
                found.append((clip, clean_speech(clip)))
    return found


def window(clips: list[tuple[Wav, NDArray[np.bool_]]], music: list[Signal], rng: Random) -> tuple[Wav, NDArray[np.bool_]]:
    """Return a window and which of its frames are speech."""
    wav, speech = np.zeros(WINDOW), np.zeros(FRAMES, bool)
    at = int(rng.exponential(0.8) * SAMPLE_RATE) // HOP if rng.random() > 0.2 else FRAMES
    while at < FRAMES:
        clip, spoken = clips[rng.integers(len(clips))]
        count = min(len(spoken), FRAMES - at)
        wav[at * HOP : (at + count) * HOP] += clip[: count * HOP] * 10 ** (rng.uniform(-10, 0) / 20)
        speech[at : at + count] |= spoken[:count]
        at += count + int(rng.exponential(1.2) * SAMPLE_RATE) // HOP
    level = np.sqrt(np.square(wav.reshape(FRAMES, HOP)[speech]).mean()) if speech.any() else 0.1
    if rng.random() < 0.3:
        wav = in_a_room(wav, rng)
    if rng.random() > 0.12 or not speech.any():
        wav = wav + level * 10 ** (-rng.uniform(-3, 30) / 20) * noise(music, rng)
    else:
        wav = wav + 10 ** (rng.uniform(-100, -55) / 20) * rng.standard_normal(WINDOW)
    if rng.random() < 0.15:
        wav = narrowed(wav, rng)
    wav = wav / (np.abs(wav).max() + 1e-9) * 10 ** (-rng.uniform(0, 45) / 20)
    return (np.round(wav * 32767) / 32768).astype(np.float32), speech


def in_a_room(wav: Signal, rng: Random) -> Signal:
    """Let a signal sound in a room that dies away within 0.1 to 0.7 s."""
    length = int(rng.uniform(0.1, 0.7) * SAMPLE_RATE)
    room = rng.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length) * rng.uniform(0.02, 0.12)
    room[0] = 1
    sounding: Signal = np.fft.irfft(np.fft.rfft(wav, 2 * WINDOW) * np.fft.rfft(room, 2 * WINDOW))[:WINDOW]
    return sounding


def narrowed(wav: Signal, rng: Random) -> Signal:
    """Take the lowest and the highest frequencies away, as telephones do."""
    spectrum = np.fft.rfft(wav)
    hz = np.linspace(0, SAMPLE_RATE / 2, len(spectrum))
    spectrum[(hz > rng.uniform(3300, 5500)) | (hz < rng.uniform(20, 300))] *= 1e-3
    return np.fft.irfft(spectrum, WINDOW)


def noise(music: list[Signal], rng: Random) -> Signal:
    """Return a window of one or two kinds of noise, of power 1."""

    def one() -> Signal:
        if rng.random() < 0.15:
            whole = music[rng.integers(len(music))]
            begin = rng.integers(len(whole) - WINDOW)
            return normal(whole[begin : begin + WINDOW])
        make: Callable[[int, Random], Signal] = NOISES[rng.integers(len(NOISES))]
        return normal(make(WINDOW, rng))

    made = one()
    if rng.random() < 0.35:
        made = made + one() * rng.uniform(0.2, 1)
    if rng.random() < 0.3:  # it comes and goes
        made = made * np.interp(np.arange(WINDOW), np.sort(rng.integers(0, WINDOW, 4)), rng.integers(0, 2, 4))
    return normal(made + 1e-4 * rng.standard_normal(WINDOW))


if __name__ == "__main__":
    main()
