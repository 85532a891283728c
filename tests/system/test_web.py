"""The web page in headless Chromium against the real server: type, choose, speak, hear, see, download, and be told why not."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

pytestmark = pytest.mark.browser

TEXT = "今天天气真好，我们去公园吧！小猫也想去。"
HANZI = "".join(re.findall(r"[一-鿿]", TEXT))
LONG_TEXT = "这是一段很长的文字，用来检查停止按钮。" * 1500
CURRENT = "Number(document.querySelector('[aria-current]')?.dataset.index ?? -1)"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--mute-audio",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """
window.violations = []; window.shift = 0;
addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective + " " + event.blockedURI));
new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.shift += e.value; })
  .observe({ type: "layout-shift", buffered: true });
"""
DECODE = """async (url) => {
  const context = new AudioContext();
  const audio = await context.decodeAudioData(await (await fetch(url)).arrayBuffer());
  const wav = audio.getChannelData(0);
  return { duration: audio.duration, rms: Math.sqrt(wav.reduce((sum, x) => sum + x * x, 0) / wav.length) };
}"""


class Server:
    """``tingshuo serve`` in a process of its own, on a free port unless one is given."""

    def __init__(self, port: int = 0) -> None:
        command = [sys.executable, "-m", "tingshuo.app.cli.main", "serve", "--port", str(port), "--threads", "1"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.search(r"http://\S+", line)
        if match is None:
            self.process.communicate()
            pytest.fail(f"the server did not start: it said {line!r} and ended with {self.process.returncode}")
        self.url = match.group()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        while self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/readyz").close()
                return
            except urllib.error.HTTPError as error:  # 503 while the voice is being opened
                error.close()
                time.sleep(0.05)
        pytest.fail("the server ended before it was ready")

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = Server()
    yield running.url
    running.stop()


@pytest.fixture(scope="module")
def browser():
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if executable is None:
        reason = "Chromium is not installed: apt-get install chromium fonts-noto-cjk"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


def until(page, expression: str) -> None:
    """Wait until an expression is true; Playwright's own waiting would need ``unsafe-eval``."""
    for _ in range(400):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"still not so: {expression}")


class Visit:
    """A page, and everything about it that must not happen."""

    def __init__(self, browser, url: str, **options) -> None:
        settings = {"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN", "accept_downloads": True}
        self.context = browser.new_context(**settings | options)
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20000)
        self.url = url
        self.requests: list = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self):
        self.page.goto(self.url)
        self.wait("ready")
        return self.page

    def wait(self, *states: str) -> None:
        self.page.wait_for_selector(", ".join(f"#status[data-state={state}]" for state in states))

    def asked(self, path: str) -> list[dict]:
        return [json.loads(r.post_data or "null") for r in self.requests if r.url.endswith(path) and r.method == "POST"]

    def close(self) -> None:
        local = (self.url, "blob:", "data:")
        foreign = [r.url for r in self.requests if not r.url.startswith(local)]
        violations = self.page.evaluate("window.violations")
        self.context.close()
        assert foreign == [], "a request left the machine"
        assert violations == []
        assert self.complaints == []


@pytest.fixture
def visit(browser, server) -> Iterator[Visit]:
    made = Visit(browser, server)
    made.open()
    yield made
    made.close()


def speak(visit: Visit, text: str = TEXT) -> None:
    visit.page.fill("#text", text)
    visit.page.click("#speak")


def spoken(visit: Visit, text: str = TEXT) -> None:
    """Speak, and let the file take over from the live playback."""
    speak(visit, text)
    until(visit.page, "document.querySelector('#audio').readyState >= 1")
    visit.page.click("#stop")
    visit.wait("done")


def position(page) -> float:
    minutes, seconds = page.inner_text("[data-clock]").split(" / ")[0].split(":")
    return 60 * int(minutes) + float(seconds)


def test_type_choose_speak_hear(visit):
    page = visit.page
    page.fill("#text", TEXT)
    assert page.inner_text("[data-count]") == f"{len(TEXT)} / 100,000 字"
    page.get_by_label("开心", exact=True).check()
    page.click("#speak")
    visit.wait("speaking")
    assert re.search(r"首个声音 [\d.]+ m?s", page.inner_text("#status"))
    visit.wait("done")
    assert re.search(r"完成 · 首个声音 .+ · 实时率 [\d.]+$", page.inner_text("#status"))
    (body,) = visit.asked("/api/tts/stream")
    assert (body["text"], body["emotion"]) == (TEXT, "happy")
    audio = page.evaluate("(({ src, duration }) => ({ src, duration }))(document.querySelector('#audio'))")
    heard = page.evaluate(DECODE, audio["src"])
    assert audio["duration"] == pytest.approx(heard["duration"], abs=0.05)
    assert heard["duration"] > 2
    assert heard["rms"] > 0.01


