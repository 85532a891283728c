/** The voices: what each is, whether it may speak, and how it sounds; for administrators also reading them again. */

import { fetchStatus, fetchVoices } from "../api.js";
import { megabytes, milliseconds } from "../format.js";
import { tellLabel } from "../made-by-ai.js";
import { Player } from "../player.js";
import { sentenceOf } from "../sentences.js";
import { Admin } from "./admin.js";
import { Trial } from "./trial.js";

const DEFAULT = "default";
const SENTENCES = {
  idle: "stateReady", asked: "trialAsked", speaking: "trialSpeaking", done: "trialDone", error: "stateError",
};
const STATES = { idle: "ready", asked: "requesting", speaking: "speaking", done: "done", error: "error" };

export class View {
  /**
   * @param {HTMLElement} root filled with `views/voices.html`
   * @param {object} app see `Views`
   */
  constructor(root, app) {
    Object.assign(this, { root, ...app });
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.text = root.querySelector("#trial-text");
    this.text.value = this.translator.t("trialDefault");
    this.trial = new Trial(new Player(new Audio()));
    this.admin = new Admin(this.find("admin"), this.translator);
    /** @type {object[]} as `GET /api/voices` tells of them */
    this.voices = [];
    this.openBytes = null;
    this.trouble = null;
    this.trial.addEventListener("change", () => this.#drawTrial());
    this.admin.addEventListener("change", () => this.#draw());
    this.admin.addEventListener("reloaded", () => this.#look());
    this.translator.addEventListener("change", () => this.#draw());
  }

  show() {
    this.#look();
  }

  hide() {
    this.trial.stop();
  }

  /** Ask the server, and let the first page know too when something is new. */
  async #look() {
    this.trouble = null;
    try {
      const offer = await fetchVoices();
      this.voices = offer.voices;
      if (JSON.stringify(offer) !== JSON.stringify(this.controls.offer)) this.controls.setOffer(offer);
      this.openBytes = (await fetchStatus()).now.voice_bytes;
    } catch (error) {
      this.trouble = error;
    }
    this.#draw();
  }

  #draw() {
    this.find("list").replaceChildren(...this.voices.map((voice) => this.#card(voice)));
    const size = this.openBytes === null ? "" : this.translator.t("openMemory", { size: megabytes(this.openBytes) });
    this.find("open-memory").textContent = size;
    this.#drawTrial();
  }

  #card(voice) {
    const { translator } = this;
    const card = this.root.querySelector("template[data-voice]").content.firstElementChild.cloneNode(true);
    const put = (name) => card.querySelector(`[data-${name}]`);
    card.dataset.name = voice.name;
    put("name").textContent = translator.name("voice", voice.name, "");
    if (voice.name === DEFAULT) put("badges").append(badge(translator.t("isDefault"), "tone"));
    const [key, kind] = voice.unavailable ? ["mayNotSpeak", "bad"] : ["maySpeak", ""];
    put("badges").append(badge(translator.t(key), kind));
    put("unavailable").hidden = !voice.unavailable;
    put("unavailable").textContent = voice.unavailable ?? "";
    put("facts").append(...this.#facts(voice).map(([key, value]) => fact(translator.t(key), value)));
    put("speakers").setAttribute("aria-label", translator.t("speakers"));
    put("speakers").append(...this.#speakers(voice).map((speaker) => this.#button(voice, speaker)));
    return card;
  }

  #facts(voice) {
    const { translator } = this;
    const named = (name) => (translator.has(`language.${name}`) ? translator.t(`language.${name}`) : name);
    const facts = [
      ["version", voice.version],
      ["languages", voice.languages.map(named).join("、")],
      ["licence", voice.licence],
      ["sampleRate", `${voice.sample_rate / 1000} kHz`],
      ["styles", voice.styles.length ? String(voice.styles.length) : translator.t("none")],
      ["emotions", voice.emotions.length ? String(voice.emotions.length) : translator.t("none")],
    ];
    const memory = this.#memory(voice.name);
    return memory === null ? facts : [...facts, ["memoryOpen", memory]];
  }

  /** Told to administrators alone. */
  #memory(name) {
    if (!this.admin.status) return null;
    const bytes = this.admin.status.processes.map(({ open_voices: open }) => open[name] ?? 0);
    const sum = bytes.reduce((total, one) => total + one, 0);
    return sum ? megabytes(sum) : this.translator.t("notOpen");
  }

  /** A voice that names no speakers has one all the same. */
  #speakers(voice) {
    return voice.speakers.length ? voice.speakers : [{ name: "", gender: "" }];
  }

  #button(voice, { name, gender }) {
    const { translator } = this;
    const heard = translator.has(gender) ? translator.t(gender) : "";
    const label = [heard, name].filter(Boolean).join(" · ") || voice.name;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "secondary", disabled: Boolean(voice.unavailable) });
    button.innerHTML = '<svg aria-hidden="true"><use href="#i-play"/></svg><span></span>';
    button.querySelector("span").textContent = label;
    Object.assign(button.dataset, { voice: voice.name, speaker: name, label });
    button.addEventListener("click", () => this.#try(voice, name));
    return button;
  }

  #try(voice, speaker) {
    const { who, busy } = this.trial;
    const isOn = busy && who.voice === voice.name && who.speaker === speaker;
    const text = this.text.value.trim() || this.translator.t("trialDefault");
    if (isOn) {
      this.trial.stop();
      return;
    }
    this.session.player.pause(); // what was spoken on the first page
    this.trial.speak(text, { voice: voice.name, speaker, sampleRate: voice.sample_rate });
  }

  #drawTrial() {
    const { trial, translator } = this;
    const { phase, who } = trial;
    for (const button of this.root.querySelectorAll("[data-speaker]")) {
      const isOn = trial.busy && who.voice === button.dataset.voice && who.speaker === button.dataset.speaker;
      button.querySelector("use").setAttribute("href", isOn ? "#i-stop" : "#i-play");
      const does = isOn ? translator.t("stopTrial") : translator.t("tryWith", { name: button.dataset.label });
      button.setAttribute("aria-label", does);
    }
    const line = this.find("status");
    line.dataset.state = STATES[phase];
    const name = who ? who.speaker || who.voice : "";
    const text = translator.t(SENTENCES[phase], { name, first: milliseconds(trial.firstAudioMs) });
    if (line.querySelector("[data-text]").textContent !== text) line.querySelector("[data-text]").textContent = text;
    const error = this.trouble ?? trial.error;
    this.find("trouble").hidden = !error;
    if (error) this.find("trouble").textContent = sentenceOf(error, translator);
    tellLabel(this.find("made"), trial.label, translator);
  }
}

function badge(text, kind) {
  return Object.assign(document.createElement("span"), { textContent: text, className: `badge ${kind}` });
}

function fact(name, value) {
  const box = document.createElement("div");
  const [dt, dd] = ["dt", "dd"].map((tag) => document.createElement(tag));
  dt.textContent = name;
  dd.textContent = value;
  box.append(dt, dd);
  return box;
}
