"""Speaking on the web page: type, choose, hear, see, go to a place, download, stop, and be told why not."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

pytestmark = pytest.mark.browser

TEXT = "今天天气真好，我们去公园吧！小猫也想去。"
HANZI = "".join(re.findall(r"[一-鿿]", TEXT))
LONG_TEXT = "这是一段很长的文字，用来检查停止按钮。" * 1500
CURRENT = "Number(document.querySelector('#timeline [aria-current]')?.dataset.index ?? -1)"
DECODE = """async (url) => {
  const context = new AudioContext();
  const audio = await context.decodeAudioData(await (await fetch(url)).arrayBuffer());
  const wav = audio.getChannelData(0);
  return { duration: audio.duration, rms: Math.sqrt(wav.reduce((sum, x) => sum + x * x, 0) / wav.length) };
}"""


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
    visit.speak(LONG_TEXT)
    visit.wait("speaking")
    visit.until("Number(document.querySelector('#seek').max) > 5")
    page.click("#play")
    page.wait_for_selector("#play[data-playing=false]")
    page.focus("#seek")
    page.keyboard.press("Home")
    page.wait_for_selector("[data-clock]:text('0:00.0 /')")
    page.click("#play")
    visit.until(f"{CURRENT} > 2")
    assert page.get_attribute("#audio", "src") is None, "there is no file yet"
    page.click("#stop")
    visit.wait("stopped")


def test_the_finished_file_plays_and_seeks_in_the_audio_element(visit):
    page = visit.page
    visit.spoken()
    assert page.evaluate("document.querySelector('#audio').paused")
    page.click("#play")
    visit.until("document.querySelector('#audio').currentTime > 0.3")
    page.focus("#seek")
    page.keyboard.press("End")
    visit.wait("done")
    page.keyboard.press("Home")
    visit.until("document.querySelector('#audio').currentTime === 0")
    page.wait_for_selector("[data-clock]:text('0:00.0 /')")


def test_timeline_has_every_character_and_follows_playback(visit):
    page = visit.page
    visit.speak()
    visit.wait("speaking")
    for index in (1, 4, 8):
        visit.until(f"{CURRENT} >= {index}")
    at = page.evaluate(f"[{CURRENT}, document.querySelector('[data-clock]').textContent]")
    visit.wait("done")
    hanzi = page.eval_on_selector_all("#timeline .cell:not(.pause) .hanzi", "all => all.map(e => e.textContent).join('')")
    assert hanzi == HANZI
    readings = page.eval_on_selector_all("#timeline .cell:not(.pause) .reading", "all => all.map(e => e.textContent)")
    assert readings[:4] == ["jīn", "tiān", "tiān", "qì"]
    assert at[0] < len(HANZI) - 1, "playback was over before it was followed"


def test_a_click_on_a_character_goes_there(visit):
    page = visit.page
    visit.spoken()
    page.locator("#timeline .cell").nth(3).click()
    page.wait_for_selector("#timeline .cell[data-index='3'][aria-current]")
    there = visit.position_s()
    page.focus("#timeline")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#timeline .cell[data-index='2'][aria-current]")
    assert 0 < visit.position_s() < there


def test_the_picture_shows_what_is_heard(visit):
    visit.spoken()
    inked = """() => {
      const canvas = document.querySelector('#picture');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    }"""
    visit.until(f"({inked})() > 100")


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
    visit.spoken()
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
    visit.spoken()
    with visit.page.expect_download() as download:
        visit.page.click("#subtitles")
    download.value.save_as(tmp_path / "srt")
    blocks = (tmp_path / "srt").read_text("utf-8").strip().split("\n\n")
    times = [re.fullmatch(r"(\d\d:\d\d:\d\d,\d{3}) --> (\d\d:\d\d:\d\d,\d{3})", b.split("\n")[1]).groups() for b in blocks]
    assert "".join(b.split("\n")[2] for b in blocks) == TEXT
    assert all(start < end for start, end in times)
    assert times == sorted(times)


def test_a_refusal_shows_the_servers_sentence(visit):
    visit.speak("……")
    visit.wait("error")
    shown = visit.page.inner_text("#alert [data-text]")
    reply = visit.page.request.post(f"{visit.url}/api/tts", data={"text": "……"})
    assert shown == f"文字里没有能读的内容，或有损坏的字符。服务器的说明：{reply.json()['error']['message']}"
    visit.speak("<speak>你好")
    visit.wait("error")
    visit.page.wait_for_selector("#alert [data-text]:text-matches('^SSML 标记有误')")
    visit.complaints.clear()  # Chromium itself logs a failed request
    visit.spoken()
    assert visit.page.is_hidden("#alert")


def test_a_busy_server_is_asked_again(visit):
    replies = iter([{"status": 503, "headers": {"retry-after": "1"}, "body": '{"error": {"message": "busy"}}'}])

    def answer(route) -> None:
        reply = next(replies, None)
        route.fulfill(**reply) if reply else route.continue_()

    visit.page.route("**/api/tts/stream", answer)
    visit.speak()
    visit.wait("requesting")
    visit.wait("done")
    assert len(visit.asked("/api/tts/stream")) == 2
    visit.complaints.clear()


def test_a_stopped_server_is_said_and_a_new_one_is_used(open_page, start_server):
    running = start_server()
    visit = open_page(running.url)
    page = visit.page
    running.stop()
    visit.speak()
    visit.wait("error")
    assert page.inner_text("#alert [data-text]").startswith("连不上服务器")
    page.click("#language")
    assert page.inner_text("#alert [data-text]").startswith("The server cannot be reached")
    visit.complaints.clear()
    start_server(int(running.url.rpartition(":")[2]))
    page.click("#alert [data-retry]")
    visit.wait("speaking")
    assert page.is_hidden("#alert")


def test_a_reply_that_breaks_off_is_said_and_what_came_can_be_heard(visit):
    page = visit.page
    reply = page.request.post(f"{visit.url}/api/tts/stream", data={"text": TEXT}).text()
    cut = "\n".join(reply.split("\n")[:4]) + "\n"
    page.route("**/api/tts/stream", lambda route: route.fulfill(body=cut, content_type="application/x-ndjson"))
    visit.speak()
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
    visit.speak(LONG_TEXT)
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
