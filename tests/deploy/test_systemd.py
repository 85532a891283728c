"""The units: options that the program has, limits, and what systemd itself says of them; `install`, `roll` and `clean`."""

import os
import re
import shlex
import socket
import subprocess
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

UNITS = (
    "systemd/tingshuo@.service",
    "systemd/tingshuo-clean.service",
    "systemd/tingshuo-clean.timer",
    "raspberry-pi/tingshuo-governor.service",
)
Unit = dict[str, dict[str, list[str]]]


def read(path: Path) -> Unit:
    """Sections, settings, and the values of each."""
    unit: Unit = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            unit[section][name].append(value)
    return unit


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@pytest.fixture
def server(deploy: Path) -> Unit:
    return read(deploy / "systemd" / "tingshuo@.service")


def test_the_server_starts_with_options_that_it_has_and_stops_in_time(server: Unit, deploy: Path, serve_options: Any) -> None:
    environment = read(deploy / "systemd" / "tingshuo.env")[""]
    program, *words = shlex.split(server["Service"]["ExecStart"][0].replace("%i", "7000"))
    assert program == "/opt/tingshuo/bin/tingshuo"
    assert words[-2:] == ["$TINGSHUO_PROFILE", "$TINGSHUO_OPTIONS"]
    pi = read(deploy / "raspberry-pi" / "tingshuo.conf")["Service"]["Environment"][0].strip('"')
    profile = shlex.split(pi.removeprefix("TINGSHUO_PROFILE="))
    words[-2:] = [*profile, *shlex.split(environment["TINGSHUO_OPTIONS"][0])]
    options = serve_options(words)
    assert (options["host"], options["port"]) == ("127.0.0.1", 7000)
    home = next(
        word.partition("=")[2] for word in server["Service"]["Environment"][0].split() if word.startswith("TINGSHUO_HOME=")
    )
    assert home == f"/var/lib/{server['Service']['StateDirectory'][0].split()[0]}"
    assert all(str(options[name]).startswith(f"{home}/") for name in ("keys", "audit")), "it may write nowhere else"
    assert str(options["cache_dir"]) == f"/var/cache/{server['Service']['CacheDirectory'][0]}"
    assert options["profile"] == "edge"
    assert seconds(server["Service"]["TimeoutStopSec"][0]) > options["grace"] + 5


@pytest.mark.parametrize("name", UNITS[:2])
def test_nothing_runs_without_limits(deploy: Path, name: str) -> None:
    service = read(deploy / name)["Service"]
    assert service["User"] == ["tingshuo"]
    for setting in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernelModules", "RestrictSUIDSGID"):
        assert service[setting] == ["yes"], setting
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    assert service["MemoryMax"]
    assert service["TasksMax"]


def test_a_server_that_fails_is_started_again_and_one_that_was_stopped_is_not(server: Unit) -> None:
    assert server["Service"]["Restart"] == ["on-failure"]
    assert "143" in server["Service"]["SuccessExitStatus"]


def test_the_user_of_the_units_is_made(deploy: Path) -> None:
    assert re.search(r"^u tingshuo - ", (deploy / "systemd" / "tingshuo.sysusers").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_the_unit(need: Any, deploy: Path, tmp_path: Path, name: str) -> None:
    analyze = need("systemd-analyze", "it comes with systemd")
    for unit in UNITS:  # a timer is checked with its service
        text = (deploy / unit).read_text("utf-8")
        text = re.sub(r"^(ExecSt\w+)=\S+", r"\1=/bin/true", text, flags=re.MULTILINE)  # the programs are not installed here
        (tmp_path / Path(unit).name.replace("@", "@7000")).write_text(text, "utf-8")
    unit = tmp_path / Path(name).name.replace("@", "@7000")
    done = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, complaints) == (0, [])


