/** Puts the page together: opens the voice, reads the controls, speaks, and shows what it took. */
(function (tingshuo) {
  "use strict";

  const EMOTIONS = {
    neutral: "中性",
    happy: "开心",
    sad: "悲伤",
    angry: "生气",
    surprised: "惊讶",
    fearful: "害怕",
    gentle: "温柔",
    serious: "严肃",
  };
  const STYLES = { natural: "自然", steady: "平稳", lively: "活泼", brisk: "明快", smooth: "柔和", clear: "清晰" };
  const GENDERS = { female: "女声", male: "男声" };
  const UNITS = {
    strength: (v) => v.toFixed(2),
    speed: (v) => `${v.toFixed(2)}×`,
    pitch: (v) => `${v > 0 ? "+" : ""}${v} 半音`,
    volume: (v) => `${v > 0 ? "+" : ""}${v} dB`,
  };
  const MIN_LEFT_S = 0.05;

  const find = (selector) => document.querySelector(selector);
  const player = new tingshuo.Player();
  let voice = null;
  let asked = 0;

  /**
   * What was spoken last: `wav`, `sampleRate`, `sentences` (source, words, phones, durations), `warnings`, `first_ms`, `rtf`.
   * @type {?object}
   */
  tingshuo.speech = null;

  function fill() {
    const { config, name, version, licence, attributions, emotions, runtime } = tingshuo.voice;
    for (const emotion of emotions) {
      const chip = find("#chip").content.cloneNode(true);
      chip.querySelector("input").value = emotion;
      chip.querySelector("input").checked = emotion === "neutral";
      chip.querySelector("span").textContent = EMOTIONS[emotion] ?? emotion;
      find("#emotions").append(chip);
    }
    const gender = ({ name, gender }) => (GENDERS[gender] ? `${GENDERS[gender]} · ${name}` : name);
    for (const one of config.speakers) find("#speaker").add(new Option(gender(one), one.name));
    for (const one of config.styles) find("#style").add(new Option(STYLES[one.name] ?? one.name, one.name));
    find("#voice-facts").textContent = `${name} ${version} · ${config.mel.sample_rate / 1000} kHz · ${licence}`;
    for (const { work, author, licence, url } of attributions) {
      const item = document.createElement("li");
      item.textContent = `${work} — ${author} (${licence}) ${url}`;
      find("#credits").append(item);
    }
    find("#runtime").textContent = `onnxruntime-web ${runtime} (MIT, Microsoft Corporation)`;
  }

  function listen() {
    for (const input of document.querySelectorAll("input[type=range]")) {
      const show = () => {
        find(`output[for=${input.id}]`).textContent = UNITS[input.id](Number(input.value));
        input.style.setProperty("--fill", `${(100 * (input.value - input.min)) / (input.max - input.min)}%`);
      };
      input.addEventListener("input", show);
      show();
    }
    find("#emotions").addEventListener("change", () => (document.documentElement.dataset.emotion = request().emotion));
    find("#speak").addEventListener("click", speak);
    find("#stop").addEventListener("click", stop);
    find("#play").addEventListener("click", replay);
    find("#download").addEventListener("click", download);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !find("#speak").disabled) speak();
      if (event.key === "Escape") stop();
    });
  }

  function request() {
    const number = (id) => Number(find(`#${id}`).value);
    return {
      text: find("#text").value,
      emotion: find("#emotions input:checked")?.value ?? "neutral",
      strength: number("strength"),
      speed: number("speed"),
      pitch: number("pitch"),
      volume: number("volume"),
      speaker: find("#speaker").value,
      style: find("#style").value,
      seed: 0,
    };
  }

  function show(state, text) {
    find("#status").dataset.state = state;
    find("#status [data-text]").textContent = text;
    const busy = state === "opening" || state === "speaking";
    find("#speak").disabled = busy || !voice;
    find("#play").disabled = find("#download").disabled = busy || !tingshuo.speech;
    showStop();
  }

  /** There is something to stop while speech is being made, and until what was made has been heard. */
  function showStop() {
    const left_s = player.left_s;
    find("#stop").disabled = find("#status").dataset.state !== "speaking" && left_s < MIN_LEFT_S;
    if (left_s >= MIN_LEFT_S) setTimeout(showStop, 1000 * left_s);
  }

  function warn(warnings) {
    find("#warnings").hidden = !warnings.length;
    find("#warnings ul").replaceChildren(
      ...warnings.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
    );
  }

  async function speak() {
    const mine = ++asked;
    player.begin();
    tingshuo.speech = null;
    warn([]);
    show("speaking", "正在念……");
    try {
      const speech = await make(request(), () => mine === asked);
      if (mine !== asked) return;
      tingshuo.speech = speech;
      report(speech);
      show("done", "念好了。这段声音由人工智能合成。");
    } catch (error) {
      if (mine !== asked) return;
      warn(voice.frontend.warnings);
      show("error", error.message);
    }
  }

  /** Speak a request and play it while it is being made, as long as it is wanted. */
  async function make(asked, wanted) {
    const begun_ms = performance.now();
    const [chunks, sentences] = [[], []];
    let first_ms = 0;
    for await (const { wav, sentence } of voice.speak(asked)) {
      if (!wanted()) return null;
      first_ms ||= performance.now() - begun_ms;
      player.add(wav, voice.sampleRate);
      chunks.push(wav);
      if (sentence) sentences.push(sentence);
    }
    const wav = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    chunks.reduce((at, chunk) => (wav.set(chunk, at), at + chunk.length), 0);
    const duration_s = wav.length / voice.sampleRate;
    const rtf = (performance.now() - begun_ms) / 1000 / duration_s;
    return { wav, sampleRate: voice.sampleRate, sentences, warnings: voice.frontend.warnings, first_ms, rtf, duration_s };
  }

  function report({ first_ms, rtf, duration_s, warnings }) {
    find("#first").textContent = `${Math.round(first_ms)} ms`;
    find("#rtf").textContent = rtf.toFixed(2);
    find("#duration").textContent = `${duration_s.toFixed(2)} s`;
    warn(warnings);
  }

  function stop() {
    player.stop();
    showStop();
    if (find("#status").dataset.state !== "speaking") return;
    asked++;
    show("ready", "停下了。");
  }

  function replay() {
    const playing = player.left_s > MIN_LEFT_S;
    player.stop();
    if (!playing) {
      player.begin();
      player.add(tingshuo.speech.wav, tingshuo.speech.sampleRate);
    }
    showStop();
  }

  function download() {
    const { wav, sampleRate } = tingshuo.speech;
    const { name, version, licence, label } = tingshuo.voice;
    const notes = { ICMT: label, ISFT: `Tingshuo, ${name} ${version}`, ICOP: licence };
    const file = new Blob([tingshuo.encodeWav(wav, sampleRate, notes)], { type: "audio/wav" });
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: "tingshuo-ai.wav" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href));
  }

  async function open() {
    const begun_ms = performance.now();
    fill();
    listen();
    show("opening", "正在打开声音……");
    try {
      voice = await tingshuo.Voice.open((share) => show("opening", `正在打开声音…… ${Math.round(100 * share)}%`));
      tingshuo.opened_ms = performance.now() - begun_ms;
      show("ready", `就绪（打开用了 ${(tingshuo.opened_ms / 1000).toFixed(1)} 秒）`);
    } catch (error) {
      show("error", `打不开：${error.message}`);
    }
  }

  open();
})((globalThis.tingshuo ??= {}));
