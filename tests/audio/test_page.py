import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from tingshuo.audio.page import card, data_uri, figure, page, picture, player, section, table
from tingshuo.audio.picture import mel_png
from tingshuo.audio.plot import Series, line_plot

VOID = {"meta", "img", "br"}


class Balance(HTMLParser):
    """Fails on a tag that is closed out of order or never."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def document():
    tone = np.sin(np.arange(2400) / 10).astype(np.float32) * 0.3
    mel = np.linspace(-8, 0, 200, dtype=np.float32).reshape(20, 10)
    return page(
        "报告 <&>",
        "一个 & 另一个",
        [
            section("图 <1>", card(figure(line_plot([Series("a", [1, 2], [3, 4])]), "caption <x>"))),
            section("声", picture(mel_png(mel), 'a "mel"'), player(tone, 24000)),
            section("表", table(["名", "n"], [["甲", "1"], ["乙", "<b>2</b>"]], numbers=[1])),
        ],
    )


def test_a_page_is_one_well_formed_file(document):
    parser = Balance()
    parser.feed(document)
    parser.close()
    assert parser.open == []
    assert {"svg", "img", "audio", "table", "style"} <= set(parser.seen)
    assert "script" not in parser.seen
    assert "link" not in parser.seen


def test_a_page_fetches_nothing(document):
    assert all(address.startswith("data:") for address in re.findall(r'(?:src|href)="([^"]*)"', document))
    assert "url(" not in document
    assert "@import" not in document
    assert re.findall(r"https?://[^\"' ]+", document) == ["http://www.w3.org/2000/svg"]  # the name of SVG, not an address


def test_plain_text_is_escaped(document):
    assert "报告 &lt;&amp;&gt;" in document
    assert "图 &lt;1&gt;" in document
    assert "caption &lt;x&gt;" in document
    assert 'alt="a &quot;mel&quot;"' in document


def test_a_player_holds_the_sound(document):
    (address,) = re.findall(r'<audio[^>]* src="data:audio/mpeg;base64,([^"]+)"', document)
    wav, rate = soundfile.read(io.BytesIO(base64.b64decode(address)))
    assert rate == 24000
    assert len(wav) >= 2400


def test_columns_of_numbers_are_aligned_to_the_right():
    html = table(["名", "n"], [["甲", "1"]], numbers=[1])
    assert '<th class="number">n</th>' in html
    assert '<td>甲</td><td class="number">1</td>' in html
    with pytest.raises(ValueError, match="argument 2 is longer"):
        table(["名"], [["甲", "1"]])


def test_a_data_address():
    assert data_uri(b"abc", "text/plain") == "data:text/plain;base64,YWJj"
