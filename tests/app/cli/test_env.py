import json
import re

from tingshuo.port.environments import list_environments


def test_the_environment_of_a_voice_is_a_requirements_file(tingshuo):
    done = tingshuo("env", "show", "default")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^numpy==\d", done.text, re.MULTILINE)
    assert re.search(r"^# python: 3\.", done.text, re.MULTILINE)
    assert "numpy" in json.loads(tingshuo("env", "show", "default", "--json").out)["created_with"]


def test_another_action_is_refused(tingshuo):
    done = tingshuo("env", "burn", "default")
    assert done.code == 2
    assert "unknown action 'burn'; accepted: show, list, make, remove" in done.err


def test_environments_are_listed_whether_they_are_made_or_not(tingshuo):
    done = tingshuo("env", "list")
    assert done.code == 0
    for one in list_environments():
        assert f"{one.name} " in done.text
    assert "not made" in done.text
    told = json.loads(tingshuo("env", "list", "--json").out)["environments"]
    assert {one["name"] for one in told} >= {"tensorflow", "web"}


def test_an_environment_needs_a_name_that_is_known(tingshuo):
    done = tingshuo("env", "make")
    assert done.code == 2
    assert "tingshuo env make needs a name: tensorflow or web" in done.err
    done = tingshuo("env", "make", "pascal")
    assert done.code != 0
    assert "pascal" in done.err
    assert tingshuo("env", "remove", "tensorflow").code != 0  # it was never made


def test_what_pages_run_on_is_fetched_from_the_registry_that_is_named(tingshuo, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        "tingshuo.port.formats.web_runtime.fetch_runtime", lambda registry=None: asked.append(registry) or tmp_path
    )
    done = tingshuo("env", "make", "web", "--registry", "mirror.example")
    assert (done.code, asked) == (0, ["mirror.example"])
    assert str(tmp_path) in done.text
