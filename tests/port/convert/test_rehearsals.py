"""Every family that is imported has a rehearsal, and none of them needs torch."""

import subprocess
import sys

import pytest

from tingshuo.config import FamilyConfig
from tingshuo.errors import PortError
from tingshuo.port.convert.rehearsals import REHEARSALS, rehearse

pytestmark = pytest.mark.train


def test_every_row_is_there_and_none_imports_torch() -> None:
    targets = {REHEARSALS.row(name).target.partition(":")[0] for name in REHEARSALS}
    program = "import sys; [__import__(name) for name in sys.argv[1:]]; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program, *sorted(targets)], check=True)
    for name in REHEARSALS:
        assert callable(REHEARSALS.load(name))


def test_a_family_that_nobody_knows_is_named() -> None:
    with pytest.raises(PortError, match=r"how the graphs of family 'wavenet\+x' are used is not known; known: .*sambert"):
        rehearse(FamilyConfig(family="wavenet+x"), {}, {})
