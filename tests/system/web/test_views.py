"""The other views of the page: streaming while it is written, the voices, the monitor; and what keys open."""

import json
import re
import struct

import numpy as np
import pytest
from playwright.sync_api import expect
from tests.app.http.conftest import serving_guarded

from tingshuo.serve.access.gate import Gate
from tingshuo.serve.access.keys import add_key
from tingshuo.serve.access.ring import KeyRing
from tingshuo.serve.access.scoped_voices import ScopedVoices
from tingshuo.serve.opening import open_service

pytestmark = pytest.mark.browser

TEXT = "今天是2024年，天气真好。我们去AI公园吧！"
LONG_TEXT = "这是一段很长的文字，用来检查打断按钮。" * 40
STREAM, VOICES, MONITOR = ("[data-view=stream]", "[data-view=voices]", "[data-view=monitor]")
RECORD = """
window.played = [];
const start = AudioScheduledSourceNode.prototype.start;
const buffered = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when) {
  played.push({ when, rate: this.buffer.sampleRate, pcm: [...this.buffer.getChannelData(0)].map((x) => Math.round(32768 * x)) });
  return (buffered ?? start).call(this, when);
};
"""
"""Notes what the page gives to the sound card, and for when."""


def go(page, name: str) -> None:
    page.click(f"[data-tab={name}]")
    page.wait_for_selector(f"main[data-view={name}]:visible section")
    assert page.url.endswith(f"#{name}")


def stream(page, text: str, per_s: int = 60) -> None:
    """Give a text to the streaming view, and start."""
    page.fill("#stream-text", text)
    page.fill("#stream-rate", str(per_s))
    page.click("#stream-go")


def figure(page, name: str) -> float:
    """Return the number that a figure begins with."""
    return float(re.match(r"[\d.]+", page.inner_text(f"[data-figure='{name}']:visible")).group())


def whole(visit, text: str) -> np.ndarray:
    """Return the bare samples of a text that is sent whole."""
    body = {"input": text, "speed": 2, "response_format": "pcm"}
    return np.frombuffer(visit.page.request.post(f"{visit.url}/v1/audio/speech", data=body).body(), "<i2")


@pytest.fixture
def listening(open_page):
    """A visit whose page speaks fast, and notes what is played and the messages of its sockets."""
    visit = open_page()
    visit.page.evaluate("localStorage.setItem('tingshuo.settings', '{\"speed\": 2}')")
    visit.context.add_init_script(RECORD)
    visit.said: list[str | bytes] = []
    visit.sent: list[dict] = []

    def watch(socket) -> None:
        socket.on("framereceived", lambda frame: visit.said.append(frame))
        socket.on("framesent", lambda frame: visit.sent.append(json.loads(frame)))

    visit.page.on("websocket", watch)
    visit.page.reload()
    visit.wait("ready")
    go(visit.page, "stream")
    return visit


def test_the_first_load_leaves_the_views_out(visit):
    paths = {request.url.removeprefix(visit.url) for request in visit.requests}
    assert not [path for path in paths if re.search(r"views/|/stream/|/voices/|/monitor/|texts-views|views\.css", path)]
    for name, title in (("stream", "流式"), ("voices", "声音"), ("monitor", "监控")):
        go(visit.page, name)
        assert visit.page.title().startswith(title)
        assert visit.page.is_hidden("#text")
    visit.page.go_back()
    visit.page.go_back()
    visit.page.wait_for_selector(f"{STREAM}:visible")
    go_to_first = visit.page.locator("[data-tab=say]")
    go_to_first.focus()
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("#text:visible")
    assert visit.page.title().startswith("听说")
    visit.page.goto(f"{visit.url}/#monitor")
    visit.page.reload()
    visit.page.wait_for_selector(f"{MONITOR}:visible [data-tile]")


