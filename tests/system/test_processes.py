"""Servers of several processes: what clients see of that, and what happens when one dies, all stop, or a voice changes."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.system.processes import PATIENCE_S, ServerProcess, server_process, wait_until

from tingshuo.serve.access.keys import add_key
from tingshuo.tasks.voices import BUILT_IN

SENTENCE = "清晨的阳光洒在湖面上，几只白鹭从芦苇丛里飞起来。老人坐在岸边的长椅上，慢慢地读着报纸。"
CLIENTS = 24


class Fleet:
    """A server of two processes with keys, and its voices' folder."""

    def __init__(self, server: ServerProcess, home: Path, tokens: dict[str, str]) -> None:
        self.server, self.home, self.tokens = server, home, tokens

    def ask(self, method: str, path: str, key: str = "user", **options: object) -> httpx.Response:
        """Send a request on a connection of its own, so that either process may take it."""
        headers = {"authorization": f"Bearer {self.tokens[key]}"} | options.pop("headers", {})
        return httpx.request(method, self.server.url + path, headers=headers, timeout=PATIENCE_S, **options)

    def speak(self, text: str, voice: str = "default") -> httpx.Response:
        """Have a text spoken."""
        return self.ask("POST", "/api/tts", json={"text": text, "voice": voice})

    def administer(self, method: str, path: str) -> httpx.Response:
        """Ask below /admin."""
        return self.ask(method, path, "one", headers={"x-admin-key": self.tokens["two"]})

    def processes(self) -> list[dict]:
        """Return the state of each process."""
        return self.administer("GET", "/admin/status").json()["processes"]

    def total(self, name: str) -> float:
        """Return the sum of a metric's rows."""
        text = self.ask("GET", "/metrics", "one").text
        return sum(map(float, re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(BUILT_IN / "default", home / "voices/anna")
    keys = home / "server.json"
    tokens = {"user": add_key(keys, "user")[1], "rated": add_key(keys, "rated", rates=["5/hour"])[1]}
    tokens |= {name: add_key(keys, name, verbs=["admin", "metrics", "*"])[1] for name in ("one", "two")}
    options = ("--workers", "2", "--threads", "1", "--keys", str(keys), "--audit", str(home / "audit.jsonl"))
    with server_process(*options, TINGSHUO_HOME=str(home)) as server:
        fleet = Fleet(server, home, tokens)
        wait_until(lambda: [one["ready"] for one in fleet.processes()] == [True, True])
        yield fleet


def test_finished_audio_is_found_by_whichever_process_is_asked(fleet):
    address = fleet.speak(SENTENCE).json()["audio_url"]
    replies = [fleet.ask("GET", address) for _ in range(12)]
    assert {(one.status_code, one.content) for one in replies} == {(200, replies[0].content)}
    assert len(replies[0].content) > 10_000


def test_a_browser_that_has_signed_in_is_known_to_all_processes(fleet):
    entered = httpx.post(f"{fleet.server.url}/sign-in", data={"key": fleet.tokens["user"]})
    cookie = entered.headers["set-cookie"].split(";")[0]
    pages = [httpx.get(f"{fleet.server.url}/", headers={"cookie": cookie}) for _ in range(12)]
    assert {page.status_code for page in pages} == {200}


def test_a_rate_is_counted_by_all_processes_together(fleet):
    replies = [fleet.ask("GET", "/api/voices", "rated") for _ in range(12)]
    assert [one.status_code for one in replies] == [200] * 5 + [429] * 7
    assert [one.headers["ratelimit-remaining"] for one in replies[:6]] == ["4", "3", "2", "1", "0", "0"]


def test_the_second_factor_of_one_process_is_good_in_all(fleet):
    session = fleet.administer("GET", "/admin/status").headers["x-admin-session"]
    replies = [fleet.ask("GET", "/admin/status", "one", headers={"x-admin-session": session}) for _ in range(8)]
    assert {one.status_code for one in replies} == {200}
    assert fleet.ask("GET", "/admin/status", "one").status_code == 401


def test_both_processes_serve_and_the_numbers_are_their_sum(fleet):
    before = fleet.total("tingshuo_rtf_count")
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: fleet.speak(f"{SENTENCE}第{n}次。"), range(16)))
    assert {one.status_code for one in replies} == {200}
    assert fleet.total("tingshuo_rtf_count") == before + 16
    assert fleet.total("tingshuo_workers") == 2
    status = fleet.ask("GET", "/api/status").json()
    assert (status["workers"], status["ready"], status["now"]["active"]) == (2, 2, 0)
    assert status["since_start"]["first_audio_ms"]["count"] == fleet.total("tingshuo_first_audio_seconds_count")
    assert status["since_start"]["first_audio_ms"]["p50"] <= status["since_start"]["first_audio_ms"]["p95"]


def test_a_process_that_is_killed_is_replaced_and_the_numbers_stay(fleet):
    first, second = (one["pid"] for one in fleet.processes())
    before, restarts = fleet.total("tingshuo_audio_seconds_total"), fleet.total("tingshuo_worker_restarts_total")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: fleet.total("tingshuo_worker_restarts_total") == restarts + 1)
    replies = [fleet.ask("GET", "/api/voices") for _ in range(12)]
    assert {one.status_code for one in replies} == {200}
    wait_until(lambda: [one["ready"] for one in fleet.processes()] == [True, True])
    pids = [one["pid"] for one in fleet.processes()]
    assert pids[1] == second
    assert pids[0] != first
    assert fleet.total("tingshuo_audio_seconds_total") >= before
    fleet.server.says("process 1 of the server ended (-9)")


