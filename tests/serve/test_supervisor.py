"""The parent of processes that do what a test says."""

import asyncio
import os
import signal
import sys

import pytest

from tingshuo.errors import BusyError, HashMismatchError, RegistryError, TingshuoError
from tingshuo.serve.numbers import flat
from tingshuo.serve.supervisor import BACK_OFF_S, STEADY_TICKS, Supervisor, back_off

WORKER = """
import asyncio, json, os, signal, socket, sys
from tingshuo.serve.wire import Wire, line_of

end = socket.socket(fileno=int(sys.argv[1]))
hello = json.loads(end.makefile("rb", buffering=0).readline())
plan = hello["plan"]
if "fails" in plan:
    end.sendall(line_of({"ask": "failed", "with": {"kind": "HashMismatchError", "message": "voice: a file was changed"}}))
if "fails" in plan or "dies" in plan:
    sys.exit(7)
if "stays" in plan:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
counted = [{"name": "made", "type": "counter", "help": "", "samples": [["made_total", [], 5.0]]}]

async def answer(what, fields):
    with open(hello["log"], "a") as log:
        log.write(f"{hello['number']} {what}\\n")
    if what == "prepare" and plan == f"{hello['number']} is broken":
        from tingshuo.errors import RegistryError
        raise RegistryError("nothing was changed: it is broken")
    if what == "prepare":
        return [{"voice": "anna", "before": "1.0.0", "now": "2.0.0"}]
    if what == "look":
        return {"families": counted, "before": counted, "before_s": 60.0, "state": {"active": 1}}

async def main():
    wire = Wire(answer)
    listening = asyncio.ensure_future(wire.run(end))
    opened = False
    while not listening.done():
        wire.tell("beat", families=counted)
        if not opened:
            opened = True
            wire.tell("opened")
        await asyncio.wait([listening], timeout=0.02)

asyncio.run(main())
"""


class Parent:
    """A supervisor of such processes, and what it did."""

    def __init__(self, folder, plan="", **options):
        self.log, self.events, self.started = folder / "log", [], []
        self.log.touch()
        hello = {"plan": plan, "log": str(self.log)}
        callbacks = {name: lambda name=name: self.events.append(name) for name in ("on_opened", "on_stop")}
        self.supervisor = Supervisor(self._spawn, 2, hello, **{"grace_s": 60.0, "tick_s": 0.2} | callbacks | options)

    async def _spawn(self, number, end):
        self.started.append(number)
        command = [sys.executable, "-c", WORKER, str(end.fileno())]
        return await asyncio.create_subprocess_exec(*command, pass_fds=[end.fileno()])

    @property
    def pids(self):
        return {number: worker.process.pid for number, worker in self.supervisor.workers.items() if worker.ready}

    def run(self, scenario):
        """Keep the processes while a scenario runs, then stop."""

        async def both():
            keeping = asyncio.ensure_future(self.supervisor.run())
            try:
                await until(lambda: len(self.pids) == 2 or keeping.done())
                if not keeping.done():
                    await scenario()
            finally:
                self.supervisor.stop()
                await keeping

        asyncio.run(both())


async def until(true):
    """Wait until it is so, for twenty seconds."""
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")


async def nothing():
    pass


@pytest.fixture
def parent(tmp_path):
    return Parent(tmp_path)


def test_two_start_one_after_the_other_and_end(parent):
    async def scenario():
        assert parent.events == ["on_opened"]
        told = await parent.supervisor.status()
        assert [(one["worker"], one["ready"], one["active"]) for one in told["workers"]] == [(1, True, 1), (2, True, 1)]
        assert (told["restarts"], told["before_s"], flat(told["before"])) == (0, 60.0, {("made_total", ()): 10.0})

    parent.run(scenario)
    assert parent.events == ["on_opened", "on_stop"]
    assert parent.started == [1, 2]