def test_what_is_streamed_is_the_whole_text_without_a_gap_and_lights_up(listening):
    page = listening.page
    stream(page, TEXT)
    page.wait_for_selector(f"{STREAM} [data-heard=now]")
    page.wait_for_selector(f"{STREAM} [data-heard=yes]")
    page.wait_for_selector(f"{STREAM} [data-status][data-state=done]")
    pieces = [message["text"] for message in listening.sent if message["type"] == "input.text"]
    assert "".join(pieces) == TEXT
    assert len(pieces) > 5
    speech = whole(listening, TEXT)
    wav = b"".join(frame for frame in listening.said if isinstance(frame, bytes))
    at = wav.index(b"data") + 8
    assert wav[:4] == b"RIFF"
    assert struct.unpack("<I", wav[24:28]) == (24000,)
    received = np.frombuffer(wav[at:], "<i2")
    np.testing.assert_array_equal(received[: len(speech)], speech)
    played = page.evaluate("played")
    np.testing.assert_array_equal(np.concatenate([part["pcm"] for part in played]), received)
    lead_ends = [part["when"] + len(part["pcm"]) / part["rate"] for part in played]
    gaps = [later["when"] - end for later, end in zip(played[1:], lead_ends, strict=False)]
    assert min(gaps) > -1e-6, "nothing overlaps"
    assert sum(gap > 1e-6 for gap in gaps) <= figure(page, "gaps"), "where there was a gap, it is said"
    said = page.inner_text("[data-made]:visible summary")
    assert said == "AI 生成 · 已标识"
    (done,) = [json.loads(frame) for frame in listening.said if isinstance(frame, str) and "audio.done" in frame]
    assert len(received) / 24000 == pytest.approx(done["label"]["end_s"], abs=1e-3)
    assert page.inner_text("[data-captions]") == TEXT
    spans = page.eval_on_selector_all("[data-captions] [data-heard]", "all => all.map((e) => [e.textContent, e.dataset.heard])")
    assert "2024" in dict(spans), "a number is one stretch, whose time is that of its words"
    assert {heard for _, heard in spans} == {"yes"}
    assert 0 < figure(page, "after") <= figure(page, "first")


def test_barging_in_stops_at_once_and_a_new_text_begins(listening):
    page = listening.page
    stream(page, LONG_TEXT, per_s=40)
    page.wait_for_selector(f"{STREAM} [data-status][data-state=speaking]")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{STREAM} [data-status][data-state=stopped]")
    listening.until("/^\\d/.test(document.querySelector('[data-figure=confirmed]').textContent)")
    assert figure(page, "silent") < 1000
    assert figure(page, "confirmed") < 5000
    assert [message["type"] for message in listening.sent].count("input.cancel") == 1
    assert sum(len(message.get("text", "")) for message in listening.sent) < len(LONG_TEXT), "the rest was not sent"
    assert page.inner_text("[data-made]:visible summary") == "AI 生成 · 没有说完"
    page.evaluate("played.length = 0")
    stream(page, "你好，新的话。")
    page.wait_for_selector(f"{STREAM} [data-status][data-state=done]")
    assert page.inner_text("[data-captions]") == "你好，新的话。"
    speech = whole(listening, "你好，新的话。")
    played = np.concatenate([part["pcm"] for part in page.evaluate("played")])
    np.testing.assert_array_equal(played[: len(speech)], speech)


def test_what_is_typed_leaves_at_once(listening):
    page = listening.page
    page.get_by_role("radio", name="我来打字").check()
    page.focus("#stream-text")
    page.keyboard.insert_text("今天")
    page.keyboard.insert_text("天气真好。")
    page.keyboard.press("Backspace")  # what has left cannot be taken back
    assert page.input_value("#stream-text") == "今天天气真好。"
    page.click("#stream-go")
    assert page.input_value("#stream-text") == ""
    page.keyboard.press("Escape")
    page.keyboard.insert_text("好")
    page.keyboard.press("Enter")
    listening.until("document.querySelector('[data-captions]').textContent.trim() === '好'")
    listening.until("document.querySelector('[data-view=stream] [data-status]').dataset.state === 'speaking'")
    texts = [message.get("text", message["type"]) for message in listening.sent if message["type"].startswith("input")]
    expected = ["今天", "天气真好。", "input.done", "好", "\n", "input.done"]
    assert [text for text in texts if text != "input.cancel"] == expected  # which is sent when the first was not all made yet


def test_the_settings_of_the_first_page_hold_and_a_refusal_is_said(listening):
    page = listening.page
    go(page, "say")
    page.get_by_label("开心", exact=True).check()
    go(page, "stream")
    assert "开心" in page.inner_text("[data-manner]")
    stream(page, "……")
    page.wait_for_selector(f"{STREAM} [data-trouble]:visible")
    assert page.inner_text(f"{STREAM} [data-trouble]").startswith("文字里没有能读的内容")
    assert listening.sent[0]["emotion"] == "happy"
    stream(page, "你好。")
    page.wait_for_selector(f"{STREAM} [data-status][data-state=speaking]")
    assert page.is_hidden(f"{STREAM} [data-trouble]")


