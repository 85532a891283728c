/** What went wrong, in the language of the page; the server's own sentence comes with it. */

import { ApiError } from "./api.js";

const OURS = { network: "errorNetwork", broken: "errorBroken", expired: "errorExpired" };

/**
 * @param {Error} error
 * @param {import("./i18n.js").Translator} translator
 * @returns {string} the sentence for whoever reads the page
 */
export function sentenceOf(error, translator) {
  if (!(error instanceof ApiError)) return translator.t("errorUnknown", { message: error.message });
  if (error.kind in OURS) return translator.t(OURS[error.kind]);
  const known = `error.${error.code}`;
  const key = !error.message ? "errorRefusedBare" : translator.has(known) ? known : error.status ? "errorRefused" : "errorSaid";
  return translator.t(key, { status: error.status, message: error.message });
}
