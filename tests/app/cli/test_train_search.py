"""``--search``: what a training is asked, and what is told of its trials."""

import json

import pytest

pytest.importorskip("torch")

from tingshuo.app.cli.train_search import search_settings
from tingshuo.errors import DataError, RequestError, TrainError
from tingshuo.train.told import Taught

pytestmark = pytest.mark.train


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("keys: {dropout: {choice: [0.1, 0.3]}}\ntrials: 2\nsteps: 30\nhalving: {factor: 2, rounds: 2}\n")
    return path


def taught(best=lambda settings: float("0.3" in settings[1]), finished=True):
    """A training that remembers what it was asked."""
    asked = []

    def teach(settings, run, begun):
        asked.append((settings, run.name, begun))
        (run / "checkpoints" / "last").mkdir(parents=True, exist_ok=True)
        return Taught(30, finished, best(settings))

    teach.asked = asked
    return teach


def test_a_training_is_asked_with_settings_and_steps_and_goes_on_in_its_folder(plan, tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("loop: {seed: 4}\n")
    teach = taught()
    search_settings(plan, tmp_path / "search", teach, tmp_path / "mine.yaml", ["bundle.name=x"], as_json=False)
    first, second, last = teach.asked
    assert {first[0][1], second[0][1]} == {"dropout=0.1", "dropout=0.3"}
    assert first[0][0::2] == ["bundle.name=x", "loop.steps=15"]
    assert first[0][3] == "loop.minutes=null"
    assert not first[2]
    assert last[0][1:3] == ["dropout=0.1", "loop.steps=30"]
    assert last[2]
    printed = capsys.readouterr()
    assert "trial-00" in printed.out
    assert "1 of 3: trial-000" in printed.err
    assert (tmp_path / "search" / "best.yaml").read_text() == "loop:\n  seed: 4\nbundle:\n  name: x\ndropout: 0.1\n"


def test_an_interrupted_one_says_how_to_go_on(plan, tmp_path, capsys):
    search_settings(plan, tmp_path / "search", taught(finished=False), None, [], as_json=False)
    assert "Interrupted; the same command goes on." in capsys.readouterr().out


def test_json_has_the_trials_and_where_the_best_is(plan, tmp_path, capsys):
    search_settings(plan, tmp_path / "search", taught(), None, [], as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["best"] == str(tmp_path / "search" / "best.yaml")
    assert [one["settings"]["dropout"] for one in told["trials"]] == [0.1, 0.3]


def test_what_cannot_be_searched_is_said(plan, tmp_path, monkeypatch):
    with pytest.raises(DataError, match="nothing was held out, so trials cannot be compared"):
        search_settings(plan, tmp_path / "a", taught(best=lambda _: None), None, [], as_json=False)
    with pytest.raises(TrainError, match="every trial failed"):
        search_settings(plan, tmp_path / "b", taught(best=lambda _: float("inf")), None, [], as_json=False)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RequestError, match="start it without torchrun"):
        search_settings(plan, tmp_path / "c", taught(), None, [], as_json=False)