def test_the_first_visit_speaks_with_one_click(visit):
    visit.page.click("#speak")
    visit.wait("speaking")
    assert visit.asked("/api/tts/stream")[0]["text"].startswith("你好")


def test_pause_and_seek_while_it_streams(visit):
    page = visit.page
    speak(visit, LONG_TEXT)
    visit.wait("speaking")
    until(page, "Number(document.querySelector('#seek').max) > 5")
    page.click("#play")
    page.wait_for_selector("#play[data-playing=false]")
    page.focus("#seek")
    page.keyboard.press("Home")
    page.wait_for_selector("[data-clock]:text('0:00.0 /')")
    page.click("#play")
    until(page, f"{CURRENT} > 2")
    assert page.get_attribute("#audio", "src") is None, "there is no file yet"
    page.click("#stop")
    visit.wait("stopped")


def test_the_finished_file_plays_and_seeks_in_the_audio_element(visit):
    page = visit.page
    spoken(visit)
    assert page.evaluate("document.querySelector('#audio').paused")
    page.click("#play")
    until(page, "document.querySelector('#audio').currentTime > 0.3")
    page.focus("#seek")
    page.keyboard.press("End")
    visit.wait("done")
    page.keyboard.press("Home")
    until(page, "document.querySelector('#audio').currentTime === 0")
    page.wait_for_selector("[data-clock]:text('0:00.0 /')")


def test_timeline_has_every_character_and_follows_playback(visit):
    page = visit.page
    speak(visit)
    visit.wait("speaking")
    for index in (1, 4, 8):
        until(page, f"{CURRENT} >= {index}")
    at = page.evaluate(f"[{CURRENT}, document.querySelector('[data-clock]').textContent]")
    visit.wait("done")
    hanzi = page.eval_on_selector_all("#timeline .cell:not(.pause) .hanzi", "all => all.map(e => e.textContent).join('')")
    assert hanzi == HANZI
    readings = page.eval_on_selector_all("#timeline .cell:not(.pause) .reading", "all => all.map(e => e.textContent)")
    assert readings[:4] == ["jīn", "tiān", "tiān", "qì"]
    assert at[0] < len(HANZI) - 1, "playback was over before it was followed"


def test_a_click_on_a_character_goes_there(visit):
    page = visit.page
    spoken(visit)
    page.locator("#timeline .cell").nth(3).click()
    page.wait_for_selector("#timeline .cell[data-index='3'][aria-current]")
    there = position(page)
    page.focus("#timeline")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#timeline .cell[data-index='2'][aria-current]")
    assert 0 < position(page) < there


def test_the_picture_shows_what_is_heard(visit):
    page = visit.page
    spoken(visit)
    inked = """() => {
      const canvas = document.querySelector('#picture');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    }"""
    until(page, f"({inked})() > 100")


def test_live_chunks_join_without_a_gap(visit):
    differences = visit.page.evaluate(
        """async (text) => {
          const { streamSpeech } = await import("./js/api.js");
          const { LiveVoice } = await import("./js/live.js");
          const chunks = [];
          let rate = 0;
          for await (const line of streamSpeech({ text }, new AbortController().signal)) {
            if (line.type === "start") rate = line.sample_rate;
            if (line.type === "audio") chunks.push(line);
          }
          const last = chunks.at(-1);
          const length = last.start_samples + last.pcm.length;
          const context = new OfflineAudioContext(1, length + rate, rate);
          const voice = new LiveVoice(context);
          for (const chunk of chunks) voice.push(chunk.start_samples, chunk.pcm);
          voice.play(0);
          const heard = (await context.startRendering()).getChannelData(0);
          const lead = Math.round(voice.originS * rate);
          voice.release();
          let largest = 0;
          for (const { start_samples, pcm } of chunks) {
            for (let i = 0; i < pcm.length; i += 1) {
              largest = Math.max(largest, Math.abs(heard[lead + start_samples + i] - pcm[i] / 32768));
            }
          }
          return { chunks: chunks.length, largest };
        }""",
        "今天天气真好，我们去公园。",
    )
    assert differences["chunks"] > 3
    assert differences["largest"] < 1e-6


