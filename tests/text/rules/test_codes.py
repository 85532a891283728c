import pytest

from tingshuo.text.normalize import normalize


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("110", "一百一十"),
        ("打110", "打幺幺零"),
        ("110米", "一百一十米"),
        ("打了110个电话", "打了一百一十个电话"),
        ("12345人", "一万二千三百四十五人"),
    ],
)
def test_service_numbers_need_their_context(written, spoken):
    assert normalize(written) == spoken


@pytest.mark.parametrize("separator", ["", "-", " "])
def test_mobile_numbers_in_any_grouping(separator):
    assert normalize(separator.join(("138", "0013", "8000"))) == "幺三八零零幺三八零零零"


def test_named_numbers_of_two_digits_are_numbers():
    assert normalize("编号12") == "编号十二"
    assert normalize("编号123") == "编号幺二三"


def test_letters_of_trains_and_plates_stay():
    assert normalize("G1次") == "G一次"
    assert normalize("粤B·12A45") == "粤B幺二A四五"
