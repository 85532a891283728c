import io
import struct
import wave

import numpy as np
import pytest

from tingshuo.audio.encoders import UNKNOWN_LENGTH, WavEncoder, to_pcm16
from tingshuo.audio.read import read
from tingshuo.audio.write import encode, open_encoder
from tingshuo.errors import AudioError


def test_samples_are_rounded_and_saturated_exactly():
    wav = np.array([0, 1, -1, 2, -2, 0.5, 1 / 32768, 0.4 / 32768, -0.6 / 32768, 32766.6 / 32768, 3e38], np.float32)
    expected = [0, 32767, -32768, 32767, -32768, 16384, 1, 0, -1, 32767, 32767]
    np.testing.assert_array_equal(to_pcm16(wav[:-1]), expected[:-1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_is_refused(bad):
    with pytest.raises(AudioError, match="not numbers or infinite"):
        to_pcm16(np.array([0, bad], np.float32))


def test_a_wav_file_has_exact_sizes(speechlike):
    data = encode(speechlike, 24000, "wav")
    with wave.open(io.BytesIO(data)) as file:
        assert file.getparams()[:4] == (1, 2, 24000, len(speechlike))
        assert file.readframes(len(speechlike)) == to_pcm16(speechlike).tobytes()
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8


def test_a_wav_stream_leaves_its_length_open_and_can_be_read(speechlike):
    with open_encoder("wav", 24000) as encoder:
        data = encoder.encode(speechlike) + encoder.finish()
    assert not encoder.patches
    assert struct.unpack_from("<I", data, 4) == struct.unpack_from("<I", data, 40) == (UNKNOWN_LENGTH,)
    wav, rate = read(io.BytesIO(data))
    assert rate == 24000
    np.testing.assert_array_equal(wav[0], to_pcm16(speechlike) / np.float32(32768))


def test_an_empty_wav_is_a_header():
    data = encode(np.zeros(0, np.float32), 24000, "wav")
    assert len(data) == 44
    assert struct.unpack_from("<I", data, 40) == (0,)
    with open_encoder("wav", 24000) as encoder:
        assert len(encoder.finish()) == 44


def test_a_wav_file_that_would_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(WavEncoder, "LONGEST_BYTES", 1000)
    with open_encoder("wav", 24000, seekable=True) as encoder:
        encoder.encode(np.zeros(500, np.float32))
        with pytest.raises(AudioError, match="4 GB that a WAV file holds; write flac"):
            encoder.encode(np.zeros(1, np.float32))
    with open_encoder("wav", 24000) as encoder:
        assert len(encoder.encode(np.zeros(501, np.float32))) == 44 + 1002


def test_pcm_is_little_endian_samples(speechlike):
    assert encode(speechlike, 24000, "pcm") == to_pcm16(speechlike).tobytes()


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "opus"])
def test_two_channels_stay_apart(speechlike, format):
    stereo = np.stack([speechlike, np.zeros_like(speechlike)])
    wav, _ = read(io.BytesIO(encode(stereo, 24000, format)))
    assert wav.shape == stereo.shape
    assert np.abs(wav[1]).max() < 0.01
    assert np.corrcoef(wav[0], stereo[0])[0, 1] > 0.99


def test_the_wrong_number_of_channels_is_our_own_mistake(speechlike):
    with open_encoder("wav", 24000) as encoder, pytest.raises(AssertionError, match="1 channels"):
        encoder.encode(speechlike[None])