def test_one_that_is_killed_is_replaced_and_no_number_goes_back(parent):
    async def scenario():
        before = dict(parent.pids)
        os.kill(before[1], signal.SIGKILL)
        await until(lambda: parent.pids.get(1, before[1]) != before[1])
        assert parent.pids[2] == before[2]
        numbers = flat(await parent.supervisor.numbers())
        assert numbers["made_total", ()] == 15  # of the two that live, and the one that does not
        assert (numbers["tingshuo_worker_restarts_total", ()], numbers["tingshuo_workers", ()]) == (1, 2)

    parent.run(scenario)


def test_one_that_does_not_answer_is_replaced(parent, caplog):
    async def scenario():
        before = dict(parent.pids)
        os.kill(before[2], signal.SIGSTOP)
        await until(lambda: parent.pids.get(2, before[2]) != before[2])

    parent.run(scenario)
    assert "process 2 of the server does not answer and is killed" in caplog.text


def test_a_voice_that_cannot_be_opened_ends_all_with_its_error(tmp_path):
    parent = Parent(tmp_path, "fails")
    with pytest.raises(HashMismatchError, match=r"^voice: a file was changed$"):
        parent.run(nothing)
    assert parent.started == [1]


def test_one_that_dies_at_the_start_without_a_word_ends_all(tmp_path):
    with pytest.raises(TingshuoError, match=r"^the first process ended with 7 before it could speak$"):
        Parent(tmp_path, "dies").run(nothing)


def test_a_system_that_starts_no_process_is_asked_again(parent, monkeypatch, caplog):
    monkeypatch.setattr("tingshuo.serve.supervisor.BACK_OFF_S", (0.001, 0.01))
    start, tries = parent._spawn, []

    async def spawn(number, end):
        tries.append(number)
        if len(tries) in (2, 3):
            raise OSError(12, "Cannot allocate memory")
        return await start(number, end)

    parent.supervisor._spawn = spawn
    parent.run(nothing)
    assert tries == [1, 2, 2, 2]
    assert "process 2 of the server ended (Cannot allocate memory)" in caplog.text


def test_one_that_does_not_end_is_killed(tmp_path):
    parent = Parent(tmp_path, "stays", grace_s=0.1)
    with pytest.raises(BusyError, match=r"2 processes of the server did not end within 0.1 s and were killed"):
        parent.run(nothing)


def told(parent):
    """What the processes heard."""
    return sorted(line for line in parent.log.read_text().splitlines() if "look" not in line)


def test_all_switch_together(parent):
    async def scenario():
        rows = await parent.supervisor.reload()
        assert [(row["worker"], row["pid"], row["voices"][0]["now"]) for row in rows] == [
            (1, parent.pids[1], "2.0.0"),
            (2, parent.pids[2], "2.0.0"),
        ]
        assert told(parent) == ["1 prepare", "1 switch", "2 prepare", "2 switch"]

    parent.run(scenario)


def test_none_switches_when_one_cannot(tmp_path):
    parent = Parent(tmp_path, "2 is broken")

    async def scenario():
        with pytest.raises(RegistryError, match=r"^nothing was changed: it is broken$"):
            await parent.supervisor.reload()
        await parent.supervisor.numbers()
        assert told(parent) == ["1 forget", "1 prepare", "2 forget", "2 prepare"]

    parent.run(scenario)


def test_nothing_is_reloaded_while_one_is_being_started(parent):
    async def scenario():
        os.kill(parent.pids[1], signal.SIGKILL)
        await until(lambda: len(parent.pids) == 1)
        with pytest.raises(BusyError, match=r"is being started"):
            await parent.supervisor.reload()

    parent.run(scenario)


def test_signals_reload_and_stop(parent, caplog):
    async def scenario():
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: "the voices were read again" in caplog.text)
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: "on_stop" in parent.events)

    parent.run(scenario)
    assert told(parent) == ["1 prepare", "1 switch", "2 prepare", "2 switch"]


def test_one_that_dies_again_and_again_is_replaced_ever_later():
    waits = [0.0]
    for _ in range(9):
        waits.append(back_off(waits[-1], ticks=0))
    assert waits[1:4] == [BACK_OFF_S[0], 2 * BACK_OFF_S[0], 4 * BACK_OFF_S[0]]
    assert waits[-1] == BACK_OFF_S[1]
    assert back_off(waits[-1], STEADY_TICKS) == 0
