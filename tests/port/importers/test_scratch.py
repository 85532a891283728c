"""Arrays on the disk are what they were, and nobody can write to them."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from tingshuo.port.importers.scratch import KEPT_BYTES, on_disk
from tingshuo.store.tensors import release

pytestmark = pytest.mark.train


def test_a_large_array_lies_on_the_disk_and_a_small_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    small, large = np.arange(5), np.arange(KEPT_BYTES, dtype=np.float32).reshape(2, -1).T
    assert on_disk(small) is small
    stored = on_disk(large)
    np.testing.assert_array_equal(stored, large)
    assert (stored.dtype, stored.flags.writeable) == (np.float32, False)
    release([stored])
    np.testing.assert_array_equal(stored, large)
    assert list(tmp_path.iterdir()) == []  # it has no name
