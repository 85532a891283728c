/** SubRip subtitles: one numbered block a sentence, as the server cuts them (short enough for a line or two), with its times. */

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
 * @param {number} seconds
 * @returns {string} HH:MM:SS,mmm
 */
export function srtTime(seconds) {
  const ms = Math.max(0, Math.round(seconds * 1000));
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  return `${two(ms / 3600000)}:${two((ms / 60000) % 60)}:${two((ms / 1000) % 60)},${String(ms % 1000).padStart(3, "0")}`;
}

/** An empty line would end the block. */
function oneLine(text) {
  return text.trim().replace(/\s*\n\s*/g, " ");
}
