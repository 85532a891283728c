"""The verbs as one program: all are there, and a wrong one is told which."""

from tingshuo.app.cli.verbs import app


def test_every_verb_has_a_function_of_its_name():
    names = [command.callback.__name__ for command in app.registered_commands]
    assert len(names) == len(set(names)) >= 11


def test_an_unknown_verb_is_told_the_known_ones(tingshuo):
    done = tingshuo("sing")
    assert done.code == 2
    assert "unknown verb 'sing'; accepted: say, voices, serve" in done.err
    assert "prune" in done.err
