import os
import subprocess
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")
from tingshuo.errors import EngineNotInstalledError, NotFoundError, OutputError, PortError, RequestError
from tingshuo.port import environments
from tingshuo.port.environments import Environment


@pytest.fixture
def own(monkeypatch, tmp_path):
    """An environment without packages, which needs no network; ``own`` is the file that lists them."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    requirements = tmp_path / "tiny.txt"
    requirements.write_text("# nothing\n")
    monkeypatch.setattr(environments, "ENVIRONMENTS", {"tiny": Environment(requirements, "nothing", "nothing")})
    return requirements


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(
        "import os, sys\n"
        "print(sys.prefix, sys.argv[1:], 'PYTHONPATH' in os.environ)\n"
        "try:\n    import numpy\n    print('numpy')\nexcept ImportError:\n    sys.exit(3)\n"
    )
    return path


def test_it_is_made_runs_alone_and_is_removed(own, program, monkeypatch):
    said = []
    assert not environments.report("tiny").made
    made = environments.make("tiny", tell=said.append)
    assert (made.made, made.current, made.n_packages) == (True, True, 0)
    assert made.n_bytes > 0
    assert len(said) == 1
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    done = environments.run("tiny", program, ["one", program])
    assert done.stdout.split() == [str(made.path), "['one',", f"'{program}']", "False"]
    assert done.returncode == 3, "what is installed with us is not there"
    assert environments.remove("tiny").path == made.path
    assert os.listdir(made.path.parent) == []
    assert not environments.list_environments()[0].made


def test_one_that_is_there_stays_unless_it_is_to_be_made_again(own):
    folder = environments.make("tiny").path
    (folder / "mine").touch()
    with pytest.raises(OutputError, match="there already"):
        environments.make("tiny")
    assert (folder / "mine").exists()
    environments.make("tiny", replace=True)
    assert not (folder / "mine").exists()


def test_one_that_was_not_made_is_not_run(own, program):
    with pytest.raises(EngineNotInstalledError, match="`tingshuo env make tiny` makes it"):
        environments.run("tiny", program, [])
    with pytest.raises(NotFoundError, match="nothing was removed"):
        environments.remove("tiny")


def test_one_of_another_list_is_not_run(own, program):
    environments.make("tiny")
    own.write_text("# another\n")
    assert not environments.report("tiny").current
    with pytest.raises(EngineNotInstalledError, match="--force"):
        environments.run("tiny", program, [])


def test_a_program_that_takes_too_long_is_ended(own, tmp_path):
    environments.make("tiny")
    (tmp_path / "slow.py").write_text("while True: pass")
    with pytest.raises(PortError, match=r"slow took longer than 0\.2 s"):
        environments.run("tiny", tmp_path / "slow.py", [], timeout_s=0.2)


def test_packages_that_cannot_be_installed_leave_nothing_behind(own, monkeypatch):
    own.write_text("sheep==1.0\n")
    commands = []

    def call(command, **settings):
        commands.append(command)
        failed = "pip" in command
        return subprocess.CompletedProcess(command, int(failed), "", "a\nb\nno such sheep\nfor this Python" if failed else "")

    monkeypatch.setattr(subprocess, "run", call)
    with pytest.raises(PortError, match="nothing was left behind: b no such sheep for this Python"):
        environments.make("tiny")
    assert os.listdir(environments.folder_of("tiny").parent) == []
    assert commands[-1][-2:] == ["-r", str(own)]
    assert {"--no-deps", "--only-binary"} <= set(commands[-1])


def test_names_are_those_of_the_table(own):
    for call in (environments.make, environments.remove, environments.report, environments.check):
        with pytest.raises(RequestError, match="unknown environment 'no'; accepted: tiny"):
            call("no")


def test_one_that_is_not_of_python_is_made_by_its_own_module(own, monkeypatch, tmp_path):
    folder = environments.folder_of("page")
    module = SimpleNamespace(fetch_runtime=lambda: (folder.mkdir(parents=True), (folder / "f").touch()))

    def find():
        if not (folder / "f").exists():
            raise PortError("it is not there")

    module.find_runtime = find
    monkeypatch.setattr(environments, "import_module", lambda name: module)
    monkeypatch.setitem(environments.ENVIRONMENTS, "page", Environment(None, "a page", "little", "module"))
    assert not environments.report("page").made
    made = environments.make("page")
    assert (made.made, made.current) == (True, True)
    (folder / "f").unlink()
    assert not environments.report("page").current
    with pytest.raises(RequestError, match="holds no Python"):
        environments.run("page", tmp_path / "x.py", [])
    environments.remove("page")
    assert not folder.exists()


def test_every_list_that_is_shipped_has_exact_versions():
    for row in environments.ENVIRONMENTS.values():
        lines = environments._packages(row)
        assert lines or row.module
        assert all("==" in line.partition(";")[0] for line in lines)
