/** The list of what was spoken. */

import { face } from "./faces.js";
import { clock } from "./format.js";

export class HistoryView {
  /**
   * @param {HTMLElement} root
   * @param {import("./history.js").History} history
   * @param {import("./i18n.js").Translator} translator
   * @param {{onReplay: (entry: object) => void, onReuse: (entry: object) => void}} actions
   */
  constructor(root, history, translator, actions) {
    Object.assign(this, { root, history, translator, actions });
    this.list = root.querySelector("[data-history-list]");
    this.empty = root.querySelector("[data-history-empty]");
    this.clearButton = root.querySelector("[data-history-clear]");
    this.template = root.querySelector("template");
    this.clearButton.addEventListener("click", () => history.clear());
    history.addEventListener("change", () => this.draw());
    translator.addEventListener("change", () => this.draw());
    this.draw();
  }

  draw() {
    const { entries } = this.history;
    this.empty.hidden = entries.length > 0;
    this.clearButton.hidden = entries.length === 0;
    this.list.replaceChildren(...entries.map((entry) => this.#item(entry)));
  }

  #item(entry) {
    const item = this.template.content.firstElementChild.cloneNode(true);
    const { translator } = this;
    const { emotion } = entry.settings;
    item.prepend(face(emotion));
    item.querySelector("[data-text]").textContent = entry.text.slice(0, 200);
    const when = new Date(entry.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    const parts = [translator.t(emotion), entry.duration_s ? clock(entry.duration_s) : "", when];
    item.querySelector("[data-facts]").textContent = parts.filter(Boolean).join(" · ");
    translator.apply(item);
    const { onReplay, onReuse } = this.actions;
    item.querySelector("[data-reuse]").addEventListener("click", () => onReuse(entry));
    item.querySelector("[data-replay]").addEventListener("click", () => onReplay(entry));
    item.querySelector("[data-remove]").addEventListener("click", () => this.#remove(entry));
    return item;
  }

  /** Delete, and keep the keyboard's place: the focus goes to the entry that moved up. */
  #remove(entry) {
    const place = this.history.entries.indexOf(entry);
    this.history.remove(entry);
    const buttons = this.list.querySelectorAll("[data-remove]");
    (buttons[Math.min(place, buttons.length - 1)] ?? this.root).focus();
  }
}
