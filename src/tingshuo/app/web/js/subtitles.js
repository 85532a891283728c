/** Subtitles: a block a sentence, as it is cut (short enough for a line or two), with its times. */

/**
 * @param {Array<{text: string, start_s: number, end_s: number}>} sentences in order of time
 * @returns {string} contents of an .srt file, empty when there is no sentence
 */
export function toSrt(sentences) {
  return sentences
    .map(({ text, start_s: startS, end_s: endS }, i) => `${i + 1}\n${srtTime(startS)} --> ${srtTime(endS)}\n${oneLine(text)}\n`)
    .join("\n");
}

/**
 * @param {Array<{text: string, start_s: number, end_s: number}>} sentences in order of time
 * @returns {string} contents of a .vtt file (WebVTT)
 */
export function toVtt(sentences) {
  const time = (seconds) => srtTime(seconds).replace(",", ".");
  const escaped = (text) => oneLine(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const block = ({ text, start_s: startS, end_s: endS }) => `${time(startS)} --> ${time(endS)}\n${escaped(text)}\n`;
  return ["WEBVTT\n", ...sentences.map(block)].join("\n");
}

/**
 * @param {number} seconds
 * @returns {string} HH:MM:SS,mmm
 */
export function srtTime(seconds) {
  const ms = Math.max(0, Math.round(seconds * 1000));
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  return `${two(ms / 3600000)}:${two((ms / 60000) % 60)}:${two((ms / 1000) % 60)},${String(ms % 1000).padStart(3, "0")}`;
}

/** An empty line would end the block, an arrow be taken for that of its times. */
function oneLine(text) {
  return text.trim().replace(/\s*\n\s*/g, " ").replace(/-->/g, "→");
}
