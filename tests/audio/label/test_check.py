import numpy as np
import pytest

from tingshuo.audio.label.check import check_file, decode
from tingshuo.audio.label.labelling import LabelSettings, label_wav
from tingshuo.audio.label.watermark import mark
from tingshuo.audio.write import write
from tingshuo.errors import AudioError, EncoderNotInstalledError, RequestError

RATE, KEY = 24000, b"sixteen bytes or more"


@pytest.fixture
def save(tmp_path, field, speechlike):
    def save(name, *, rhythm=None, with_field=True):
        wav = speechlike if rhythm is None else label_wav(speechlike, RATE, LabelSettings("rhythm", rhythm))[0]
        write(tmp_path / name, wav, RATE, field=field if with_field else None)
        return tmp_path / name

    return save


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "opus"])
@pytest.mark.parametrize("position", ["start", "end"])
def test_a_labelled_file_lacks_nothing(save, field, format, position):
    found = check_file(save(f"a.{format}", rhythm=position))
    assert found.lacks() == found.errors == ()
    assert found.implicit.field == field
    assert [found.place(one) for one in found.rhythms] == [position]
    assert any("implicit label: valid, content is generated" in line for line in found.lines())
    assert any("rhythm 短长短短 at" in line and position in line for line in found.lines())
    assert found.to_json()["ok"] is True
    assert found.to_json()["explicit"]["rhythms"][0]["place"] == position


def test_what_lacks_is_named(save):
    found = check_file(save("a.wav", with_field=False))
    assert found.lacks() == ("the implicit label is missing", "no rhythm label was found")
    assert found.lacks(spoken=True) == ("the implicit label is missing",)
    assert check_file(save("b.wav")).lacks() == ("no rhythm label was found",)
    assert check_file(save("b.wav")).lacks(spoken=True) == ()
    assert any("a spoken label cannot be judged" in line for line in found.lines())


def test_a_wrong_field_is_shown_with_what_is_wrong(save, field):
    path = save("a.wav", rhythm="end")
    path.write_bytes(path.read_bytes().replace(b'"Label":"1"', b'"Label":"9"'))
    found = check_file(path)
    assert found.lacks() == ("the implicit label is wrong",)
    assert any("problem: Label is '9'" in line for line in found.lines())
    assert found.to_json()["implicit"]["elements"]["ProduceID"] == field.produce_id


def test_what_others_wrote_cannot_move_the_cursor(save):
    path = save("a.wav")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"7c0b52aa6a0f4ad5a6a4a1c5e5a1b2c3", b"\\u001b[2J" + b"x" * 23))
    (line,) = [line for line in check_file(path).lines() if "ProduceID" in line and "problem" not in line]
    assert "\\x1b[2J" in line
    assert all(line.isprintable() for line in check_file(path).lines())


def test_the_watermark_is_looked_for_when_a_key_is_given(tmp_path, voice):
    wav = voice.synthesize("春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少？").wav
    write(tmp_path / "a.wav", mark(wav, RATE, KEY, 0xABC), RATE)
    found = check_file(tmp_path / "a.wav", KEY)
    assert any("watermark: found" in line and "payload 00000abc" in line for line in found.lines())
    assert any("not found with this key" in line for line in check_file(tmp_path / "a.wav", KEY + b"x").lines())
    assert check_file(tmp_path / "a.wav").watermark is None
    with pytest.raises(RequestError, match="at least 16 bytes"):
        check_file(tmp_path / "a.wav", b"short")


def test_unreadable_files_are_an_answer(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    found = check_file(tmp_path / "a.wav")
    assert found.lacks()[0] == "the implicit label cannot be read"
    assert any("it is cut off" in error for error in found.errors)
    missing = check_file(tmp_path / "none.wav")
    assert missing.errors == (f"{tmp_path / 'none.wav'}: no such file",)
    assert missing.to_json()["explicit"]["rhythms"] is None


def test_aac_goes_through_ffmpeg_with_and_without_a_tag(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, data in {
        "a.m4a": b"\0\0\0\x10ftypM4A ",
        "a.aac": b"\xff\xf1\0\0\0\0\0\0\0\0",
        "b.aac": b"ID3\4\0\0\0\0\0\2xx\xff\xf9\0",
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(EncoderNotInstalledError, match="needs the program ffmpeg"):
            decode(tmp_path / name)
    (tmp_path / "a.mp3").write_bytes(b"ID3\4\0\0\0\0\0\2xx\xff\xfb\0")
    with pytest.raises(AudioError, match="cannot be read as audio"):
        decode(tmp_path / "a.mp3")


def test_m4a_is_judged_like_the_others(made, tmp_path):
    path = tmp_path / "a.m4a"
    path.write_bytes(made("a.m4a"))
    found = check_file(path)
    assert found.errors == ()
    assert found.rhythms == ()
    assert found.duration_s == pytest.approx(1.0, abs=0.1)


def test_samples_are_those_of_the_file(save, speechlike):
    wav, rate = decode(save("a.wav"))
    assert rate == RATE
    np.testing.assert_allclose(wav, speechlike[None], atol=1e-4)
