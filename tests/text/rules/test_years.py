import pytest

from tingshuo.text.normalize import normalize


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("在2024举办", "在二零二四举办"),
        ("截至2000", "截至二零零零"),
        ("2008的奥运会", "二零零八的奥运会"),
        ("《1984》", "《一九八四》"),
    ],
)
def test_a_bare_year_is_said_digit_by_digit(written: str, spoken: str) -> None:
    assert normalize(written) == spoken


@pytest.mark.parametrize(
    "written", ["在2000米处", "2024个", "在2024元以上", "增加到2024", "在2000", "价格在2020到2050之间", "从2024降到1990"]
)
def test_a_quantity_stays_a_quantity(written: str) -> None:
    assert "千" in normalize(written)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("从2019到2024", "从二零一九到二零二四"),
        ("2019、2020和2021三年", "二零一九、二零二零和二零二一三年"),
        ("2024/2025", "二零二四到二零二五"),
    ],
)
def test_spans_and_lists_of_years(written: str, spoken: str) -> None:
    assert normalize(written) == spoken


def test_years_out_of_order_are_numbers() -> None:
    assert normalize("2024到2019") == "两千零二十四到两千零一十九"