def test_download_in_every_format(visit, tmp_path: Path):
    page = visit.page
    spoken(visit)
    duration_s = page.evaluate("document.querySelector('#audio').duration")
    for name, ending, format in (("wav", "wav", "WAV"), ("mp3", "mp3", "MP3"), ("flac", "flac", "FLAC"), ("opus", "ogg", "OGG")):
        page.select_option("#format", name)
        with page.expect_download() as download:
            page.click("#download")
        assert download.value.suggested_filename == f"tingshuo-今天天气真好我们去公园吧.{ending}"
        download.value.save_as(tmp_path / ending)
        wav, rate = sf.read(tmp_path / ending)
        assert sf.info(tmp_path / ending).format == format
        assert len(wav) / rate == pytest.approx(duration_s, abs=0.1)
        assert np.sqrt(np.mean(wav**2)) > 0.01


def test_download_of_subtitles(visit, tmp_path: Path):
    spoken(visit)
    with visit.page.expect_download() as download:
        visit.page.click("#subtitles")
    download.value.save_as(tmp_path / "srt")
    blocks = (tmp_path / "srt").read_text("utf-8").strip().split("\n\n")
    times = [re.fullmatch(r"(\d\d:\d\d:\d\d,\d{3}) --> (\d\d:\d\d:\d\d,\d{3})", b.split("\n")[1]).groups() for b in blocks]
    assert "".join(b.split("\n")[2] for b in blocks) == TEXT
    assert all(start < end for start, end in times)
    assert times == sorted(times)


def test_nothing_to_speak_cannot_be_asked_for(visit):
    page = visit.page
    for text in ("", "  \n"):
        page.fill("#text", text)
        assert page.is_disabled("#speak")
    page.fill("#text", "好" * 100_001)
    assert page.is_disabled("#speak")
    assert page.inner_text("[data-count]") == "超出 1 字，请删减"
    page.keyboard.press("Control+Enter")
    assert visit.asked("/api/tts/stream") == []


def test_a_refusal_shows_the_servers_sentence(visit):
    speak(visit, "……")
    visit.wait("error")
    shown = visit.page.inner_text("#alert [data-text]")
    reply = visit.page.request.post(f"{visit.url}/api/tts", data={"text": "……"})
    assert shown == f"服务器没有接受（422）：{reply.json()['error']['message']}"
    visit.complaints.clear()  # Chromium itself logs a failed request
    spoken(visit)
    assert visit.page.is_hidden("#alert")


def test_a_busy_server_is_asked_again(visit):
    replies = iter([{"status": 503, "headers": {"retry-after": "1"}, "body": '{"error": {"message": "busy"}}'}])

    def answer(route) -> None:
        reply = next(replies, None)
        route.fulfill(**reply) if reply else route.continue_()

    visit.page.route("**/api/tts/stream", answer)
    speak(visit)
    visit.wait("requesting")
    visit.wait("done")
    assert len(visit.asked("/api/tts/stream")) == 2
    visit.complaints.clear()


def test_a_stopped_server_is_said_and_a_new_one_is_used(browser):
    running = Server()
    visit = Visit(browser, running.url)
    page = visit.open()
    running.stop()
    speak(visit)
    visit.wait("error")
    assert page.inner_text("#alert [data-text]").startswith("连不上服务器")
    page.click("#language")
    assert page.inner_text("#alert [data-text]").startswith("The server cannot be reached")
    visit.complaints.clear()
    running = Server(int(running.url.rpartition(":")[2]))
    page.click("#alert [data-retry]")
    visit.wait("speaking")
    assert page.is_hidden("#alert")
    visit.close()
    running.stop()


def test_a_reply_that_breaks_off_is_said_and_what_came_can_be_heard(visit):
    page = visit.page
    reply = page.request.post(f"{visit.url}/api/tts/stream", data={"text": TEXT}).text()
    cut = "\n".join(reply.split("\n")[:4]) + "\n"
    page.route("**/api/tts/stream", lambda route: route.fulfill(body=cut, content_type="application/x-ndjson"))
    speak(visit)
    visit.wait("error")
    assert page.inner_text("#alert [data-text]").startswith("连接在朗读完成前断开了")
    assert page.is_disabled("#download")
    page.wait_for_selector("#play[data-playing=false]:enabled")
    page.click("#play")
    page.wait_for_selector("#play[data-playing=true]")


