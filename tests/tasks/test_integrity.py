from html.parser import HTMLParser

from tingshuo.store.bundle import BundleReport, open_bundle
from tingshuo.tasks.golden import GoldenRun
from tingshuo.tasks.integrity import to_html
from tingshuo.tasks.voices import find_voice

MANIFEST = open_bundle(find_voice("default")).manifest
SOUND = BundleReport("default", "1.0.0", 3, 2_000_000, ())
RUNS = (GoldenRun("pitch", "int8", "pitch", -48.2, -30.0), GoldenRun("decoder", "fp32", "mel", -20.0, -60.0))


class Words(HTMLParser):
    """The text of a page, and whether anything is fetched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags = "", list[str]()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data + " "


def test_the_page_has_all_that_is_asked_for_and_fetches_nothing():
    words = Words(to_html(SOUND, MANIFEST, RUNS[:1], "Signed with acme.pub", "2026-03-01"))
    for part in (MANIFEST.licence, MANIFEST.consent, "Signed with acme.pub", "2026-03-01", "-48.2", "-30", "Yue Tan"):
        assert part in words.text
    for name, entry in MANIFEST.files.items():
        assert name in words.text
        assert entry.sha256 in words.text
    assert "2.0 MB" in words.text
    assert not {"script", "link", "img"} & set(words.tags)


def test_what_is_wrong_stands_out():
    damaged = BundleReport("default", "1.0.0", 3, 2_000_000, ("a<b: is missing",))
    page = to_html(damaged, MANIFEST, RUNS, "It is not signed", "now")
    assert '<p class="bad">a&lt;b: is missing</p>' in page
    assert '<span class="bad">-20.0</span>' in page
    assert "1 个输出超出限度" in page
    assert "没有运行" in to_html(SOUND, MANIFEST, (), "It is not signed", "now")
