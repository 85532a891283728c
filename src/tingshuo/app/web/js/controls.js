/** The controls of how to speak: emotion chips, who speaks, sliders, voice, style, seed. */

import { EMOTIONS, face } from "./faces.js";
import { DEFAULTS, LARGEST_SEED, admissible } from "./settings.js";

const STEPS = { strength: 0.05, speed: 0.05, pitch: 0.5, volume: 1 };

/** Event: `change`. */
export class Controls extends EventTarget {
  /**
   * @param {HTMLElement} root
   * @param {import("./i18n.js").Translator} translator
   * @param {import("./settings.js").Settings} settings
   */
  constructor(root, translator, settings) {
    super();
    Object.assign(this, { root, translator, settings, offer: null });
    this.chips = root.querySelector("[data-emotions]");
    this.sliders = [...root.querySelectorAll(".slider input")];
    this.voice = root.querySelector("#voice");
    this.style = root.querySelector("#style");
    this.speakers = root.querySelector("[data-speakers]");
    this.seed = root.querySelector("#seed");
    this.facts = root.querySelector("[data-voice-facts]");
    this.seed.max = String(LARGEST_SEED);
    this.chips.addEventListener("change", (event) => this.#set({ emotion: event.target.value }));
    this.speakers.addEventListener("change", (event) => this.#set({ speaker: event.target.value }));
    this.voice.addEventListener("change", () => this.#set({ voice: this.voice.value, speaker: "", style: "" }));
    this.style.addEventListener("change", () => this.#set({ style: this.style.value }));
    this.seed.addEventListener("input", () => this.#typeSeed());
    this.seed.addEventListener("change", () => this.#draw());
    for (const slider of this.sliders) {
      slider.addEventListener("input", () => this.#set({ [slider.name]: Number(slider.value) }));
      slider.addEventListener("dblclick", () => this.#set({ [slider.name]: DEFAULTS[slider.name] }));
    }
    root.querySelector("[data-reset]").addEventListener("click", () => this.reset());
    translator.addEventListener("change", () => this.#draw());
    this.#buildChips(EMOTIONS);
    this.#draw();
  }

  /** @param {object} offer what the server can do, as `fetchVoices` gives it */
  setOffer(offer) {
    this.offer = offer;
    if (offer.emotions.join() !== EMOTIONS.join()) this.#buildChips(offer.emotions);
    for (const slider of this.sliders) {
      const { min, max } = offer.ranges[slider.name];
      slider.min = String(min);
      slider.max = String(max);
      slider.step = String(STEPS[slider.name]);
    }
    this.voice.replaceChildren(...offer.voices.map((v) => option(v.name, v.name)));
    this.voice.disabled = false;
    this.style.disabled = false;
    this.apply(this.settings);
  }

  /** @param {Partial<import("./settings.js").Settings>} settings what is not admissible becomes the default */
  apply(settings) {
    this.settings = this.offer ? admissible(settings, this.offer) : { ...DEFAULTS, ...settings };
    this.#draw();
    this.dispatchEvent(new Event("change"));
  }

  /** Everything but who speaks and the file format goes back to its default. */
  reset() {
    const { voice, speaker, format } = this.settings;
    this.apply({ ...DEFAULTS, voice, speaker, format });
  }

  #set(change) {
    this.apply({ ...this.settings, ...change });
  }

  /** While it is typed, a seed that is not one yet changes nothing. */
  #typeSeed() {
    const seed = this.seed.value === "" ? -1 : Number(this.seed.value);
    if (!Number.isInteger(seed) || seed < 0 || seed > LARGEST_SEED) return;
    this.settings = { ...this.settings, seed };
    this.dispatchEvent(new Event("change"));
  }

  #buildChips(emotions) {
    const template = this.root.querySelector("[data-chip]");
    this.chips.replaceChildren(
      ...emotions.map((emotion) => {
        const chip = template.content.firstElementChild.cloneNode(true);
        chip.dataset.emotion = emotion;
        chip.querySelector("input").value = emotion;
        chip.querySelector("input").after(face(emotion));
        chip.querySelector("[data-label]").dataset.i18n = emotion;
        return chip;
      }),
    );
    this.translator.apply(this.chips);
  }

  #draw() {
    const { settings, translator } = this;
    document.documentElement.dataset.emotion = settings.emotion;
    for (const input of this.chips.querySelectorAll("input")) input.checked = input.value === settings.emotion;
    for (const slider of this.sliders) {
      const value = settings[slider.name];
      slider.value = String(value);
      const [low, high] = [Number(slider.min), Number(slider.max)];
      slider.style.setProperty("--fill", `${(100 * (value - low)) / (high - low)}%`);
      const text = this.#valueText(slider.name, value);
      slider.setAttribute("aria-valuetext", text);
      this.root.querySelector(`output[for=${slider.id}]`).textContent = text;
    }
    const strength = this.sliders.find((slider) => slider.name === "strength");
    strength.disabled = settings.emotion === "neutral";
    this.seed.value = String(settings.seed);
    const voice = this.offer?.voices.find((v) => v.name === settings.voice);
    if (!voice) return;
    this.voice.value = voice.name;
    for (const entry of this.voice.options) entry.textContent = translator.name("voice", entry.value, "");
    this.#drawSpeakers(voice);
    this.style.replaceChildren(...voice.styles.map((s) => option(s.name, translator.name("style", s.name, s.description))));
    this.style.value = settings.style;
    this.facts.textContent = translator.t("voiceFacts", { rate: voice.sample_rate / 1000, licence: voice.licence });
  }

  /** The chips are kept while they are the same, so that the keyboard's focus stays on them. */
  #drawSpeakers(voice) {
    const chips = this.speakers.querySelector("[data-speaker-chips]");
    const inputs = () => [...chips.querySelectorAll("input")];
    if (inputs().map((input) => input.value).join() !== voice.speakers.map((s) => s.name).join()) {
      const template = this.speakers.querySelector("template");
      chips.replaceChildren(
        ...voice.speakers.map((speaker) => {
          const chip = template.content.firstElementChild.cloneNode(true);
          chip.querySelector("input").value = speaker.name;
          return chip;
        }),
      );
    }
    inputs().forEach((input, place) => {
      const { name, gender } = voice.speakers[place];
      input.checked = name === this.settings.speaker;
      const heard = this.translator.has(gender) ? `${this.translator.t(gender)} · ` : "";
      input.parentElement.querySelector("[data-label]").textContent = `${heard}${name}`;
    });
  }

  #valueText(name, value) {
    const signed = (digits) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits)}`;
    if (name === "strength") return `${Math.round(value * 100)}%`;
    if (name === "speed") return `${value.toFixed(2)}×`;
    if (name === "pitch") return `${signed(Number.isInteger(value) ? 0 : 1)} ${this.translator.t("semitones")}`;
    return `${signed(0)} dB`;
  }
}

function option(value, label) {
  const element = document.createElement("option");
  element.value = value;
  element.textContent = label;
  return element;
}
