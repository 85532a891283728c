/** The small mark near a player that says that its sound was made by AI, and how it is labelled. */

import { clock } from "./format.js";

const MARKS = {
  rhythm: "madeByAI", speech: "madeByAI", none: "madeByAIQuiet", bare: "madeByAIBare", unfinished: "madeByAIUnfinished",
};

/**
 * @param {HTMLDetailsElement} element with a summary and a paragraph; it keeps its room while there is nothing to say
 * @param {object | null | undefined} label of the server's reply, or one of the form `unfinished`; null for bare samples,
 *   undefined while there is nothing to say
 * @param {import("./i18n.js").Translator} translator
 */
export function tellLabel(element, label, translator) {
  const form = label === undefined ? "" : (label?.form ?? "bare");
  element.dataset.form = form;
  if (!form) {
    element.open = false;
    return;
  }
  const values = { producer: label?.producer, start: clock(label?.start_s ?? 0), end: clock(label?.end_s ?? 0) };
  element.querySelector("summary").textContent = translator.t(MARKS[form] ?? "madeByAI");
  element.querySelector("p").textContent = translator.t(`label.${form}`, values);
}
