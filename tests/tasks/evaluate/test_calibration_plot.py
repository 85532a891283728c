import pytest

from tingshuo.tasks.evaluate.calibration import calibrate
from tingshuo.tasks.evaluate.calibration_plot import calibration_card


@pytest.mark.parametrize(("right", "ranked"), [([True, True, False], True), ([True, True, True], False)])
def test_a_card_tells_its_figures(right, ranked):
    found = calibrate([0.95, 0.85, 0.15], right)
    assert found is not None
    html = calibration_card("单元 <units>", found)
    assert "单元 &lt;units&gt;" in html
    assert f"ECE <b>{100 * found.ece:.1f} %</b>" in html
    assert ("ranking" in html) == ranked
    assert html.count("<tr>") == 1 + 3
    assert "0.1-0.2" in html
    assert "<svg" in html
