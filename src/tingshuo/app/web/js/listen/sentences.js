/** What went wrong while listening, in the language of the page. */

import { ApiError } from "../api.js";
import { sentenceOf } from "../sentences.js";
import { MicrophoneError } from "./microphone.js";

/**
 * @param {Error} error
 * @param {import("../i18n.js").Translator} translator
 * @returns {string} the sentence for whoever reads the page
 */
export function listenSentence(error, translator) {
  if (error instanceof MicrophoneError) return translator.t(`microphone.${error.kind}`);
  const own = error instanceof ApiError ? `listenError.${error.kind}` : "";
  return translator.has(own) ? translator.t(own) : sentenceOf(error, translator);
}
