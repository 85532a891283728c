import re

import numpy as np
import pytest

from tingshuo.tasks.evaluate.matrix_plot import matrix_plot


def test_each_cell_says_what_it_counts():
    svg = matrix_plot(["一<", "二"], np.array([[8, 2], [0, 5]]), "混淆 confusion")
    assert "<title>一&lt; → 二: 2 / 10</title>" in svg
    assert "<title>二 → 一&lt;: 0 / 5</title>" in svg
    assert 'aria-label="混淆 confusion"' in svg
    shades = [float(value) for value in re.findall(r'fill-opacity="([\d.]+)"', svg)]
    assert shades == pytest.approx([0.8**0.5, 0.2**0.5, 1.0], abs=1e-3)


def test_what_was_never_said_has_no_row_but_a_column():
    svg = matrix_plot(["a", "other"], np.array([[1, 3], [0, 0]]))
    assert svg.count("<title>") == 2


def test_many_classes_are_small_and_without_numbers():
    many = matrix_plot([str(k) for k in range(60)], np.eye(60, dtype=int))
    assert 'width="13"' in many
    assert many.count("<title>") == 3600
    assert not re.search(r'text-anchor="middle"', many)
    assert "…" in matrix_plot(["abcdefghijklmnop"], np.array([[1]]))
