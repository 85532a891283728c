"""``say --batch``: names, resuming, and lines that cannot be spoken."""

import json

import pytest
import soundfile
from tests.serve.fake_voice import RHYTHM

from tingshuo.app.cli.batch import Line, read_lines
from tingshuo.errors import RequestError


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("你好。\n\n问候\t早上好。晚上好。\n再见。\n", "utf-8")
    return path


def test_lines_and_their_names(lines):
    assert read_lines(lines) == [Line(1, "0001", "你好。"), Line(3, "问候", "早上好。晚上好。"), Line(4, "0004", "再见。")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("../evil\t你好", "line 1: '../evil' is not a plain file name"),
        ("/etc/x\t你好", "not a plain file name"),
        (".hidden\t你好", "not a plain file name"),
        ("\t你好", "not a plain file name"),
        ("a\t你好\na\t再见", "line 2: the name 'a' was used in line 1"),
        ("\n \n", "has no lines"),
    ],
)
def test_bad_batch_files(tmp_path, content, message):
    path = tmp_path / "lines.txt"
    path.write_text(content, "utf-8")
    with pytest.raises(RequestError, match=message):
        read_lines(path)


def test_a_file_for_each_line(tingshuo, lines, tmp_path):
    done = tingshuo("say", "--batch", lines, "--output-dir", tmp_path / "out", "--format", "flac")
    assert done.code == 0, done.err
    assert "3 spoken, 0 skipped as they exist, 0 failed" in done.err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["0001.flac", "0004.flac", "问候.flac"]
    assert soundfile.info(tmp_path / "out" / "问候.flac").frames == 4800 + RHYTHM


def test_a_speaker_says_every_line(tingshuo, lines, tmp_path, fake_voice):
    tingshuo("say", "--batch", lines, "--output-dir", tmp_path / "out", "--speaker", "deep")
    assert [stream.speaker for stream in fake_voice.streams] == ["deep"] * 3


def test_running_again_makes_only_what_is_missing(tingshuo, lines, tmp_path, fake_voice):
    arguments = ("say", "--batch", lines, "--output-dir", tmp_path / "out")
    tingshuo(*arguments)
    (tmp_path / "out" / "0004.wav").unlink()
    fake_voice.streams.clear()
    done = tingshuo(*arguments, "--json")
    assert json.loads(done.out)["skipped"] == 2
    assert [s._request.text for s in fake_voice.streams] == ["再见。"]
    fake_voice.streams.clear()
    tingshuo(*arguments, "--force")
    assert len(fake_voice.streams) == 3


def test_a_line_that_cannot_be_spoken_does_not_stop_the_others(tingshuo, lines, tmp_path):
    lines.write_text("你好。\n。。。\n再见☃。\n", "utf-8")
    done = tingshuo("say", "--batch", lines, "--output-dir", tmp_path / "out", "--json")
    assert done.code == 4
    report = json.loads(done.out)
    assert (report["spoken"], report["failed"]) == (2, 1)
    assert report["lines"][1]["error"].startswith("there is nothing to speak")
    assert "line 2: there is nothing to speak" in done.err
    assert "line 3: ☃ cannot be spoken" in done.err
    assert done.err.endswith("Error: 1 of 3 lines could not be spoken; they are named above\n")


def test_what_is_wrong_with_one_line_does_not_stop_the_others(tingshuo, lines, tmp_path):
    lines.write_text(f"你好。\n坏\x01\n{'长' * 100_001}\n", "utf-8")
    done = tingshuo("say", "--batch", lines, "--output-dir", tmp_path / "out")
    assert done.code == 4
    assert "line 2: the text has a control character" in done.err
    assert "line 3: the text has 100001 characters" in done.err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["0001.wav"]


def test_names_with_their_extension(tingshuo, tmp_path):
    done = tingshuo("say", "--batch", "-", "--output-dir", tmp_path, stdin="a.wav\t你好。\n".encode())
    assert done.code == 0, done.err
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_everything_is_checked_before_the_first_line_is_spoken(tingshuo, lines, tmp_path, fake_voice):
    for arguments, code in (
        (("--speed", "9"), 2),
        (("--format", "midi"), 5),
        (("--style", "odd"), 2),
        (("--speaker", "wu"), 2),
        (("-o", tmp_path / "x.wav"), 2),
    ):
        done = tingshuo("say", "--batch", lines, "--output-dir", tmp_path / "out", *arguments)
        assert done.code == code, done.err
    assert tingshuo("say", "--batch", lines).code == 2
    assert not fake_voice.streams
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made(tingshuo, lines, tmp_path):
    (tmp_path / "file").write_text("x")
    done = tingshuo("say", "--batch", lines, "--output-dir", tmp_path / "file" / "out")
    assert (done.code, "cannot be made" in done.err) == (6, True)
