import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tingshuo.audio.encoders import to_pcm16
from tingshuo.audio.ffmpeg import decode_blocks, decode_file
from tingshuo.audio.label.field import AigcField
from tingshuo.audio.label.files import read_label
from tingshuo.audio.read import read
from tingshuo.audio.write import encode, open_encoder
from tingshuo.errors import AudioError, EncoderNotInstalledError


@pytest.fixture
def fake_ffmpeg(tmp_path, monkeypatch):
    """Put a program named ffmpeg first on the PATH: ``fake_ffmpeg(body)`` with Python code."""

    def install(body):
        program = tmp_path / "ffmpeg"
        program.write_text(f"#!{sys.executable} -S\nimport sys\n{body}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

    return install


ECHO = "sys.stdout.buffer.write(' '.join(sys.argv[1:]).encode() + b'|' + sys.stdin.buffer.read())"


def test_samples_go_in_and_bytes_come_out(fake_ffmpeg, speechlike):
    fake_ffmpeg(ECHO)
    command, _, samples = encode(speechlike, 24000, "aac").partition(b"|")
    assert samples == to_pcm16(speechlike).tobytes()
    assert b"-f s16le -ar 24000 -ac 1 -i pipe:0" in command
    assert command.endswith(b"-f adts pipe:1")


def test_much_audio_does_not_block(fake_ffmpeg):
    fake_ffmpeg("import shutil\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)")
    wav = np.zeros(100_000, np.float32)
    with open_encoder("aac", 24000) as encoder:
        size = sum(len(encoder.encode(wav)) for _ in range(20))
        assert size + len(encoder.finish()) == 20 * 200_000


def test_a_failure_is_said_with_its_reason(fake_ffmpeg, speechlike):
    fake_ffmpeg("sys.stdin.buffer.read(); print('first'); print('no such encoder', file=sys.stderr); sys.exit(3)")
    with pytest.raises(AudioError, match="ffmpeg failed with status 3: no such encoder"):
        encode(speechlike, 24000, "aac")


def test_a_program_that_dies_early_is_said(fake_ffmpeg):
    fake_ffmpeg("sys.exit(9)")
    wav = np.zeros(1_000_000, np.float32)
    with pytest.raises(AudioError, match="status 9: it gave no reason"):
        encode(wav, 24000, "aac")


def test_giving_up_ends_the_program(fake_ffmpeg, speechlike):
    fake_ffmpeg(ECHO)
    encoder = open_encoder("aac", 24000)
    encoder.encode(speechlike)
    encoder.close()
    assert encoder._process.returncode is not None
    encoder.close()


def test_a_missing_program_is_named_with_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EncoderNotInstalledError, match="needs the program ffmpeg on the PATH; install it, or choose mp3 or opus"):
        open_encoder("aac", 24000)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg on this machine")
def test_the_real_program_makes_aac(speechlike, tmp_path: Path):
    data = encode(speechlike, 24000, "aac")
    # An ADTS frame begins with twelve set bits.
    assert data[0] == 0xFF
    assert data[1] & 0xF0 == 0xF0
    with pytest.raises(AudioError, match="cannot be read"):
        read(io.BytesIO(data))


FIELD = AigcField.first("001191110102MAD55U9H0F10001", "number-1")
with_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg on this machine")


def test_a_field_stands_before_the_frames_of_aac(fake_ffmpeg, speechlike):
    fake_ffmpeg("sys.stdin.buffer.read(); sys.stdout.buffer.write(bytes([255, 241]) + b' frames')")
    data = encode(speechlike, 24000, "aac", field=FIELD)
    assert data.endswith(b"\xff\xf1 frames")
    assert read_label(data).field == FIELD


def test_the_arguments_of_m4a_name_the_field(fake_ffmpeg, speechlike):
    fake_ffmpeg(ECHO)
    with open_encoder("m4a", 24000, field=FIELD) as encoder:
        command = (encoder.encode(speechlike) + encoder.finish()).partition(b"|")[0]
    assert b"-metadata AIGC=" + FIELD.to_json().encode() in command
    assert b"frag_keyframe" in command
    with open_encoder("m4a", 24000) as encoder:
        assert b"-metadata" not in encoder.encode(speechlike) + encoder.finish()