def test_stop_ends_the_request_and_the_sound(visit):
    page = visit.page
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    speak(visit, LONG_TEXT)
    visit.wait("speaking")
    page.keyboard.press("Escape")
    visit.wait("stopped")
    assert page.get_attribute("#play", "data-playing") == "false"
    assert page.is_disabled("#stop")
    assert page.is_enabled("#speak")
    assert failed == [f"{visit.url}/api/tts/stream"]


def test_one_request_however_often_it_is_clicked(visit):
    page = visit.page
    page.fill("#text", TEXT)
    page.dblclick("#speak")
    page.keyboard.press("Control+Enter")
    visit.wait("done")
    assert len(visit.asked("/api/tts/stream")) <= 2, "the key may follow a finished request, the double click may not add one"
    page.keyboard.press("Control+Enter")
    visit.wait("speaking")


def test_settings_travel_with_the_request_and_stay(visit):
    page = visit.page
    for name, key, value in (("speed", "End", 2), ("pitch", "Home", -12), ("volume", "ArrowRight", 1)):
        page.focus(f"#{name}")
        page.keyboard.press(key)
        assert float(page.input_value(f"#{name}")) == value
    page.get_by_label("温柔", exact=True).check()
    page.fill("#seed", "7")
    page.select_option("#style", index=1)
    page.fill("#text", TEXT)
    until(page, "localStorage.getItem('tingshuo.draft')?.includes('公园')")
    page.reload()
    visit.wait("ready")
    page.click("#speak")
    visit.wait("speaking")
    (body,) = visit.asked("/api/tts/stream")
    expected = {"text": TEXT, "speed": 2, "pitch": -12, "volume": 1, "emotion": "gentle", "seed": 7, "strength": 1}
    assert expected.items() <= body.items()
    assert body["style"] == page.input_value("#style")
    page.click("[data-reset]")
    assert page.input_value("#speed") == "1"


def test_history_speaks_again_edits_and_forgets(visit):
    page = visit.page
    page.get_by_label("悲伤", exact=True).check()
    spoken(visit)
    page.get_by_label("中性", exact=True).check()
    page.fill("#text", "")
    page.reload()
    visit.wait("ready")
    page.click("#history [data-reuse]")
    assert page.input_value("#text") == TEXT
    assert page.is_checked(".chip[data-emotion=sad] input")
    page.click("#history [data-replay]")
    visit.wait("speaking")
    assert page.locator("#history .entry").count() == 1
    page.click("#history [data-remove]")
    assert page.locator("#history .entry").count() == 0
    assert page.is_visible("[data-history-empty]")


def test_damaged_storage_does_no_harm(visit):
    page = visit.page
    page.evaluate("""() => {
      localStorage.setItem("tingshuo.settings", '{"speed": "fast", "emotion": "bored", "voice": 7, "seed": -1, "pitch": null}');
      localStorage.setItem("tingshuo.history", '[{"text": 1}, null]');
      localStorage.setItem("tingshuo.draft", "[1]");
    }""")
    page.reload()
    visit.wait("ready")
    spoken(visit)
    assert visit.asked("/api/tts/stream")[0]["speed"] == 1


def test_language_follows_the_browser_then_the_user(browser, server):
    visit = Visit(browser, server, locale="en-GB")
    page = visit.open()
    assert page.inner_text("#speak span") == "Speak"
    assert page.get_attribute("html", "lang") == "en"
    page.click("#language")
    assert page.inner_text("#speak span") == "朗读"
    page.reload()
    visit.wait("ready")
    assert page.inner_text("#status") == "就绪"
    assert page.inner_text(".chips") == "\n".join(["中性", "开心", "悲伤", "生气", "惊讶", "害怕", "温柔", "严肃"])
    visit.close()


