"""The listening view: a microphone that plays a file, a recogniser that counts, and everything that can be in the way."""

import json
import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect
from tests.app.conftest import serving, wait_until_ready
from tests.serve.fake_listener import Ear, LoudIsSpeech, listeners_of, recording, wav_of
from tests.serve.fake_voice import FakeVoice, service_of
from tests.system.web.conftest import Visit, chromium
from tests.system.web.test_views import NAMELESS

from tingshuo.audio import vad
from tingshuo.serve.listeners import NONE_HERE, Listeners
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.voices import find_voice

pytestmark = pytest.mark.browser

PATIENCE_MS = 90_000
"""A microphone does not wait for a machine that is busy."""
VIEW = "[data-view=listen]"
STATUS = f"{VIEW} #listen-state"
FINALS = f"{VIEW} [data-dictated] [data-log] p"
ELSEWHERE = "tingshuo.test"
"""A name of this machine that the browser does not take for it, as those of other machines."""
SOCKETS = """
window.sockets = [];
const Plain = WebSocket;
WebSocket = class extends Plain { constructor(...all) { super(...all); sockets.push(this); } };
"""
REFUSAL = re.compile("the server responded with a status of 4")
"""The browser itself remarks that a reply was a refusal."""


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


@pytest.fixture(scope="module", autouse=True)
def patience():
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5000)  # as it is by itself


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium with a microphone that says 0.9 s and 0.6 s, with pauses, over and over."""
    spoken = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    spoken.write_bytes(wav_of(recording(0.7, 0.9, 1.2, 0.6, 1.0)))
    microphone = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={spoken}")
    names = f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"
    with chromium(*microphone, names) as browser:
        yield browser


@contextmanager
def server_of(listeners: Listeners):
    """Serve with these recognisers; its address."""
    service = service_of(FakeVoice(), open_bundle(find_voice("default")))
    service.listeners = listeners
    with serving(service) as client:
        wait_until_ready(client, service)
        yield str(client.base_url).rstrip("/")


@pytest.fixture(scope="module")
def address():
    """Where somebody hears."""
    with server_of(listeners_of(Ear(), open_bundle(find_voice("default")))) as url:
        yield url


@pytest.fixture
def visits(browser):
    """Open the view; what must not have happened is checked at the end."""
    opened: list[Visit] = []

    def open_one(url: str, permissions=("microphone",), **options) -> Visit:
        visit = Visit(browser, url, **options)
        opened.append(visit)
        visit.page.set_default_timeout(PATIENCE_MS)
        visit.context.grant_permissions(list(permissions))
        visit.context.add_init_script(SOCKETS)
        visit.sent, visit.said = [], []
        visit.page.on("websocket", lambda socket: watch(socket, visit))
        visit.page.goto(f"{url}/#listen")
        visit.page.wait_for_selector(f"{VIEW}:visible #listen-state:not([data-state=connecting])")
        return visit

    yield open_one
    for visit in opened:
        visit.close()


def watch(socket, visit) -> None:
    socket.on("framesent", lambda frame: visit.sent.append(json.loads(frame) if isinstance(frame, str) else frame))
    socket.on("framereceived", lambda frame: visit.said.append(json.loads(frame)))


@pytest.fixture
def visit(visits, address):
    return visits(address)


def state(visit, name: str) -> None:
    visit.page.wait_for_selector(f"{STATUS}[data-state={name}]")


def dictate(visit, count: int) -> None:
    """Listen until so many segments are written, and stop."""
    visit.page.click("[data-mic]")
    state(visit, "speaking")
    visit.page.wait_for_selector(f"{FINALS}:nth-child({count})")
    visit.page.click("[data-mic]")
    state(visit, "done")


def taken(page, box: str, kind: str) -> tuple[str, str]:
    """Return name and text of a file that is taken."""
    with page.expect_download() as download:
        page.click(f"{box} [data-take={kind}]")
    return download.value.suggested_filename, download.value.path().read_text("utf-8")


def seconds(time: str) -> float:
    hours, minutes, rest = time.replace(",", ".").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def times(text: str) -> list[float]:
    """Return the times of subtitles, in their order."""
    return [seconds(time) for time in re.findall(r"\d\d:\d\d:\d\d[,.]\d{3}", text)]


def test_what_is_said_appears_pale_and_then_for_good(visit):
    page = visit.page
    page.fill("#listen-hotwords", "嘟嘟:3")
    page.focus("[data-mic]")
    page.keyboard.press("Enter")
    partial = page.locator(f"{VIEW} [data-dictated] [data-partial]:visible")
    expect(partial).to_contain_text("嘟")
    visit.until("Number(document.querySelector('[data-mic]').style.getPropertyValue('--level')) > 0.3")
    assert page.get_attribute("[data-mic]", "aria-label") == "停止听写"
    page.wait_for_selector(f"{FINALS}:nth-child(2)")
    page.keyboard.press("Escape")
    state(visit, "done")
    assert page.evaluate("document.activeElement.matches('[data-mic]')")
    config = visit.sent[0]
    expected = {"type": "session.config", "model": "ear", "sample_rate": 16000, "format": "pcm16", "hotwords": "嘟嘟:3"}
    assert config == expected
    assert visit.sent[-1] == {"type": "input.done"}
    blocks = [frame for frame in visit.sent if isinstance(frame, bytes)]
    assert {len(block) for block in blocks[:-1]} == {2 * 1600}, "a tenth of a second each"
    (done,) = (one for one in visit.said if one["type"] == "transcript.done")
    assert done["duration_s"] == pytest.approx(sum(map(len, blocks)) / 2 / 16000, abs=1e-3)
    finals = [one["text"] for one in visit.said if one["type"] == "transcript.final" and one["text"]]
    written = page.eval_on_selector_all(FINALS, "all => all.map((p) => p.lastChild.textContent)")
    assert written == finals
    assert re.fullmatch("嘟+。", finals[0])
    assert page.locator(f"{VIEW} [data-partial]:visible").count() == 0
    assert page.evaluate("document.querySelector('[data-mic]').style.getPropertyValue('--level')") == "0"


def test_the_text_can_be_taken_and_a_second_session_goes_on_behind_the_first(visits, address):
    visit = visits(address, ("microphone", "clipboard-read", "clipboard-write"))
    page = visit.page
    assert page.is_disabled("[data-dictated] [data-take=srt]")
    dictate(visit, 1)
    dictate(visit, 2)
    first, second = (one for one in visit.said if one["type"] == "transcript.done")
    assert first["utterances"]
    written = page.eval_on_selector_all(FINALS, "all => all.map((p) => p.lastChild.textContent)")
    name, srt = taken(page, "[data-dictated]", "srt")
    assert re.fullmatch(r"tingshuo-嘟+\.srt", name)
    assert srt.startswith("1\n00:00:0")
    assert times(srt) == sorted(times(srt)), "the second begins behind the first"
    assert first["duration_s"] < times(srt)[-1] <= first["duration_s"] + second["duration_s"] + 0.01
    assert "".join(re.findall("[嘟。]+", srt)) == "".join(written)
    assert times(taken(page, "[data-dictated]", "vtt")[1]) == times(srt)
    assert taken(page, "[data-dictated]", "txt")[1] == "".join(f"{line}\n" for line in written)
    told = json.loads(taken(page, "[data-dictated]", "json")[1])
    assert [segment["text"] for segment in told["segments"]] == written
    assert told["segments"][0]["words"][0]["text"] == "嘟"
    page.evaluate("""() => {
      const button = document.querySelector("[data-dictated] [data-copy]");
      window.labels = [];
      new MutationObserver(() => labels.push(button.textContent)).observe(button, { childList: true });
    }""")
    page.click("[data-dictated] [data-copy]")
    visit.until("labels.includes('已复制')")
    visit.until("labels.at(-1) === '复制'")
    assert page.evaluate("navigator.clipboard.readText()") == "".join(written)
    page.click("[data-view=listen] [data-clear]")
    assert page.locator(FINALS).count() == 0
    assert page.inner_text("[data-view=listen] [data-clock]") == "0:00.0"


def test_a_broken_connection_keeps_the_text_and_goes_on_by_a_button(visit):
    page = visit.page
    page.click("[data-mic]")
    page.wait_for_selector(FINALS)
    page.wait_for_selector(f"{VIEW} [data-dictated] [data-partial]:visible")
    page.evaluate("sockets.at(-1).close()")
    state(visit, "error")
    expect(page.locator(f"{VIEW} [data-trouble]:visible")).to_contain_text("连接断了")
    count = page.locator(FINALS).count()
    assert count >= 2, "what was under way is kept too"
    assert page.locator(f"{FINALS}.unfinished").count() == 1
    page.get_by_role("button", name="重新连接").click()
    state(visit, "speaking")
    page.wait_for_selector(f"{FINALS}:nth-child({count + 1})")
    page.click("[data-tab=voices]")  # a microphone that nobody sees is not left on
    page.click("[data-tab=listen]")
    state(visit, "done")


def test_files_are_written_down_one_after_the_other_and_what_is_wrong_with_one_is_said(visit):
    page = visit.page
    good = {"name": "会议.wav", "mimeType": "audio/wav", "buffer": wav_of(recording(1, 0.9, 2, 0.6, 1))}
    bad = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"these are words, not sounds"}
    silent = {"name": "silence.wav", "mimeType": "audio/wav", "buffer": wav_of(recording(2))}
    page.set_input_files("[data-choose-input]", [good, bad, silent])
    entries = page.locator(".file")
    expect(entries).to_have_count(3)
    expect(entries.nth(0).locator("[data-status]")).to_have_text("写完了")
    expect(entries.nth(0).locator("[data-log] p")).to_have_text([re.compile("嘟嘟嘟"), re.compile("嘟嘟")])
    expect(entries.nth(1).locator("[data-trouble]")).to_contain_text("notes.txt: ")
    expect(entries.nth(2).locator("[data-status]")).to_have_text("听完了，没有听到说话")
    name, text = taken(page, ".file:first-child", "txt")
    assert name == "会议.txt"
    assert re.fullmatch("嘟嘟嘟.?\n嘟嘟.?\n", text)
    assert "-->" in taken(page, ".file:first-child", "srt")[1]
    bodies = [r for r in visit.requests if r.url.endswith("/v1/audio/transcriptions")]
    assert len(bodies) == 3
    entries.nth(1).get_by_role("button", name="停止并移除").click()
    expect(entries).to_have_count(2)
    visit.complaints = [one for one in visit.complaints if not REFUSAL.search(one)]


@contextmanager
def answered(page, events: list[dict]):
    """Let files be answered with these events."""
    body = "".join(f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
    page.route("**/v1/audio/transcriptions", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    yield
    page.unroute("**/v1/audio/transcriptions")


def test_a_file_has_subtitles_where_the_server_tells_times(visit):
    page = visit.page
    words = [{"text": text, "start_s": 1 + 0.2 * n, "end_s": 1.2 + 0.2 * n, "confidence": 0.9} for n, text in enumerate("早上好")]
    segment = {"text": "早上好。", "start_s": 0.9, "end_s": 1.8, "confidence": 0.9, "words": words}
    file = {"name": "a.b.wav", "mimeType": "audio/wav", "buffer": wav_of(recording(1))}
    delta = {"type": "transcript.text.delta", "delta": "早上好。"}
    done = {"type": "transcript.text.done", "text": "早上好。", "warnings": ["a remark"]}
    with answered(page, [delta | {"segment": segment}, done]):
        page.set_input_files("[data-choose-input]", file)
        page.wait_for_selector(".file [data-take=srt]:enabled")
    assert taken(page, ".file", "srt") == ("a.b.srt", "1\n00:00:00,900 --> 00:00:01,800\n早上好。\n")
    expect(page.locator(".file [data-remarks]")).to_have_text("a remark")
    with answered(page, [delta]):  # which breaks off before its end
        page.set_input_files("[data-choose-input]", file)
        expect(page.locator(".file:nth-child(2) [data-trouble]")).to_contain_text("连接断了")
    assert page.is_disabled(".file:nth-child(2) [data-take=srt]")
    assert page.is_enabled(".file:nth-child(2) [data-take=txt]")
    error = {"type": "error", "error": {"message": "the disk is full", "code": "engine"}}
    with answered(page, [error]):
        page.set_input_files("[data-choose-input]", file)
        expect(page.locator(".file:nth-child(3) [data-trouble]")).to_contain_text("the disk is full")


def test_files_may_be_dropped(visit):
    page = visit.page
    files = page.evaluate_handle(
        """(bytes) => {
      const carried = new DataTransfer();
      carried.items.add(new File([Uint8Array.from(bytes)], "dropped.wav", { type: "audio/wav" }));
      return carried;
    }""",
        list(wav_of(recording(0.5, 0.9, 0.5))),
    )
    page.dispatch_event("[data-drop]", "dragenter", {"dataTransfer": files})
    expect(page.locator("[data-drop]")).to_have_class("drop over")
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": files})
    expect(page.locator("[data-drop]")).to_have_class("drop")
    expect(page.locator(".file [data-log] p")).to_contain_text("嘟嘟嘟")


def test_a_server_without_a_recogniser_says_how_to_get_one(visits):
    with server_of(Listeners()) as url:
        visit = visits(url)
        page = visit.page
        state(visit, "error")
        expect(page.locator(f"{VIEW} [data-trouble]:visible")).to_contain_text(NONE_HERE)
        assert page.is_disabled("[data-mic]")
        assert page.is_disabled("[data-choose]")
        visit.close()
        visit.close = lambda: None


def test_a_microphone_that_is_not_allowed_is_said_and_files_still_work(visits, address):
    visit = visits(address, permissions=())
    page = visit.page
    page.click("[data-mic]")
    expect(page.locator(f"{VIEW} [data-trouble]:visible")).to_contain_text("没有准许用话筒")
    state(visit, "error")
    assert visit.sent == [], "nothing was asked of the server"
    assert page.is_enabled("[data-choose]")
    assert page.is_enabled("[data-mic]")


def test_without_a_microphone_or_with_one_that_is_taken_the_cause_is_said(visits, address):
    visit = visits(address)
    page = visit.page
    for error, said in (("NotFoundError", "没有找到话筒"), ("NotReadableError", "可能被别的程序占着")):
        refused = f"Promise.reject(new DOMException('', '{error}'))"
        page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = () => {refused}; }}")
        page.click("[data-mic]")
        expect(page.locator(f"{VIEW} [data-trouble]:visible")).to_contain_text(said)


def test_a_page_from_elsewhere_without_tls_says_the_remedy(visits, address):
    visit = visits(address.replace("127.0.0.1", ELSEWHERE), permissions=())
    page = visit.page
    visit.complaints = [one for one in visit.complaints if "Cross-Origin-Opener-Policy" not in one]  # as it is not secure
    note = page.locator(f"{VIEW} [data-note]:visible").first
    expect(note).to_contain_text("--tls-cert")
    assert page.is_disabled("[data-mic]")
    assert page.is_enabled("[data-choose]")


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_the_view_fits_a_phone_and_every_control_has_a_name(visits, address, language):
    size = {"width": 360, "height": 740}
    visit = visits(address, viewport=size, device_scale_factor=2, is_mobile=True, has_touch=True, locale=language)
    page = visit.page
    long_name = {"name": "a" * 80 + ".wav", "mimeType": "audio/wav", "buffer": wav_of(recording(0.5, 0.9, 0.5))}
    page.set_input_files("[data-choose-input]", long_name)
    page.wait_for_selector(".file [data-log] p")
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert page.evaluate(NAMELESS) == []
    texts = page.evaluate(
        "async () => ({ ...(await import('./js/texts.js')).TEXTS, ...(await import('./js/texts-views.js')).VIEW_TEXTS })"
    )
    used = page.evaluate("""() => [document, document.querySelector("template[data-file]").content]
      .flatMap((tree) => [...tree.querySelectorAll("[data-i18n]")].map((e) => e.dataset.i18n))""")
    assert set(used) <= texts.keys()


def test_the_box_follows_until_somebody_scrolls(visit):
    page = visit.page
    page.evaluate("""async () => {
      const { Transcript } = await import("./js/listen/transcript.js");
      const { Paper } = await import("./js/listen/paper.js");
      window.transcript = new Transcript();
      new Paper(document.querySelector("[data-dictated]"), transcript, { t: (key) => key, addEventListener() {} });
      window.say = (count) => { for (let i = 0; i < count; i += 1) transcript.add({ text: "好", start_s: i, end_s: i }); };
      say(60);
    }""")
    left = """() => { const box = document.querySelector("[data-dictated] [data-scroll]");
      return box.scrollHeight - box.clientHeight - box.scrollTop; }"""
    assert page.evaluate(left) < 2
    page.evaluate("document.querySelector('[data-dictated] [data-scroll]').scrollTop = 0")
    page.wait_for_selector("[data-dictated] [data-latest]:visible")
    page.evaluate("say(5)")
    assert page.evaluate(left) > 100
    page.click("[data-dictated] [data-latest]")
    assert page.evaluate(left) < 2
    page.wait_for_selector("[data-dictated] [data-latest]", state="hidden")


def test_subtitles_are_cut_at_marks_and_at_the_times_of_words(visit):
    found = visit.page.evaluate("""async () => {
      const { cues } = await import("./js/listen/transcript-files.js");
      const { levelOf } = await import("./js/listen/meter.js");
      const heard = [..."今天是二零二四年三月十五日天气真好"].map((text, i) => ({ text, start_s: i, end_s: i + 1 }));
      const names = ["hello", "brave", "new", "world"].map((text, i) => ({ text, start_s: i, end_s: i + 1 }));
      const segment = { text: "今天是2024年3月15日，天气真好。", start_s: 0, end_s: 18, words: heard };
      const bare = { text: "没有时间", start_s: 20, end_s: 21, words: [] };
      const english = { text: "Hello brave new world.", start_s: 30, end_s: 35, words: names };
      return { lines: cues([segment, bare, english]), levels: [0, 0.001, 1].map((x) => levelOf(new Float32Array(8).fill(x))) };
    }""")
    lines = [(one["text"], one["start_s"], one["end_s"]) for one in found["lines"]]
    assert lines == [
        ("今天是2024年3月15日，", 0, 13),
        ("天气真好。", 13, 18),
        ("没有时间", 20, 21),
        ("Hello brave new world.", 30, 35),
    ]
    assert found["levels"] == [0, pytest.approx(0, abs=1e-3), 1]