def test_install_puts_everything_in_its_place(bash: Any, deploy: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    done = bash("systemd/install", "--root", root, "--files-only")
    assert done.returncode == 0, done.stderr
    units = root / "etc" / "systemd" / "system"
    assert {path.name for path in units.iterdir()} == {Path(name).name for name in UNITS[:3]}
    named = set(re.findall(r"(?<==)/(?:usr|etc)/\S+", "".join(path.read_text("utf-8") for path in units.iterdir())))
    assert named == {"/usr/local/lib/tingshuo/clean", "/etc/tingshuo/tingshuo.env"}
    assert all((root / path[1:]).is_file() for path in named), "a unit names what install does not bring"
    settings = root / "etc" / "tingshuo" / "tingshuo.env"
    settings.write_text("mine")
    assert bash("systemd/install", "--root", root, "--files-only").returncode == 0
    assert settings.read_text() == "mine"


def test_install_builds_beside_the_old_program_and_keeps_the_last(bash: Any, fake: Any, tmp_path: Path) -> None:
    fake("python3", 'mkdir -p "$3/bin" "$3/lib"; printf "#!/bin/bash\\n" >"$3/bin/python"; chmod +x "$3/bin/python"')
    opt = tmp_path / "root" / "opt"
    for number in range(1, 4):
        fake("date", f"echo 2000010{number}000000")
        done = bash("systemd/install", "--root", tmp_path / "root")
        assert done.returncode == 0, done.stderr
        assert os.readlink(opt / "tingshuo") == f"tingshuo-2000010{number}000000"
    kept = {path.name for path in opt.iterdir()}
    assert kept == {"tingshuo", "tingshuo-20000102000000", "tingshuo-20000103000000"}


def test_install_refuses_with_a_sentence(bash: Any, fake: Any, tmp_path: Path) -> None:
    assert "no such list" in bash("systemd/install", "--lock", "nothing", "--dry-run").stderr
    assert "unknown option '-x'" in bash("systemd/install", "-x").stderr
    (tmp_path / "root" / "opt" / "tingshuo").mkdir(parents=True)
    assert "was not made by this script" in bash("systemd/install", "--root", tmp_path / "root").stderr
    fake("id", "echo 1000")
    assert "only root may do this" in bash("systemd/install").stderr


def test_install_on_a_dry_run_changes_nothing(bash: Any, fake: Any, tmp_path: Path) -> None:
    calls = fake("systemctl")
    done = bash("systemd/install", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()
    assert all(line.startswith("would run: ") for line in done.stdout.splitlines())
    assert not calls.read_text()


class _Starting(BaseHTTPRequestHandler):
    """Not ready at first."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200 if self.asked > 1 else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_roll_restarts_the_next_when_the_one_before_is_ready(bash: Any, fake: Any) -> None:
    handlers = [type("Handler", (_Starting,), {"asked": 0}) for _ in range(2)]
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in handlers]
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}) for server in servers]
    for thread in threads:
        thread.start()
    ports = [server.server_port for server in servers]
    calls = fake("systemctl")
    done = bash("systemd/roll", *ports)
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{port} is ready" for port in ports]
    assert calls.read_text().splitlines() == [f"systemctl restart tingshuo@{port}.service" for port in ports]
    assert [handler.asked for handler in handlers] == [2, 2]


def test_roll_stops_at_a_server_that_does_not_come_back(bash: Any, fake: Any) -> None:
    calls = fake("systemctl")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and does not listen, so whoever calls is refused
        port = deaf.getsockname()[1]
        done = bash("systemd/roll", port, 10, "--wait", 1)
    assert done.returncode == 2
    assert f"the server on port {port} was not ready" in done.stderr
    assert calls.read_text().splitlines() == [f"systemctl restart tingshuo@{port}.service"]


@pytest.mark.parametrize(
    ("words", "why"), [([7000], "two ports or more"), ([7000, "x"], "'x' is no port"), ([1, 2, "--wait", "0"], "whole seconds")]
)
def test_roll_refuses_with_a_sentence(bash: Any, fake: Any, words: list[Any], why: str) -> None:
    fake("systemctl", "exit 9")
    done = bash("systemd/roll", *words)
    assert done.returncode == 2
    assert why in done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with old and new files."""
    home = tmp_path / "home"
    old = time.time() - 40 * 86400
    for name in (
        "cache/old.plan",
        "cache/sub/old.bin",
        "cache/new.plan",
        "keys/server.json",
        "voices/a/weights",
        "audit/7000.jsonl",
    ):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        if "new" not in name:
            os.utime(path, (old, old))
    (home / "registry").mkdir()
    (tmp_path / "outside").write_text("outside")
    os.utime(tmp_path / "outside", (old, old))
    (home / "cache" / "link").symlink_to(tmp_path)
    return home


def files(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file() and not path.is_symlink()}


def test_clean_takes_old_caches_and_nothing_else(bash: Any, fake: Any, home: Path, tmp_path: Path) -> None:
    calls = fake("tingshuo", 'echo "home $TINGSHUO_HOME"')
    before = files(home)
    dry = bash("systemd/clean", "--home", home, "--days", 30, "--dry-run")
    assert (dry.returncode, files(home)) == (0, before)
    assert dry.stdout.count("would remove") == 2
    done = bash("systemd/clean", "--home", home, "--days", 30)
    assert done.returncode == 0, done.stderr
    assert before - files(home) == {"cache/old.plan", "cache/sub/old.bin"}
    assert (tmp_path / "outside").exists()
    assert calls.read_text().splitlines() == ["tingshuo gc --dry-run", "tingshuo gc"]
    assert f"home {home}" in done.stdout
    again = bash("systemd/clean", "--home", home, "--days", 30)
    assert (again.returncode, "removed" in again.stdout) == (0, False)


def test_what_was_read_lately_stays(bash: Any, fake: Any, home: Path) -> None:
    fake("tingshuo")
    os.utime(home / "cache" / "old.plan", (time.time(), time.time() - 40 * 86400))
    assert bash("systemd/clean", "--home", home, "--days", 30).returncode == 0
    assert (home / "cache" / "old.plan").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--days", "0"], "at least 1"),
        (["--days", "x"], "at least 1"),
        (["--home", "/nowhere"], "is no folder"),
        (["-q"], "unknown"),
    ],
)
def test_clean_refuses_with_a_sentence(bash: Any, words: list[str], why: str) -> None:
    done = bash("systemd/clean", *words)
    assert done.returncode == 2
    assert why in done.stderr


def test_the_verb_that_clean_uses_is_there(deploy: Path) -> None:
    import typer

    from tingshuo.app.cli.verbs import app

    verbs = typer.main.get_command(app).commands
    assert "--dry-run" in {option for parameter in verbs["gc"].params for option in parameter.opts}


def test_nginx_understands_the_proxy(need: Any, deploy: Path, tmp_path: Path) -> None:
    nginx = need("nginx", "Debian: apt install nginx-light")
    key = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-days", "1"]
    subprocess.run(
        [*key, "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"], check=True, capture_output=True
    )
    proxy = (deploy / "nginx" / "tingshuo.conf").read_text("utf-8").replace("/etc/ssl/tingshuo", str(tmp_path))
    proxy = re.sub(r"listen (\S*?)(80|443)\b", lambda port: f"listen {port[1]}{int(port[2]) + 20000}", proxy)
    (tmp_path / "tingshuo.conf").write_text(proxy)
    places = "".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {places} access_log off; include {tmp_path}/tingshuo.conf; }}"
    )
    done = subprocess.run([nginx, "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr
