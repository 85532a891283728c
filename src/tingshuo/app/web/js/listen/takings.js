/** What can be taken from a transcript: its text to the clipboard, and files. */

import { save } from "../download.js";
import { fileName } from "../format.js";
import { FILES } from "./transcript-files.js";

const SAID_MS = 1500;

export class Takings {
  /**
   * @param {HTMLElement} root with `[data-copy]` and `[data-take]` buttons
   * @param {import("./transcript.js").Transcript} transcript
   * @param {import("../i18n.js").Translator} translator
   * @param {() => string} [named] what a file is called, without its ending; by default by its text
   */
  constructor(root, transcript, translator, named) {
    Object.assign(this, { root, transcript, translator, named });
    this.copy = root.querySelector("[data-copy]");
    this.takes = [...root.querySelectorAll("[data-take]")];
    this.copied = "";
    this.copy.addEventListener("click", () => this.#copy());
    for (const button of this.takes) button.addEventListener("click", () => this.#take(button.dataset.take));
    for (const event of ["add", "clear"]) transcript.addEventListener(event, () => this.#draw());
    translator.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  #draw() {
    const { transcript, translator } = this;
    const isEmpty = transcript.segments.length === 0;
    this.copy.disabled = isEmpty;
    this.copy.textContent = translator.t(this.copied || "copy");
    for (const button of this.takes) {
      const { timed } = FILES[button.dataset.take];
      button.disabled = isEmpty || (timed && !transcript.isTimed);
      button.title = timed && !transcript.isTimed ? translator.t("untimed") : "";
    }
  }

  async #copy() {
    const isDone = await copied(this.transcript.text);
    this.copied = isDone ? "copied" : "notCopied";
    this.#draw();
    setTimeout(() => {
      this.copied = "";
      this.#draw();
    }, SAID_MS);
  }

  #take(kind) {
    const { type, write } = FILES[kind];
    const name = this.named ? `${this.named()}.${kind}` : fileName(this.transcript.text, kind);
    save(new Blob([write(this.transcript)], { type }), name);
  }
}

/** @returns {Promise<boolean>} whether it worked: pages that are not secure have no clipboard, but an old way to it */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = Object.assign(document.createElement("textarea"), { value: text, className: "hidden" });
    document.body.append(box);
    box.select();
    const isDone = document.execCommand("copy");
    box.remove();
    return isDone;
  }
}
