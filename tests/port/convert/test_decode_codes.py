"""Every bandwidth is used while a decoder is proved."""

from tests.tasks.test_codec import SETTINGS, Fake

from tingshuo.port.convert.decode_codes import decode_codes


def test_codes_are_decoded_at_every_bandwidth():
    graph = Fake()
    decode_codes(SETTINGS, {}, {"vocoder": graph})
    assert [shape[1] for shape in graph.asked] == [2, 4]
    assert {shape[2] for shape in graph.asked} == {40}
