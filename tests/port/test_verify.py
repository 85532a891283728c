import io
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import VerifyError  # noqa: E402
from tingshuo.port.verify import FP32_DB, LIMITS_DB, check, error_db, golden_files  # noqa: E402

pytestmark = pytest.mark.train


def test_error_is_energy_over_energy():
    reference = np.array([3.0, 4.0], np.float32)
    assert error_db(reference + np.float32(0.5), reference) == pytest.approx(10 * np.log10(0.5 / 25))
    assert error_db(reference, reference) == pytest.approx(-200)


@pytest.mark.parametrize("bad", [np.array([1.0, np.nan]), np.array([np.inf, 1]), np.ones(3)])
def test_nan_and_another_shape_are_infinitely_wrong(bad):
    assert error_db(bad, np.ones(2)) == np.inf


def test_an_error_above_the_limit_is_refused_by_name():
    check({"mel": -60.1}, "fp32")
    with pytest.raises(VerifyError, match=r"fp32 output 'mel' differs by -59\.9 dB .* limit is -60 dB"):
        check({"hidden": -80, "mel": -59.9}, "fp32")
    with pytest.raises(VerifyError, match="mel"):
        check({"mel": float("nan")}, "int8")


def test_golden_files_hold_inputs_outputs_and_limits():
    files = golden_files({"g": ({"x": np.arange(3)}, {"y": np.ones(2, np.float32), "mel": np.ones(2, np.float32)})})
    limits = json.loads(files["golden/limits.json"])
    assert limits == {"fp32": {"mel": FP32_DB, "y": FP32_DB}, "int8": {"mel": LIMITS_DB["int8"]["mel"], "y": FP32_DB}}
    with np.load(io.BytesIO(files["golden/g.npz"]), allow_pickle=False) as arrays:
        assert set(arrays) == {"input/x", "output/y", "output/mel"}
        assert arrays["input/x"].tolist() == [0, 1, 2]
