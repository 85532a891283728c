import io

import numpy as np
import pytest

from tingshuo.audio.read import BLOCK_SAMPLES, Reader, read, read_mono
from tingshuo.audio.write import encode, open_encoder, write
from tingshuo.errors import AudioError


def test_what_was_written_is_read(tmp_path, speechlike):
    path = tmp_path / "a.wav"
    write(path, np.stack([speechlike, -speechlike]), 22050)
    for source in (path, str(path), io.BytesIO(path.read_bytes())):
        wav, rate = read(source)
        assert (wav.shape, wav.dtype, rate) == ((2, len(speechlike)), np.float32, 22050)
        np.testing.assert_allclose(wav[0], speechlike, atol=1 / 32768)


def test_mono_is_the_mean_of_the_channels(tmp_path, speechlike):
    path = tmp_path / "a.flac"
    write(path, np.stack([speechlike, np.zeros_like(speechlike)]), 24000)
    wav, rate = read_mono(path)
    assert rate == 24000
    np.testing.assert_allclose(wav, speechlike / 2, atol=1 / 32768)
    wav, rate = read_mono(path, 16000)
    assert (wav.shape, rate) == ((32000,), 16000)


def test_long_files_are_read_to_the_end():
    wav = np.linspace(-0.5, 0.5, 2 * BLOCK_SAMPLES + 5, dtype=np.float32)
    read_back, _ = read(io.BytesIO(encode(wav, 24000, "wav")))
    np.testing.assert_allclose(read_back[0], wav, atol=1 / 32768)


def test_flac_of_unknown_length_is_read(speechlike):
    with open_encoder("flac", 24000) as encoder:
        data = encoder.encode(speechlike) + encoder.finish()
    wav, _ = read(io.BytesIO(data))
    np.testing.assert_allclose(wav[0], speechlike, atol=1 / 32768)


def test_mp3_is_read_in_blocks_without_complaints(monkeypatch, capfd):
    clicks = np.zeros(72000, np.float32)
    clicks[::997] = 0.9
    data = encode(clicks + 0.05 * np.random.default_rng(0).standard_normal(72000).astype(np.float32), 24000, "mp3")
    whole, _ = read(io.BytesIO(data))
    monkeypatch.setattr("tingshuo.audio.read.BLOCK_SAMPLES", 1000)
    in_blocks, _ = read(io.BytesIO(data))
    np.testing.assert_allclose(in_blocks, whole, atol=1e-6)
    assert capfd.readouterr().err == ""


def test_what_is_not_audio_is_refused(tmp_path):
    (tmp_path / "a.wav").write_text("not audio at all")
    (tmp_path / "empty.wav").write_bytes(encode(np.zeros(0, np.float32), 24000, "wav"))
    for path, reason in {
        tmp_path / "a.wav": "cannot be read as audio",
        tmp_path / "empty.wav": "holds no samples",
        tmp_path / "missing.wav": "no such file",
        tmp_path: "no such file",
    }.items():
        with pytest.raises(AudioError, match=reason):
            read(path)
    with pytest.raises(AudioError, match="the audio: cannot be read"):
        read(io.BytesIO(b"RIFF"))


def test_blocks_hold_so_many_samples_of_all_channels_together(tmp_path, speechlike, monkeypatch):
    path = tmp_path / "a.wav"
    write(path, np.stack([speechlike, -speechlike]), 22050)
    monkeypatch.setattr("tingshuo.audio.read.BLOCK_SAMPLES", 1000)
    with Reader(path) as reader:
        assert (reader.sample_rate, reader.channels, reader.n_samples) == (22050, 2, len(speechlike))
        blocks = list(reader)
    assert {block.shape for block in blocks[:-1]} == {(2, 500)}
    np.testing.assert_array_equal(np.concatenate(blocks, 1), read(path)[0])
