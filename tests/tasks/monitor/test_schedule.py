import pytest

from tingshuo.errors import DataError, RequestError
from tingshuo.tasks.monitor.schedule import parse_every, repeat


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("6h", 21600), ("1d", 86400)])
def test_how_often(text, seconds):
    assert parse_every(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "0h", "-1h", "1.5h", "6 h", "6w", "99999999s"])
def test_other_words_are_refused(text):
    with pytest.raises(RequestError, match="must be a whole number of s, m, h or d, such as 6h"):
        parse_every(text)


def test_rounds_begin_at_equal_distances_and_errors_do_not_end_them():
    now, slept, failures = [0.0], [], []
    lasting = iter([10.0, 40.0, 5.0, 1.0])

    def work():
        now[0] += next(lasting)
        if len(slept) == 2:
            raise DataError("gone")
        if len(slept) == 3:
            raise KeyboardInterrupt

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    with pytest.raises(KeyboardInterrupt):
        repeat(work, 30.0, failures.append, sleep=sleep, clock=lambda: now[0])
    assert slept == [20.0, 0.0, 25.0]
    assert [str(failure) for failure in failures] == ["gone"]
