from datetime import date
from html.parser import HTMLParser

from tingshuo.store.bundle import BundleReport, open_bundle
from tingshuo.store.manifest import ConsentRecord
from tingshuo.tasks.golden import GoldenRun
from tingshuo.tasks.integrity import to_html
from tingshuo.tasks.voices import find_voice

MANIFEST = open_bundle(find_voice("default")).manifest
DAY = date(2026, 6, 1)
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
    words = Words(to_html(SOUND, MANIFEST, RUNS[:1], "Signed with acme.pub", "2026-03-01", DAY))
    for part in (MANIFEST.licence, MANIFEST.consent, "Signed with acme.pub", "2026-03-01", "-48.2", "-30", "Yue Tan"):
        assert part in words.text
    for name, entry in MANIFEST.files.items():
        assert name in words.text
        assert entry.sha256 in words.text
    assert "2.0 MB" in words.text
    assert not {"script", "link", "img"} & set(words.tags)


def test_what_is_wrong_stands_out():
    damaged = BundleReport("default", "1.0.0", 3, 2_000_000, ("a<b: is missing",))
    page = to_html(damaged, MANIFEST, RUNS, "It is not signed", "now", DAY)
    assert '<p class="bad">a&lt;b: is missing</p>' in page
    assert '<span class="bad">-20.0</span>' in page
    assert "1 个输出超出限度" in page
    assert "没有运行" in to_html(SOUND, MANIFEST, (), "It is not signed", "now", DAY)


def consent(speaker, until):
    return ConsentRecord(
        speaker=speaker,
        given_by="Li <Si>",
        given_on="2026-05-01",
        purpose="audio books",
        valid_until=until,
        recording_sha256="ab" * 32,
    )


def test_cloned_voices_are_shown_with_each_record_and_how_it_stands_on_the_day():
    one, other = MANIFEST.speakers
    manifest = MANIFEST.replace(cloned=(one, other), consents=(consent(one, "unlimited"), consent(other, "2026-05-31")))
    page = to_html(SOUND, manifest, RUNS[:1], "It is not signed", "now", DAY)
    text = Words(page).text
    for part in (f"{one}, {other}", "Li <Si>", "audio books", "2026-05-01", "ab" * 32, "valid without end", manifest.licence):
        assert part in text
    assert f'<span class="bad">{other}: ended on 2026-05-31</span>' in page
    page = to_html(SOUND, manifest.replace(cloned=(one,)), RUNS[:1], "It is not signed", "now", DAY)
    assert "all valid today" in page


def test_a_voice_that_is_nobodys_clone_says_nothing_of_it():
    assert "Cloned" not in to_html(SOUND, MANIFEST, RUNS[:1], "It is not signed", "now", DAY)
