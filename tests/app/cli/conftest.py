"""Commands run in this process, with the fake voice."""

import dataclasses
import io
import sys
from types import SimpleNamespace

import pytest

from tingshuo.app.cli.main import run
from tingshuo.tasks import voices


class Terminal(io.StringIO):
    """Text standard input that is a terminal, with nothing typed."""

    def isatty(self) -> bool:
        return True


@dataclasses.dataclass
class Done:
    """What a command left: exit code and what it printed."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


@pytest.fixture
def tingshuo(monkeypatch, capfdbinary, fake_voice):
    """Run a command line; ``stdin`` is bytes that are piped in, None is a terminal."""
    monkeypatch.setattr(voices, "load", lambda name="default", **_: voices.find_voice(name) and fake_voice)

    def tingshuo(*arguments: object, stdin: bytes | None = None) -> Done:
        piped = SimpleNamespace(isatty=lambda: False, buffer=io.BytesIO(stdin or b""))
        monkeypatch.setattr(sys, "stdin", Terminal() if stdin is None else piped)
        code = run([str(argument) for argument in arguments])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Done(code, out, err.decode())

    return tingshuo
