"""The web page around the speaking: settings, history, languages, phones, contrast, names, and the modules that compute."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TEXT = "今天天气真好，我们去公园吧！小猫也想去。"


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
    visit.until("localStorage.getItem('tingshuo.draft')?.includes('公园')")
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


def test_any_speaker_of_the_voice_can_be_chosen(start_server, two_speakers, open_page):
    visit = open_page(start_server(voice=str(two_speakers)).url)
    page = visit.page
    chips = page.locator("[data-speakers] .chip")
    expect(chips).to_have_count(2)
    assert page.is_checked("[data-speakers] input >> nth=0")
    page.get_by_role("radio", name="男声 · deep").check()
    page.reload()
    visit.wait("ready")
    page.get_by_label("开心", exact=True).check()
    page.click("[data-reset]")  # who speaks is no setting of how
    assert page.get_by_role("radio", name="男声 · deep").is_checked()
    visit.spoken()
    (body,) = visit.asked("/api/tts/stream")
    assert body["speaker"] == "deep"
    page.click("#language")
    assert page.get_by_role("radio", name="Male · deep").is_checked()


def test_history_speaks_again_edits_and_forgets(visit):
    page = visit.page
    page.get_by_label("悲伤", exact=True).check()
    visit.spoken()
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
    expect(page.locator("#history .entry")).to_have_count(0)
    expect(page.locator("[data-history-empty]")).to_be_visible()
    visit.wait("done")
    expect(page.locator("#history .entry")).to_have_count(0)  # removed while it was spoken, it stays so


def test_damaged_storage_does_no_harm(visit):
    page = visit.page
    page.evaluate("""() => {
      localStorage.setItem("tingshuo.settings", '{"speed": "fast", "emotion": "bored", "voice": 7, "seed": -1, "pitch": null}');
      localStorage.setItem("tingshuo.history", '[{"text": 1}, null]');
      localStorage.setItem("tingshuo.draft", "[1]");
    }""")
    page.reload()
    visit.wait("ready")
    visit.spoken()
    assert visit.asked("/api/tts/stream")[0]["speed"] == 1


def test_language_follows_the_browser_then_the_user(open_page):
    visit = open_page(locale="en-GB")
    page = visit.page
    assert page.inner_text("#speak span") == "Speak"
    assert page.get_attribute("html", "lang") == "en"
    page.click("#language")
    assert page.inner_text("#speak span") == "朗读"
    page.reload()
    visit.wait("ready")
    assert page.inner_text("#status") == "就绪"
    assert page.inner_text(".chips") == "\n".join(["中性", "开心", "悲伤", "生气", "惊讶", "害怕", "温柔", "严肃"])


def test_every_text_is_in_both_languages(visit):
    texts = visit.page.evaluate("import('./js/texts.js').then((module) => module.TEXTS)")
    used = set(visit.page.evaluate("[...document.querySelectorAll('[data-i18n]')].map((e) => e.dataset.i18n)"))
    assert used <= texts.keys()
    for key, pair in texts.items():
        assert len(pair) == 2, key
        placeholders = [sorted(re.findall(r"\{\w+\}", text)) for text in pair]
        assert placeholders[0] == placeholders[1], key


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_usable_on_a_phone(open_page, language):
    size = {"width": 360, "height": 740}
    visit = open_page(viewport=size, device_scale_factor=2, is_mobile=True, has_touch=True, locale=language)
    page = visit.page
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_in_every_emotion(open_page, scheme):
    visit = open_page(color_scheme=scheme)
    page = visit.page
    page.fill("#text", TEXT)
    for emotion in page.eval_on_selector_all(".chips input", "all => all.map((input) => input.value)"):
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


def test_what_is_switched_off_can_still_be_read(visit):
    """The strength of no emotion: its slider fades, its words do not."""
    faded = visit.page.eval_on_selector_all(
        ".slider:has(:disabled) :is(label, output), .slider:has(:disabled)", "all => all.map((e) => getComputedStyle(e).opacity)"
    )
    assert faded == ["1", "1", "1"]


@pytest.mark.parametrize("width", [561, 901, 1181, 1280])
def test_words_have_room_in_their_chips(open_page, width):
    page = open_page(viewport={"width": width, "height": 900}, locale="en-US").page
    page.click(".chip:nth-of-type(5)")
    tight = page.eval_on_selector_all(
        ".chip",
        """all => all.filter((chip) => {
      const [box, word] = [chip, chip.querySelector("[data-label]")].map((e) => e.getBoundingClientRect());
      return word.right > box.right - 6 || word.left < box.left + 6;
    }).map((chip) => chip.textContent)""",
    )
    assert tight == []


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
    visit.speak("……")
    visit.wait("error")
    visit.complaints.clear()
    visit.spoken()
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
