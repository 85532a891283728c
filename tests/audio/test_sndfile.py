import io

import numpy as np
import pytest
import soundfile

from tingshuo.audio.read import read
from tingshuo.audio.write import encode, open_encoder, write
from tingshuo.errors import AudioError

FORMATS = ("flac", "mp3", "opus")
MP3_DELAY_SAMPLES = 1105
"""LAME's encoder delay of 576 samples and the decoder's of 529, which a stream cannot ask players to skip."""


def stream(wav, format, rng, rate=24000):
    """Encode in random pieces; return the pieces of bytes."""
    pieces = []
    with open_encoder(format, rate) as encoder:
        start = 0
        while start < len(wav):
            size = int(rng.integers(1, 5000))
            pieces.append(encoder.encode(wav[start : start + size]))
            start += size
        pieces.append(encoder.finish())
    assert not encoder.patches
    return pieces


def decoded(data):
    wav, _ = read(io.BytesIO(data))
    return wav[0]


@pytest.mark.parametrize("format", FORMATS)
def test_a_stream_decodes_to_what_the_file_decodes_to(speechlike, format):
    data = b"".join(stream(speechlike, format, np.random.default_rng(1)))
    expected = decoded(encode(speechlike, 24000, format))
    delay = MP3_DELAY_SAMPLES if format == "mp3" else 0
    np.testing.assert_array_equal(decoded(data)[delay : delay + len(expected)], expected)
    assert len(expected) == len(speechlike)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("rate", [24000, 22050])
def test_bytes_do_not_depend_on_the_pieces_or_the_run(speechlike, format, rate):
    first, second = (b"".join(stream(speechlike, format, np.random.default_rng(seed), rate)) for seed in (1, 2))
    assert first == second
    assert encode(speechlike, rate, format) == encode(speechlike, rate, format)


@pytest.mark.parametrize("format", FORMATS)
def test_bytes_come_while_samples_go_in(speechlike, format):
    with open_encoder(format, 24000) as encoder:
        sizes = [len(encoder.encode(speechlike[start : start + 2400])) for start in range(0, 24000, 2400)]
        assert sum(sizes[:4]) > 0
        assert sum(sizes) > 2000


@pytest.mark.parametrize(("format", "floor_db"), [("flac", 80), ("mp3", 15), ("opus", 17)])
def test_sound_survives(speechlike, format, floor_db):
    wav = decoded(encode(speechlike, 24000, format))
    error = np.mean(np.square(wav - speechlike)) / np.mean(np.square(speechlike))
    assert -10 * np.log10(error) > floor_db


@pytest.mark.parametrize("format", ["mp3", "opus"])
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000])
def test_other_rates_are_resampled_where_they_must_be(speechlike, format, rate):
    wav, actual = read(io.BytesIO(encode(speechlike, rate, format)))
    assert wav.shape[1] == pytest.approx(len(speechlike) * actual / rate, abs=2)


@pytest.mark.parametrize("channels", [1, 2])
def test_opus_has_its_bit_rate(speechlike, channels):
    wav = speechlike if channels == 1 else np.stack([speechlike, speechlike[::-1]])
    kept = len(encode(wav, 24000, "opus")) * 8 / 2
    assert kept == pytest.approx(64000 * channels, rel=0.2)


@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000, 44100, 48000])
def test_mp3_has_its_bit_rate(speechlike, rate):
    data = encode(speechlike, rate, "mp3")
    assert len(data) * 8 / (len(speechlike) / rate) == pytest.approx(64000, rel=0.12)


def test_a_file_of_mp3_says_how_long_it_is(speechlike):
    data = encode(speechlike, 24000, "mp3")
    assert b"Info" in data[:100]
    assert b"Info" not in b"".join(stream(speechlike, "mp3", np.random.default_rng(0)))[:100]


@pytest.mark.parametrize("format", FORMATS)
def test_the_header_of_a_file_has_the_true_length(tmp_path, speechlike, format):
    path = tmp_path / f"a.{format}"
    write(path, speechlike[:12345], 24000)
    info = soundfile.info(path)
    assert info.frames / info.samplerate == pytest.approx(12345 / 24000, abs=1e-9)


@pytest.mark.parametrize("format", FORMATS)
def test_giving_up_halfway_is_harmless(speechlike, format):
    encoder = open_encoder(format, 24000)
    encoder.encode(speechlike)
    encoder.close()
    encoder.close()


def test_what_libsndfile_refuses_is_said(speechlike):
    with pytest.raises(AudioError, match="mp3 of 3 channels at 24000 Hz cannot be made"):
        open_encoder("mp3", 24000, channels=3)
