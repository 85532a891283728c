"""A synthesis as lines of JSON."""

import json

import pytest

from tingshuo.app.http.lines import spoken_lines
from tingshuo.serve.take import Order, Take
from tingshuo.types import SpeechRequest

REQUEST = SpeechRequest(text="一。二。")


@pytest.fixture(autouse=True)
def _closed(service):
    yield
    service.workers.close()
    service.results.close()


def test_the_lines_of_a_take(service):
    take = Take(service.voices, Order("default", REQUEST, "wav"))
    steps = [[json.loads(line) for line in part.splitlines()] for part in spoken_lines(take, service.results, "A" * 22, "0" * 64)]
    assert [[line["type"] for line in step] for step in steps] == [["start", "sentence", "audio"], ["sentence", "audio"]]
    assert take.added.result.path.is_file()
    assert take.added.reply == take.summary("A" * 22) | {"sentences": take.added.reply["sentences"]}