@with_ffmpeg
@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("format", ["m4a", "aac"])
def test_the_real_program_writes_the_field_and_can_be_read(speechlike, tmp_path, format, seekable):
    with open_encoder(format, 24000, seekable=seekable, field=FIELD) as encoder:
        data = b"".join([encoder.encode(speechlike[:9999]), encoder.encode(speechlike[9999:]), encoder.finish()])
    path = tmp_path / f"a.{format}"
    path.write_bytes(data)
    assert read_label(path).field == FIELD
    wav, rate = decode_file(path)
    assert rate == 24000
    assert wav.shape[1] == pytest.approx(len(speechlike), abs=3000)
    assert read_label(encode(speechlike, 24000, format)).count == 0


@with_ffmpeg
def test_a_file_of_m4a_has_its_true_length(speechlike, tmp_path):
    path = tmp_path / "a.m4a"
    path.write_bytes(encode(speechlike, 24000, "m4a"))
    assert decode_file(path)[0].shape == (1, pytest.approx(len(speechlike), abs=1024))


@with_ffmpeg
def test_giving_up_an_m4a_leaves_no_folder(speechlike, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    encoder = open_encoder("m4a", 24000, seekable=True)
    encoder.encode(speechlike)
    assert list(tmp_path.iterdir())
    encoder.close()
    encoder.close()
    assert not list(tmp_path.iterdir())


@with_ffmpeg
def test_what_ffmpeg_cannot_read_is_said(tmp_path):
    (tmp_path / "a.m4a").write_bytes(b"no audio")
    with pytest.raises(AudioError, match=r"a\.m4a: ffmpeg cannot read it: "):
        decode_file(tmp_path / "a.m4a")


def test_reading_without_ffmpeg_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EncoderNotInstalledError, match="reading its sound needs the program ffmpeg"):
        decode_file(tmp_path / "a.m4a")


@with_ffmpeg
def test_blocks_are_one_channel_at_the_rate_that_is_wanted(speechlike, tmp_path, monkeypatch):
    path = tmp_path / "a.m4a"
    path.write_bytes(encode(np.stack([speechlike, speechlike]), 24000, "m4a"))
    monkeypatch.setattr("tingshuo.audio.ffmpeg.BLOCK_SAMPLES", 3000)
    blocks = list(decode_blocks(path, 16000))
    assert len(blocks) > 5
    wav = np.concatenate(blocks)
    assert (wav.dtype, len(wav)) == (np.float32, pytest.approx(32000, abs=1400))
    (tmp_path / "b.m4a").write_bytes(b"no audio")
    with pytest.raises(AudioError, match=r"b\.m4a: ffmpeg cannot read it: "):
        list(decode_blocks(tmp_path / "b.m4a", 16000))


def test_giving_up_reading_ends_the_program(fake_ffmpeg, tmp_path, monkeypatch):
    fake_ffmpeg("import time\nwhile True: sys.stdout.buffer.write(bytes(4000))")
    monkeypatch.setattr("tingshuo.audio.ffmpeg.BLOCK_SAMPLES", 1000)
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])
    blocks = decode_blocks(tmp_path / "a.mp4", 16000)
    assert len(next(blocks)) == 1000
    blocks.close()
    assert started[0].returncode is not None


def test_a_file_without_sound_is_said(fake_ffmpeg, tmp_path):
    fake_ffmpeg("print(\"Stream map '0:a:0' matches no streams.\", file=sys.stderr); sys.exit(1)")
    with pytest.raises(AudioError, match=r"a\.mp4: there is no sound in it"):
        list(decode_blocks(tmp_path / "a.mp4", 16000))
    fake_ffmpeg("sys.exit(7)")
    with pytest.raises(AudioError, match="it gave no reason"):
        list(decode_blocks(tmp_path / "a.mp4", 16000))
