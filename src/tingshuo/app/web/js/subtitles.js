/** SubRip subtitles from the times of sentences. Format: one numbered block a line of speech, times HH:MM:SS,mmm. */

const LONGEST_LINE = 24;

/**
 * @typedef {{text: string, start_s: number, end_s: number, words: Array<{text: string, start_s: number, end_s: number}>}} Sentence
 */

/**
 * @param {Sentence[]} sentences in order of time
 * @returns {string} contents of an .srt file, empty when there is no sentence
 */
export function toSrt(sentences) {
  return sentences
    .flatMap(lines)
    .map((line, i) => `${i + 1}\n${srtTime(line.start_s)} --> ${srtTime(line.end_s)}\n${line.text}\n`)
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

/** A sentence as one line, or, when too long to read at a glance, as several that break after punctuation. */
function lines(sentence) {
  const whole = { text: sentence.text.trim(), start_s: sentence.start_s, end_s: sentence.end_s };
  if ([...whole.text].length <= LONGEST_LINE || sentence.words.length < 2) return [whole];
  const parts = [];
  let open = null;
  for (const word of sentence.words) {
    if (!open) open = { text: "", start_s: word.start_s, end_s: word.end_s };
    open.text += word.text;
    open.end_s = word.end_s;
    if (/[，。！？；：、,.!?;:…—]$/u.test(word.text) && [...open.text].length >= LONGEST_LINE / 3) {
      parts.push(open);
      open = null;
    }
  }
  if (open) parts.push(open);
  return parts.map((part) => ({ ...part, text: part.text.trim() })).filter((part) => part.text);
}
