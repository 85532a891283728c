import pytest

from tingshuo.errors import NotFoundError, OutputError, UnknownVoiceError
from tingshuo.tasks.monitor import watch as module
from tingshuo.tasks.monitor.measure import Watched
from tingshuo.tasks.monitor.watch import Watch, history_of
from tingshuo.tasks.voices import find_voice

LINES = Watched(subject="two lines", texts=("你好。", "再见。"))


@pytest.fixture
def watch(voice, evaluation, monkeypatch, tmp_path):
    """The built-in voice, watched without being evaluated."""
    monkeypatch.setattr(module, "load", lambda name: find_voice(name) and voice)
    monkeypatch.setattr(module, "evaluate", lambda voice, watched, progress: evaluation(precision=voice.precision))
    return Watch("default", LINES, tmp_path / "h.sqlite3")


def test_rounds_come_back_with_the_one_that_was_measured_last(watch):
    for n in (1, 2):
        rounds, notes = watch.measure()
        assert [one.id for one in rounds] == list(range(1, n + 1))
        assert notes == []
    assert watch.rounds() == rounds


def test_without_a_round_there_is_nothing_to_show(watch):
    with pytest.raises(NotFoundError, match="there is no history yet"):
        watch.rounds()
    watch.measure()
    others = Watch("default", Watched(subject="one", texts=("好。",)), watch.history)
    with pytest.raises(NotFoundError, match="has no round of these texts on this machine"):
        others.rounds()


def test_what_is_wrong_from_the_beginning_is_found_before_the_first_round(watch, tmp_path):
    watch.check()
    with pytest.raises(UnknownVoiceError):
        Watch("nobody", LINES, watch.history).check()
    with pytest.raises(UnknownVoiceError, match="unknown style 'baroque'"):
        Watch("default", Watched(subject="", texts=("好。",), style="baroque"), watch.history).check()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        Watch("default", LINES, tmp_path / "file" / "h.sqlite3").check()


def test_histories_are_named_by_the_voice(monkeypatch, tmp_path, two_speakers):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "renamed").symlink_to(two_speakers)
    assert history_of("default") == tmp_path / "monitor" / "default.sqlite3"
    assert history_of("renamed").name == "renamed.sqlite3"
    assert history_of(str(two_speakers)).name == "pair.sqlite3"
