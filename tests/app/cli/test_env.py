import json
import re


def test_the_environment_of_a_voice_is_a_requirements_file(tingshuo):
    done = tingshuo("env", "show", "default")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^numpy==\d", done.text, re.MULTILINE)
    assert re.search(r"^# python: 3\.", done.text, re.MULTILINE)
    assert "numpy" in json.loads(tingshuo("env", "show", "default", "--json").out)["created_with"]


def test_another_action_is_refused(tingshuo):
    done = tingshuo("env", "burn", "default")
    assert done.code == 2
    assert "unknown action 'burn'; accepted: show" in done.err
