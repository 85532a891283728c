/** Where text is written: the box, its count, the sample sentences, and the buttons and keys that speak and stop. */

import { face } from "./faces.js";
import { countCharacters } from "./format.js";
import { SAMPLES } from "./samples.js";
import { read, write } from "./storage.js";

/** Hanzi a second at speed 1, for the estimate of the length. */
const HANZI_PER_S = 4.2;
const SAVE_AFTER_MS = 400;

export class Compose {
  /**
   * @param {HTMLElement} root
   * @param {import("./i18n.js").Translator} translator
   * @param {import("./session.js").Session} session
   * @param {import("./controls.js").Controls} controls
   * @param {() => void} onSpeak
   */
  constructor(root, translator, session, controls, onSpeak) {
    Object.assign(this, { root, translator, session, controls, onSpeak });
    this.box = root.querySelector("#text");
    this.count = root.querySelector("[data-count]");
    this.estimate = root.querySelector("[data-estimate]");
    this.clear = root.querySelector("[data-clear]");
    this.speakButton = root.querySelector("#speak");
    this.stopButton = root.querySelector("#stop");
    this.limit = Infinity;
    const draft = read("draft", SAMPLES[0].text); // on the first visit one click is enough to hear something
    this.box.value = typeof draft === "string" ? draft : "";
    this.box.addEventListener("input", () => this.#edited());
    this.clear.addEventListener("click", () => this.set("", true));
    // The second click of a double click must not start a second synthesis when the first is already done.
    this.speakButton.addEventListener("click", (event) => event.detail < 2 && this.speak());
    this.stopButton.addEventListener("click", () => session.stop());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    session.addEventListener("change", () => this.draw());
    controls.addEventListener("change", () => this.draw());
    translator.addEventListener("change", () => this.#drawSamples());
    this.#drawSamples();
  }

  get text() {
    return this.box.value;
  }

  /** @param {string} text @param {boolean} [focus] whether to go on writing */
  set(text, focus = false) {
    this.box.value = text;
    this.box.scrollTop = 0;
    this.#edited();
    if (focus) this.box.focus();
  }

  /** Speak if that is possible now. */
  speak() {
    if (!this.speakButton.disabled) this.onSpeak();
  }

  draw() {
    const { translator, session } = this;
    const count = countCharacters(this.text);
    const over = count - this.limit;
    const limit = Number.isFinite(this.limit) ? translator.number(this.limit) : "…";
    this.count.textContent = over > 0
      ? translator.t("tooLong", { over: translator.number(over) })
      : translator.t("count", { count: translator.number(count), limit });
    this.count.classList.toggle("over", over > 0);
    this.box.setAttribute("aria-invalid", String(over > 0));
    this.estimate.textContent = count && over <= 0 ? translator.t("estimate", { time: this.#estimate() }) : "";
    this.clear.disabled = !count;
    const offered = this.controls.offer !== null;
    this.speakButton.disabled = !offered || session.busy || over > 0 || !this.text.trim();
    this.stopButton.disabled = !session.busy && !session.player.playing;
  }

  #edited() {
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => write("draft", this.text), SAVE_AFTER_MS);
  }

  #estimate() {
    const spoken = this.text.replace(/<[^>]*>|\[[a-z0-9 ]*\]/gi, "").match(/[\p{L}\p{N}]/gu)?.length ?? 0;
    const seconds = Math.max(1, Math.round(spoken / HANZI_PER_S / this.controls.settings.speed));
    return seconds < 60
      ? this.translator.t("seconds", { count: seconds })
      : this.translator.t("minutes", { count: Math.round(seconds / 60) });
  }

  #onKey(event) {
    if (this.root.closest("[hidden]")) return; // another view is shown
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) {
      event.preventDefault();
      this.speak();
    } else if (event.key === "Escape" && !this.stopButton.disabled) {
      this.session.stop();
    }
  }

  #drawSamples() {
    const list = this.root.querySelector("[data-samples]");
    list.replaceChildren(
      ...SAMPLES.map((sample) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "sample";
        button.append(face(sample.emotion), sample[this.translator.language]);
        button.title = sample.text;
        button.addEventListener("click", () => {
          this.controls.apply({ ...this.controls.settings, emotion: sample.emotion });
          this.set(sample.text);
        });
        return button;
      }),
    );
    this.draw();
  }
}
