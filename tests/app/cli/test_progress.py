"""The bar: only after a second, only where somebody sees it."""

from tingshuo.app.cli.progress import Progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_quick_work_shows_nothing():
    clock = Clock()
    with Progress("x", 2, clock, visible=True) as progress:
        clock.now = 1.0
        progress.advance(1)
        assert not progress.shown


def test_long_work_shows_a_bar(capsys):
    clock = Clock()
    with Progress("Speaking", 2, clock, visible=True) as progress:
        clock.now = 1.1
        progress.advance(1)
        assert progress.shown
        progress.advance(1)
        assert progress.done == 2
    assert capsys.readouterr().out == "", "standard output is for the result"


def test_nobody_sees_a_bar_that_is_not_on_a_terminal(capsys):
    clock = Clock()
    with Progress("x", 2, clock) as progress:
        clock.now = 9.0
        progress.advance(1)
        assert not progress.shown
    assert capsys.readouterr().err == ""


def test_a_stage_ends_the_one_before_it(monkeypatch):
    from tingshuo.app.cli import progress

    seen = []

    class Bar:
        done = 0.0

        def __init__(self, name, total, visible=None):
            self.name = name
            assert (total, visible) == (1.0, False)

        def __enter__(self):
            seen.append(f"{self.name} begins")
            return self

        def __exit__(self, *error):
            seen.append(f"{self.name} ends")

        def advance(self, amount):
            self.done += amount
            seen.append(self.done)

        def describe(self, text):
            seen.append(text)

    monkeypatch.setattr(progress, "Progress", Bar)
    with progress.Stages({"a": "First", "b": "Second"}, visible=False) as stages:
        stages.tell("a", 0.25, "")
        stages.tell("a", 0.5, "half")
        stages.tell("b", 1.0, "")
    assert seen == ["First begins", 0.25, 0.5, "First, half", "First ends", "Second begins", 1.0, "Second ends"]
