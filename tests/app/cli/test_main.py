"""How errors leave the program, and that every verb's help has an example."""

import pytest

from tingshuo import __version__
from tingshuo.app.cli import main
from tingshuo.app.cli.main import run
from tingshuo.app.cli.verbs import app
from tingshuo.errors import BundleError

VERBS = [command.name or command.callback.__name__ for command in app.registered_commands]


def test_the_verbs():
    known = [
        *("say", "voices", "serve", "transcribe", "doctor", "bench"),
        *("data", "train", "distill", "prune", "evaluate", "explain", "monitor"),
        *("save", "history", "diff", "alias", "rollback", "gc", "mirror", "scrub"),
        *("probe", "import", "export", "optimize", "verify", "env", "sign", "seal", "unseal", "forget"),
        *("label", "push", "pull", "list"),
    ]
    assert known == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_every_help_has_an_example(tingshuo, verb):
    done = tingshuo(verb, "--help")
    assert done.code == 0
    assert "Example:" in done.text
    assert f"tingshuo {verb}" in done.text.split("Example:")[1]


def test_nothing_asked_for_is_answered_with_help(tingshuo):
    assert tingshuo().text == tingshuo("--help").text == tingshuo("-h").text


def test_version(tingshuo):
    done = tingshuo("--version")
    assert (done.code, done.text) == (0, f"tingshuo {__version__}\n")


@pytest.mark.parametrize("arguments", [("say", "--emotoin", "happy"), ("sing",), ("say", "a", "--speed", "fast"), ("verify",)])
def test_wrong_usage_is_one_line_and_code_2(tingshuo, arguments):
    done = tingshuo(*arguments)
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    assert "--help" in done.err


def test_an_unknown_verb_is_answered_with_those_there_are(tingshuo):
    assert tingshuo("sing").err.startswith(f"Error: unknown verb 'sing'; accepted: {', '.join(VERBS)}")


def test_the_list_of_verbs_fits_a_terminal(tingshuo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert "..." not in tingshuo("--help").text.split("Commands:")[1]


def failing(monkeypatch, error: BaseException) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("tingshuo.tasks.voices.list_voices", fail)


def test_an_error_on_purpose_is_one_line_with_its_code(tingshuo, monkeypatch):
    failing(monkeypatch, BundleError("weights:\n damaged"))
    done = tingshuo("voices")
    assert (done.code, done.err) == (9, "Error: weights: damaged\n")


def test_a_bug_says_so(tingshuo, monkeypatch):
    failing(monkeypatch, ZeroDivisionError("x"))
    done = tingshuo("voices")
    assert (done.code, done.err) == (1, "Error: ZeroDivisionError: x; this is a bug, --debug shows where\n")


@pytest.mark.parametrize("arguments", [["--debug", "voices"], ["voices", "--debug"]])
@pytest.mark.parametrize("error", [BundleError("x"), ZeroDivisionError("x")])
def test_debug_shows_the_traceback(monkeypatch, arguments, error):
    failing(monkeypatch, error)
    with pytest.raises(type(error)):
        run(arguments)


def test_debug_after_two_dashes_is_text():
    assert main._take_debug(["say", "--", "--debug"]) == (["say", "--", "--debug"], False)


def test_ctrl_c_is_130(tingshuo, monkeypatch):
    failing(monkeypatch, KeyboardInterrupt())
    done = tingshuo("voices")
    assert (done.code, done.err) == (130, "")


def test_a_reader_that_left_is_no_news(tingshuo, monkeypatch):
    failing(monkeypatch, BrokenPipeError(32, "Broken pipe"))
    with pytest.raises(SystemExit) as left:
        tingshuo("voices")
    assert left.value.code == 1
