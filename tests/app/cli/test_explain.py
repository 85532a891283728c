"""``explain``."""

import json

import pytest

from tingshuo.app.cli.main import run
from tingshuo.tasks import voices

TEXT = "你好。"


@pytest.fixture
def explain(tingshuo, voice, monkeypatch):
    """Run the verb with the built-in voice, opened once."""
    asked = []

    def load(name, *, precision="auto"):
        asked.append(precision)
        return voices.find_voice(name) and voice

    monkeypatch.setattr(voices, "load", load)

    def explain(*arguments, **options):
        asked.clear()
        done = tingshuo("explain", *arguments, **options)
        done.asked = list(asked)
        return done

    return explain


def test_a_page_and_sentences(explain, tmp_path):
    page = tmp_path / "explain.html"
    done = explain("default", "--text", TEXT, "-o", page)
    assert (done.code, done.err) == (0, "")
    assert "What moves F0 most, on its own:" in done.text
    assert "tone of 好" in done.text
    assert f"Written: {page}" in done.text
    html = page.read_text("utf-8")
    assert html.count("<audio") == 1
    assert "你好。" in html


def test_json_alone_is_printed_and_says_what_was_asked(explain):
    done = explain("--text", TEXT, "--style", "lively", "--emotion", "happy", "--json")
    content = json.loads(done.out)
    assert (content["style"], content["emotion"], content["voice"]) == ("lively", "happy", "default")
    assert [one["text"] for one in content["sentences"][0]["syllables"]] == ["你", "好"]


def test_without_a_page_it_is_said_how_to_get_one(explain):
    done = explain("--text", "-", stdin=TEXT.encode())
    assert "-o FILE.html writes the page" in done.text


def test_what_was_not_spoken_as_written_is_said_on_the_side(explain):
    done = explain("--text", "你好\ue000。", "--json")
    assert "Warning: Removed 1 characters that are not text" in done.err
    assert json.loads(done.out)["warnings"]


def test_noise_is_measured_where_the_voice_does_not_compute_in_float32(explain, voice, monkeypatch):
    monkeypatch.setattr(voice, "precision", "int8")
    assert explain("--text", TEXT).asked == ["auto", "fp32"]
    monkeypatch.setattr(voice, "precision", "fp32")
    done = explain("--text", TEXT)
    assert done.asked == ["auto"]
    assert "no noise was measured" in done.text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--text", ""], 4, "text is empty"),
        (["--text", "<speak>你好</speak>"], 4, "markup is not explained"),
        (["--text", "你好。" * 40], 2, "more than 60 syllables"),
        (["--text", TEXT, "--style", "baroque"], 2, "unknown style 'baroque'"),
        (["--text", TEXT, "--speaker", "nobody"], 2, "unknown speaker 'nobody'"),
        (["--text", TEXT, "--emotion", "bored"], 2, "unknown emotion 'bored'"),
        (["--text", TEXT, "-o", "nowhere/page.html"], 6, "there is no folder nowhere"),
        (["nobody", "--text", TEXT], 2, "unknown voice 'nobody'"),
        ([], 2, "--text"),
    ],
)
def test_what_cannot_be_done_is_one_line(explain, arguments, code, words):
    done = explain(*arguments)
    assert done.code == code
    assert words in done.err
    assert done.err.count("\n") == 1
    assert done.out == b""


def test_help_has_an_example(capsys):
    assert run(["explain", "--help"]) == 0
    assert "tingshuo explain default --text" in capsys.readouterr().out