def test_every_text_is_in_both_languages(visit):
    texts = visit.page.evaluate("import('./js/texts.js').then((module) => module.TEXTS)")
    used = set(visit.page.evaluate("[...document.querySelectorAll('[data-i18n]')].map((e) => e.dataset.i18n)"))
    assert used <= texts.keys()
    for key, pair in texts.items():
        assert len(pair) == 2, key
        placeholders = [sorted(re.findall(r"\{\w+\}", text)) for text in pair]
        assert placeholders[0] == placeholders[1], key


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_usable_on_a_phone(browser, server, language):
    size = {"width": 360, "height": 740}
    visit = Visit(browser, server, viewport=size, device_scale_factor=2, is_mobile=True, has_touch=True, locale=language)
    page = visit.open()
    page.fill("#text", TEXT)
    page.tap("#speak")
    visit.wait("speaking")
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    outside = page.evaluate("""() => [...document.querySelectorAll("main button, main input, main select, main textarea, nav *")]
      .filter((e) => !e.closest("[data-samples], #timeline, [hidden]"))
      .filter((e) => { const { left, right } = e.getBoundingClientRect(); return left < 0 || right > innerWidth; })
      .map((e) => e.outerHTML)""")
    assert outside == []
    bar = page.locator("#speak").bounding_box()
    assert bar["y"] + bar["height"] <= size["height"], "the speak button is always in reach"
    visit.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_in_every_emotion(browser, server, scheme):
    visit = Visit(browser, server, color_scheme=scheme)
    page = visit.open()
    page.fill("#text", TEXT)
    for emotion in page.eval_on_selector_all(".chip input", "all => all.map((input) => input.value)"):
        colours = page.evaluate(
            """(emotion) => {
          document.documentElement.dataset.emotion = emotion;
          const style = getComputedStyle(document.documentElement);
          const names = "paper surface sunken ink soft tone tone-soft on-tone bad bad-paper warn-paper".split(" ");
          return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
        }""",
            emotion,
        )
        pairs = "ink/paper ink/surface soft/paper soft/surface soft/sunken soft/tone-soft ink/tone-soft tone/tone-soft"
        for front, back in (pair.split("/") for pair in f"{pairs} on-tone/tone bad/bad-paper bad/paper ink/warn-paper".split()):
            assert contrast(colours[front], colours[back]) >= 4.5, (scheme, emotion, front, back)
    visit.close()


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colours in #rrggbb."""

    def luminance(colour: str) -> float:
        channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_every_control_has_a_name_and_nothing_jumps(visit):
    page = visit.page
    speak(visit, "……")
    visit.wait("error")
    visit.complaints.clear()
    spoken(visit)
    nameless = page.evaluate("""() => [...document.querySelectorAll("button, input, select, textarea, [role]")]
      .filter((e) => !["presentation", "status", "alert"].includes(e.getAttribute("role")))
      .filter((e) => !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.labels?.[0]?.textContent.trim()
        || e.textContent.trim()))
      .map((e) => e.outerHTML)""")
    assert nameless == []
    assert page.evaluate("window.shift") < 0.02


def test_modules_compute_what_they_promise(visit):
    found = visit.page.evaluate("""async () => {
      const { toneMarks } = await import("./js/pinyin.js");
      const { toSrt } = await import("./js/subtitles.js");
      const { Analyser } = await import("./js/spectrum.js");
      const { clock, countCharacters } = await import("./js/format.js");
      const analyser = new Analyser({ sampleRate: 24000 });
      const sine = Int16Array.from({ length: 12000 }, (_, i) => 16384 * Math.sin((2 * Math.PI * 1000 * i) / 24000));
      const parts = [analyser.push(sine.subarray(0, 5000)), analyser.push(sine.subarray(5000)), analyser.flush()];
      const { mel, peaks } = parts[1];
      const bands = [...mel.subarray(96 * 10, 96 * 11)];
      return {
        marks: ["zhuang4", "lv4", "dianr3", "gui1", "liu2", "xue2", "de5", "v"].map(toneMarks),
        columns: parts.reduce((sum, part) => sum + part.columns, 0),
        loudest: bands.indexOf(Math.max(...bands)),
        high: peaks[21],
        silent: bands[90],
        srt: toSrt([{ text: "你好。", start_s: 3599.9996, end_s: 3661.25, words: [] }]),
        clocks: [clock(0), clock(59.95), clock(3725)],
        count: countCharacters("𠮷a好"),
      };
    }""")
    assert found["marks"] == ["zhuàng", "lǜ", "diǎnr", "guī", "liú", "xué", "de", "v"]
    assert abs(found["columns"] - 12000 / 128) <= 1
    centre = 2595 * np.log10(1 + 1000 / 700) / (2595 * np.log10(1 + 12000 / 700)) * 97 - 1
    assert abs(found["loudest"] - centre) <= 1
    assert found["high"] == pytest.approx(64, abs=1)
    assert found["silent"] == 0
    assert found["srt"] == "1\n01:00:00,000 --> 01:01:01,250\n你好。\n"
    assert found["clocks"] == ["0:00.0", "0:59.9", "1:02:05"]
    assert found["count"] == 3