def rewritten(folder: Path, **changes: object) -> None:
    """Change the manifest of a voice as saving does: in one step."""
    fields = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "new.json").write_text(json.dumps(fields | changes), "utf-8")
    (folder / "new.json").rename(folder / "manifest.json")


def test_a_new_version_takes_over_without_a_request_that_fails(fleet):
    def versions() -> set[str]:
        rows = [fleet.ask("GET", "/api/voices").json()["voices"] for _ in range(8)]
        return {voice["version"] for row in rows for voice in row if voice["name"] == "anna"}

    (old,) = versions()
    statuses, done = [], threading.Event()

    def listen(number: int) -> None:
        while not done.is_set():
            statuses.append(fleet.speak(f"第{number}位，第{len(statuses)}句。", "anna").status_code)

    with ThreadPoolExecutor(4) as pool:
        listening = [pool.submit(listen, number) for number in range(4)]
        rewritten(fleet.home / "voices/anna", version="7.0.0")
        reply = fleet.administer("POST", "/admin/reload")
        wait_until(lambda: versions() == {"7.0.0"})
        done.set()
        for one in listening:
            one.result()
    assert reply.status_code == 200, reply.text
    change = {"voice": "anna", "before": old, "now": "7.0.0"}
    assert [one["voices"] for one in reply.json()["processes"]] == [[change], [change]]
    assert set(statuses) == {200}
    assert len(statuses) > 4


def test_a_broken_version_is_one_sentence_and_changes_nothing(fleet):
    folder = fleet.home / "voices/anna"
    kept = (folder / "config.json").read_bytes()
    (folder / "config.json").write_bytes(kept[:-3])
    try:
        refused = fleet.administer("POST", "/admin/reload")
    finally:
        (folder / "config.json").write_bytes(kept)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (409, "registry")
    assert error["message"].startswith("the voices were read again and nothing was changed: ")
    assert "config.json" in error["message"]
    assert fleet.speak(SENTENCE, "anna").status_code == 200


def test_a_signal_reloads_too(fleet):
    shutil.copytree(BUILT_IN / "default", fleet.home / "voices/zoe")
    fleet.server.process.send_signal(signal.SIGHUP)
    fleet.server.says("'voice': 'zoe', 'before': None")
    assert fleet.speak(SENTENCE, "zoe").status_code == 200


def stream(url: str, text: str, begun: threading.Barrier | None = None, key: str = "") -> bytes:
    """Hear a text as it is made; a body without its end is an error."""
    body = {"model": "tts-1", "voice": "default", "input": text, "response_format": "pcm"}
    headers = {"x-api-key": key} if key else {}
    with httpx.stream("POST", f"{url}/v1/audio/speech", json=body, headers=headers, timeout=PATIENCE_S) as reply:
        parts = reply.iter_bytes()
        heard = next(parts)
        if begun is not None:
            begun.wait(PATIENCE_S)
        assert reply.status_code == 200
        return heard + b"".join(parts)


@pytest.fixture(scope="module")
def undisturbed(fleet) -> dict[str, bytes]:
    """Texts and how they sound."""
    texts = [f"{SENTENCE[:23]}第{number}位。" for number in range(CLIENTS)]
    with ThreadPoolExecutor(4) as pool:
        sounds = pool.map(lambda text: stream(fleet.server.url, text, key=fleet.tokens["user"]), texts)
        return dict(zip(texts, sounds, strict=True))


@contextlib.contextmanager
def stoppable(home: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a server that a test will stop; its address, when it can speak, and its process."""
    command = [sys.executable, "-m", "tingshuo.app.cli.main", "serve", "--port", "0", *options]
    env = {**os.environ, "TINGSHUO_HOME": str(home)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[-1]
            wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
            yield url, process
        finally:
            process.kill()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_has_been_let_in_is_served_to_the_end(workers, undisturbed, tmp_path):
    """Two dozen streams under way, and clients who keep coming while the server stops."""
    begun = threading.Barrier(CLIENTS + 1)
    options = ("--workers", workers, "--grace", "120", "--max-wait", "1000")
    with stoppable(tmp_path, *options) as (url, process), ThreadPoolExecutor(CLIENTS + 4) as pool:
        hearing = {text: pool.submit(stream, url, text, begun) for text in undisturbed}
        begun.wait(PATIENCE_S)
        process.terminate()
        late = [pool.submit(knock, url) for _ in range(4)]
        assert {text: one.result() for text, one in hearing.items()} == undisturbed
        assert {status for one in late for status in one.result()} <= {200, 503}
        assert process.wait(PATIENCE_S) == 0


def knock(url: str) -> list[int]:
    """Come again and again until nobody listens any more; whoever was let in must get a whole reply."""
    statuses = []
    while True:
        try:
            statuses.append(httpx.get(f"{url}/readyz", timeout=PATIENCE_S).status_code)
        except httpx.ConnectError:
            return statuses


def test_a_voice_that_nobody_can_open_ends_the_server_with_its_own_sentence(tmp_path):
    voice = shutil.copytree(BUILT_IN / "default", tmp_path / "voice")
    (voice / "config.json").write_text("{}")
    command = [sys.executable, "-m", "tingshuo.app.cli.main", "serve", "--port", "0", "--workers", "2", "--voice", str(voice)]
    done = subprocess.run(
        command, env={**os.environ, "TINGSHUO_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr.count("\n")) == (9, 1), done.stderr
    assert "config.json" in done.stderr