def test_the_voices_tell_what_they_are_and_speak(visit):
    page = visit.page
    go(page, "voices")
    card = page.locator(".voice[data-name=default]")
    (voice,) = [v for v in page.request.get(f"{visit.url}/api/voices").json()["voices"] if v["name"] == "default"]
    for told in (voice["version"], voice["licence"], "默认", "可以说话", "普通话", "24 kHz"):
        expect(card).to_contain_text(told)
    speakers = card.locator("[data-speaker]")
    expect(speakers).to_have_count(len(voice["speakers"]))
    page.fill("#trial-text", "你好，新朋友。")
    speakers.last.click()
    expect(speakers.last).to_have_attribute("aria-label", "停止试听")
    speakers.last.click()
    expect(speakers.last).to_have_attribute("aria-label", re.compile("用 .+ 试听"))
    speakers.last.click()
    page.wait_for_selector(f"{VOICES} [data-status][data-state=speaking]")
    expect(page.locator(f"{VOICES} [data-made] summary")).to_have_text("AI 生成 · 已标识")
    body = visit.asked("/api/tts/stream")[-1]
    assert (body["text"], body["speaker"]) == ("你好，新朋友。", voice["speakers"][-1]["name"])


def test_a_voice_that_may_not_speak_says_why(visit):
    page = visit.page
    reason = "the consent for the speaker tan ended on 2026-01-01"

    def answer(route) -> None:
        offer = route.fetch().json()
        route.fulfill(json=offer | {"voices": [*offer["voices"], offer["voices"][0] | {"name": "gone", "unavailable": reason}]})

    page.route("**/api/voices", answer)
    go(page, "voices")
    card = page.locator(".voice[data-name=gone]")
    expect(card).to_contain_text(reason)
    expect(card).to_contain_text("不能说话")
    for button in card.locator("[data-speaker]").all():
        expect(button).to_be_disabled()


def test_the_monitor_follows_what_happens(visit):
    page = visit.page
    page.clock.install()
    page.reload()
    visit.wait("ready")
    go(page, "monitor")
    page.get_by_role("radio", name="启动以来").check()
    page.wait_for_selector("[data-figure=spoken]:text-matches('^\\\\d+$')")
    before = figure(page, "spoken")
    for _ in range(2):
        assert page.request.post(f"{visit.url}/api/tts", data={"text": "监控看得到我。", "seed": 7}).ok
    visit.until(f"Number(document.querySelector('[data-figure=spoken]').textContent) > {before}")
    told = page.request.get(f"{visit.url}/api/status").json()
    assert figure(page, "median") > 0
    assert figure(page, "tail") >= figure(page, "median")
    assert figure(page, "hits") == told["since_start"]["cache"]["hits"] > 0
    assert figure(page, "memoryVoices") == pytest.approx(told["now"]["voice_bytes"] / 1e6, abs=1)
    assert figure(page, "stage.acoustic") > 0
    expect(page.locator("[data-tile=tileMemory] svg path.line-1")).to_have_attribute("d", re.compile("L"))
    page.click("[data-pause]")
    expect(page.locator("[data-updated]")).to_have_text("更新已暂停")
    asked = [r for r in visit.requests if r.url.endswith("/api/status")]
    page.clock.fast_forward(60_000)
    assert [r for r in visit.requests if r.url.endswith("/api/status")] == asked


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_the_views_fit_a_phone_and_every_control_has_a_name(open_page, language):
    size = {"width": 360, "height": 740}
    visit = open_page(viewport=size, device_scale_factor=2, is_mobile=True, has_touch=True, locale=language)
    page = visit.page
    for name, there in (("stream", "#stream-go:enabled"), ("voices", "[data-speaker]"), ("monitor", "[data-figure]:visible")):
        page.tap(f"[data-tab={name}]")
        page.wait_for_selector(f"main[data-view={name}]:visible {there}")
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert page.evaluate(NAMELESS) == []


