import inspect

import pytest

pytest.importorskip("torch")

from tingshuo.errors import RequestError
from tingshuo.port.convert.converters import CONVERTERS
from tingshuo.port.recognise import graphs, probe, systems

pytestmark = pytest.mark.train


@pytest.mark.parametrize("system", ["emotivoice", "sambert"])
def test_a_row_takes_a_path_and_the_name_of_a_voice(system: str) -> None:
    assert list(inspect.signature(CONVERTERS.load(system)).parameters)[:2] == ["path", "voice"]


def test_systems_are_called_as_probe_calls_them() -> None:
    source = "".join(map(inspect.getsource, (graphs, probe, systems)))
    by_name = {"kan_hifigan"}  # a vocoder of Sambert alone, which probe calls sambert
    assert all(f'"{name}"' in source for name in CONVERTERS if name not in by_name)


def test_a_system_that_is_not_known_is_answered_with_those_that_are() -> None:
    with pytest.raises(RequestError, match="unknown system to import from 'kaldi'"):
        CONVERTERS.load("kaldi")
