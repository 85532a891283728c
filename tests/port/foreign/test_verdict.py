"""Names that a pickle has no reason for, and what is said of them."""

from pathlib import Path

import pytest

from tingshuo.errors import PortError
from tingshuo.port.foreign.verdict import attack_error, check_names, is_attack


@pytest.mark.parametrize(
    "name", ["os.system", "posix.system", "builtins.eval", "torch.hub.load", "runpy.run_path", "pip._internal.main"]
)
def test_what_runs_things_is_an_attack(name: str) -> None:
    assert is_attack(name)


@pytest.mark.parametrize("name", ["torch.nn.modules.linear.Linear", "models.Generator", "__main__.Config", "ossuary.Bone"])
def test_a_class_of_a_network_is_none(name: str) -> None:
    assert not is_attack(name)


def test_what_is_said() -> None:
    check_names(Path("x"), [])
    with pytest.raises(PortError, match=r"x: holds whole objects \(a\.B, c\.D\) .* torch\.save\(.*state_dict\(\), NEW\)"):
        check_names(Path("x"), {"c.D", "a.B"})
    assert "would run os.system; nothing was run" in str(attack_error(Path("x"), "os.system"))