NAMELESS = """() => [...document.querySelectorAll("main:not([hidden]) :is(button, input, textarea, summary, [role])")]
      .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !["status", "alert"].includes(e.getAttribute("role")))
      .filter((e) => !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.labels?.[0]?.textContent.trim()
        || e.textContent.trim()))
      .map((e) => e.outerHTML)"""
"""Controls, and what has a role, that a screen reader has no words for."""


def test_every_text_is_in_both_languages_and_a_wav_is_read_whatever_is_cut_where(visit):
    page = visit.page
    for name in ("stream", "voices", "monitor"):
        go(page, name)
    texts = page.evaluate("""async () => ({ ...(await import('./js/texts.js')).TEXTS,
      ...(await import('./js/texts-views.js')).VIEW_TEXTS })""")
    used = set(
        page.evaluate("""() => {
      const trees = [document, ...[...document.querySelectorAll("template")].map((template) => template.content)];
      return trees.flatMap((tree) => [...tree.querySelectorAll("[data-i18n]")].map((e) => e.dataset.i18n));
    }""")
    )
    assert used <= texts.keys()
    for key, pair in texts.items():
        assert len(pair) == 2, key
        assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in pair}) == 1, key
    found = visit.page.evaluate("""async () => {
      const { WavStream } = await import("./js/stream/wav-stream.js");
      const text = (word) => [...word].map((letter) => letter.charCodeAt(0));
      const bytes = [...text("RIFF"), 255, 255, 255, 255, ...text("WAVE"), ...text("odd "), 3, 0, 0, 0, 1, 2, 3, 0,
        ...text("data"), 255, 255, 255, 255, 1, 0, 2, 0, 255, 255];
      return [1, 2, 3, 7, 11, 100].map((size) => {
        const wav = new WavStream();
        const samples = [];
        for (let at = 0; at < bytes.length; at += size) {
          samples.push(...wav.push(Uint8Array.from(bytes.slice(at, at + size)).buffer));
        }
        return samples;
      });
    }""")
    assert found == [[1, 2, -1]] * 6


@pytest.fixture
def guarded(tmp_path, monkeypatch):
    """Return the address of a server that asks for keys, a key of a user, and two of administrators."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    path = tmp_path / "server.json"
    user, boss, second = (add_key(path, name, verbs=verbs)[1] for name, verbs in ROLES)
    service = open_service(threads=1)
    service.voices = ScopedVoices(service.voices._load, service.voices.catalogue)
    with serving_guarded(service, Gate(KeyRing(path))) as client:
        yield str(client.base_url).rstrip("/"), user, boss, second


ROLES = (("user", ("*",)), ("boss", ("*", "admin")), ("second", ("admin",)))


def test_keys_open_the_views_and_administration_asks_for_more(browser, guarded):
    url, user, boss, second = guarded
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(20000)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    page.fill("#key", user)
    page.click("button")
    page.wait_for_selector("#status[data-state=ready]")
    go(page, "monitor")
    page.wait_for_selector("[data-figure=workers]:text('1 / 1')")
    go(page, "stream")
    stream(page, "你好。")
    page.wait_for_selector(f"{STREAM} [data-status][data-state=speaking]")
    go(page, "voices")
    page.wait_for_selector("[data-speaker]")
    assert complaints == []
    page.click("[data-admin] > summary")
    assert page.locator("[data-reload]").count() == 0
    enter(page, user, second)
    expect(page.locator("[data-admin-trouble]")).to_contain_text("is not for the verb admin")
    assert page.locator("[data-reload]").count() == 0
    complaints.clear()  # the browser itself remarks that the reply was a 403
    enter(page, boss, second)
    page.wait_for_selector("[data-processes] td")
    expect(page.locator(".voice[data-name=default]")).to_contain_text("打开时的内存")
    page.click("[data-reload]")
    expect(page.locator("[data-reloaded]")).to_have_text("读过了，没有变化。")
    page.click("[data-leave]")
    assert page.locator("[data-reload]").count() == 0
    assert second not in page.evaluate("JSON.stringify({ ...localStorage }) + document.documentElement.outerHTML")
    assert complaints == []
    context.close()


def enter(page, key: str, second: str) -> None:
    page.fill("#admin-key", key)
    page.fill("#admin-second", second)
    page.click("[data-admin-form] button")
