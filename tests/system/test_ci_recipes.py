"""The recipes for continuous integration do what they say: every command of both is run as it stands there."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

from safetensors.numpy import load_file, save  # noqa: E402

from tingshuo.store.bundle import open_bundle, write_bundle  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402

DOCS = Path(__file__).parents[2] / "docs" / "ci"
WORSE = 20
"""Exit code of ``tingshuo diff --worse-than``."""
COMMANDS = "Verify", "Speak", "Compare"


def github():
    """Return the variables and the scripts by name."""
    recipe = yaml.safe_load((DOCS / "github-actions.yml").read_text("utf-8"))
    steps = recipe["jobs"]["check"]["steps"]
    return recipe["env"], {step["name"]: step["run"].strip() for step in steps if "run" in step}


def jenkins():
    """Return the variables and the scripts by name."""
    text = (DOCS / "Jenkinsfile").read_text("utf-8")
    variables = dict(re.findall(r"^        (\w+) = '([^']*)'", text, re.MULTILINE))
    found = re.findall(r"stage\('(\w+)'\) \{\s+steps \{\s+sh ('{3}|')(.*?)\2\s+\}", text, re.DOTALL)
    assert len(found) == text.count("stage('") == len(re.findall(r"\bsh '", text)), "no step is passed over"
    return variables, {name: textwrap.dedent(script).strip() for name, _, script in found}


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """The built-in voice as the last version and as the new one, and one with its melody upside down as a worse one."""
    bundle = open_bundle(find_voice("default"))
    folder = tmp_path_factory.mktemp("voices")
    for name in ("last", "new"):
        shutil.copytree(bundle.path, folder / name)
    weights = "weights/acoustic.safetensors"
    tensors = load_file(bundle.path / weights)
    tensors["pitch.out.weight"] = -tensors["pitch.out.weight"]
    files = {name: bundle.path / name for name in bundle.manifest.files} | {weights: save(tensors)}
    write_bundle(folder / "worse", bundle.manifest.fields(), files)
    return folder


@pytest.fixture
def run(voices, tmp_path, monkeypatch):
    """Run a script as the services do, in an empty folder, with the command of this environment."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tingshuo").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tingshuo.app.cli.main "$@"\n')
    (tmp_path / "bin" / "tingshuo").chmod(0o755)

    def run(script, variables, bundle):
        own = {"BUNDLE": str(voices / bundle), "LAST": str(voices / "last"), "COUNT": "1"}
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | variables | own | {"PATH": path}
        return subprocess.run(
            ["bash", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_both_recipes_run_the_same_commands_with_the_same_variables():
    """So that running those of one runs those of both."""
    (variables, scripts), (others, theirs) = github(), jenkins()
    assert variables == others
    assert set(variables) == {"BUNDLE", "LAST", "KEY", "COUNT", "TOLERANCE"}
    assert list(scripts) == list(theirs) == ["Install", *COMMANDS]
    assert {name: scripts[name] for name in COMMANDS} == {name: theirs[name] for name in COMMANDS}
    assert scripts["Install"] == theirs["Install"].splitlines()[-1] == "pip install 'tingshuo[sign,evaluate]'"


def test_the_extras_that_are_installed_exist():
    import tomllib

    project = tomllib.loads((DOCS.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert {"sign", "evaluate", "remote"} <= set(project["optional-dependencies"])


def test_every_step_passes_until_the_voice_is_worse(run, tmp_path):
    variables, scripts = github()
    for name in COMMANDS:
        done = run(scripts[name], variables, "new")
        assert done.returncode == 0, f"{name}: {done.stderr}"
    for name in ("integrity.html", "hello.wav", "new/evaluation.html"):
        assert (tmp_path / name).stat().st_size > 1000
        for recipe in ("github-actions.yml", "Jenkinsfile"):
            assert name in (DOCS / recipe).read_text("utf-8"), "it is kept with the build"
    first, rest = scripts["Compare"].split("\n", 1)
    assert first.endswith("-o last"), "the last version has been measured above"
    done = run(rest, variables, "worse")
    assert done.returncode == WORSE, done.stderr
    assert "Worse: speech tones_correlation" in done.stderr


def test_a_key_that_did_not_sign_it_fails_the_first_step(run):
    pytest.importorskip("cryptography")
    variables, scripts = github()
    done = run(scripts["Verify"], variables | {"KEY": "nobody.pub"}, "new")
    assert done.returncode != 0
    assert "nobody.pub" in done.stderr
