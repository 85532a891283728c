/** What is going on, in words: the status line for everybody, and an alert with the reason when something went wrong. */

import { milliseconds, ratio } from "./format.js";
import { sentenceOf } from "./sentences.js";

const STATE_TEXTS = {
  connecting: "stateConnecting", ready: "stateReady", requesting: "stateRequesting", speaking: "stateSpeaking",
  waiting: "stateWaiting", done: "stateDone", stopped: "stateStopped", error: "stateError",
};

export class Status {
  /**
   * @param {{line: HTMLElement, alert: HTMLElement, warnings: HTMLElement}} elements
   * @param {import("./session.js").Session} session
   * @param {import("./i18n.js").Translator} translator
   * @param {() => void} onRetry what "try again" does
   */
  constructor(elements, session, translator, onRetry) {
    Object.assign(this, elements, { session, translator });
    this.shownError = null;
    this.alert.querySelector("[data-retry]").addEventListener("click", onRetry);
    this.alert.querySelector("[data-dismiss]").addEventListener("click", () => {
      this.alert.hidden = true;
    });
    session.addEventListener("change", () => this.draw());
    session.addEventListener("begin", () => this.#drawWarnings([]));
    session.addEventListener("finish", () => this.#drawWarnings(session.utterance.summary.warnings ?? []));
    translator.addEventListener("change", () => {
      this.shownError = null;
      this.draw();
    });
    this.draw();
  }

  draw() {
    const { session, translator, line } = this;
    const { state } = session;
    line.dataset.state = state;
    const text = [translator.t(STATE_TEXTS[state]), this.#measured(state)].filter(Boolean).join(" · ");
    const target = line.querySelector("[data-text]");
    if (target.textContent !== text) target.textContent = text;
    if (session.error !== this.shownError) {
      this.shownError = session.error;
      this.alert.hidden = !session.error;
      if (session.error) this.alert.querySelector("[data-text]").textContent = sentenceOf(session.error, translator);
    }
  }

  #measured(state) {
    const { utterance } = this.session;
    if (!utterance || !["speaking", "waiting", "done"].includes(state)) return "";
    const first = milliseconds(utterance.firstAudioMs);
    const { summary } = utterance;
    return summary
      ? this.translator.t("measured", { first, rtf: ratio(summary.rtf) })
      : this.translator.t("measuredFirst", { first });
  }

  #drawWarnings(warnings) {
    this.warnings.hidden = warnings.length === 0;
    this.warnings.querySelector("ul").replaceChildren(
      ...warnings.map((warning) => {
        const item = document.createElement("li");
        item.textContent = warning;
        return item;
      }),
    );
  }
}
