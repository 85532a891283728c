"""Recordings of every kind as one channel at one rate."""

import io
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tingshuo.audio import mono
from tingshuo.audio.mono import MonoBlocks
from tingshuo.audio.read import read_mono
from tingshuo.audio.resample import resample
from tingshuo.audio.write import open_encoder
from tingshuo.errors import AudioError, EncoderNotInstalledError

RATE = 16000
with_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg on this machine")


def gather(source, rate=RATE):
    blocks = MonoBlocks(source, rate)
    return np.concatenate(list(blocks)), blocks


@pytest.fixture
def tone():
    return (0.3 * np.sin(np.arange(96000) / 20)).astype(np.float32)


def test_as_in_one_piece(tmp_path, tone, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([tone, 0.5 * tone], 1), 48000, subtype="FLOAT")
    monkeypatch.setattr("tingshuo.audio.read.BLOCK_SAMPLES", 5000)
    monkeypatch.setattr(mono, "BLOCK_SAMPLES", 5000)
    expected = resample(read_mono(path)[0], 48000, RATE)
    samples = np.stack([tone, 0.5 * tone])
    for source in (path, str(path), io.BytesIO(path.read_bytes()), (samples, 48000)):
        wav, blocks = gather(source)
        np.testing.assert_allclose(wav, expected, atol=1e-4)
        assert (blocks.promised_s, blocks.heard_s, blocks.wrong_samples) == (2.0, pytest.approx(2.0), 0)
    same, _ = gather((tone, RATE))
    np.testing.assert_array_equal(same, tone)


def test_many_channels_at_a_high_rate(tmp_path, tone):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([tone] * 6, 1), 96000)
    wav, _ = gather(path)
    assert (len(wav), wav.dtype) == (16000, np.float32)


def test_what_is_no_number_becomes_silence(tmp_path):
    bad = np.full(4000, 0.1, np.float32)
    bad[100:103] = np.nan, np.inf, -np.inf
    bad[200] = 1e30
    path = tmp_path / "a.wav"
    soundfile.write(path, bad, RATE, subtype="FLOAT")
    wav, blocks = gather(path)
    assert blocks.wrong_samples == 3
    assert (wav[100:103] == 0).all()
    assert wav[200] == 1
    assert gather((bad, 8000))[1].wrong_samples == 3


def test_a_stream_does_not_say_how_long_it_is(tone):
    with open_encoder("flac", 48000) as encoder:
        data = encoder.encode(tone) + encoder.finish()
    _, blocks = gather(io.BytesIO(data))
    assert (blocks.promised_s, blocks.heard_s) == (None, pytest.approx(2))


def header(rate=RATE, channels=1, said=2000):
    return b"RIFF" + struct.pack("<I", 36 + said) + b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, channels, rate, rate * channels * 2 % 2**32, channels * 2, 16
    ) + b"data" + struct.pack("<I", said)  # fmt: skip


def test_a_header_that_lies_of_the_length(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(header(said=2**32 - 100) + bytes(2000))
    assert len(gather(path)[0]) == 1000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"this is a text", "cannot be read as audio"),
        (header()[:20], "cannot be read as audio"),
        (header(said=0), "holds no samples"),
        (header(rate=3) + bytes(2000), "says that it has 3 samples a second; 1000 to 768000 are believed"),
        (header(rate=2**31 - 1) + bytes(2000), "cannot be read as audio|are believed"),
        (header(channels=0) + bytes(2000), "cannot be read as audio"),
        (b"#EXTM3U\nfile:///etc/hostname\n", "cannot be read as audio"),
    ],
)
def test_what_is_not_audio_is_refused(tmp_path, content, reason):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=reason) as caught:
        gather(path)
    assert "a.wav" in str(caught.value)
    if content:
        with pytest.raises(AudioError, match=reason):
            gather(io.BytesIO(content))


def test_missing_files_and_folders(tmp_path):
    for path in (tmp_path, tmp_path / "none.wav"):
        with pytest.raises(AudioError, match="no such file"):
            gather(path)


def test_a_video_without_ffmpeg_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, error in (("a.mp4", EncoderNotInstalledError), ("a.wav", AudioError)):
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftypmp42")
        with pytest.raises(error, match="ffmpeg on the PATH; install it" if name == "a.mp4" else "give a wav, flac, mp3"):
            gather(tmp_path / name)


@with_ffmpeg
def test_videos_are_heard(tmp_path, tone):
    soundfile.write(tmp_path / "a.wav", tone, 48000)
    video, silent = tmp_path / "a.mp4", tmp_path / "silent.mp4"
    picture = ["-f", "lavfi", "-i", "color=size=16x16:duration=1"]
    make(*picture, "-i", tmp_path / "a.wav", "-c:v", "mpeg4", "-c:a", "aac", video)
    make(*picture, "-c:v", "mpeg4", silent)
    for source in (video, io.BytesIO(video.read_bytes())):
        wav, blocks = gather(source)
        assert blocks.heard_s == pytest.approx(2, abs=0.1)
        assert 0.15 < np.sqrt(np.square(wav).mean()) < 0.25
    with pytest.raises(AudioError, match=r"silent\.mp4: there is no sound in it"):
        gather(silent)


def make(*arguments: object) -> Path:
    subprocess.run(["ffmpeg", "-loglevel", "error", *map(str, arguments)], check=True)
    return Path(str(arguments[-1]))
