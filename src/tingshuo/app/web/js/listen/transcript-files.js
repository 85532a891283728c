/** A transcript as a file: plain text, subtitles, or everything that is known. */

import { align } from "../stream/align.js";
import { toSrt, toVtt } from "../subtitles.js";

/** Chinese characters of a line of subtitles; two letters count as one. */
const LONGEST_LINE = 20;
/** A line may end at a mark from so many on. */
const SHORTEST_LINE = 8;
const MARK = /[，。！？；：、…,.!?;:]$/u;

/** Which there are; `timed` ones need times. */
export const FILES = {
  txt: { type: "text/plain", timed: false, write: ({ segments }) => segments.map(({ text }) => `${text}\n`).join("") },
  srt: { type: "application/x-subrip", timed: true, write: ({ segments }) => toSrt(cues(segments)) },
  vtt: { type: "text/vtt", timed: true, write: ({ segments }) => toVtt(cues(segments)) },
  json: { type: "application/json", timed: false, write: (transcript) => `${JSON.stringify(described(transcript), null, 2)}\n` },
};

/**
 * Cut segments into lines that can be read at a glance, at the times of their words.
 *
 * @param {import("./transcript.js").Segment[]} segments with times
 * @returns {Array<{text: string, start_s: number, end_s: number}>}
 */
export function cues(segments) {
  return segments.flatMap((segment) => {
    const lines = linesOf(segment);
    return lines.map((spans, i) => ({
      text: spans.map(({ text }) => text).join("").trim(),
      start_s: i === 0 ? segment.start_s : spans[0].startS,
      end_s: i === lines.length - 1 ? segment.end_s : spans.at(-1).endS,
    }));
  });
}

function linesOf(segment) {
  const lines = [[]];
  let width = 0;
  for (const span of segment.words?.length ? align(segment) : [{ text: segment.text }]) {
    const before = lines.at(-1).at(-1)?.text ?? "";
    const wide = widthOf(span.text);
    const isOver = width + wide > LONGEST_LINE || (width >= SHORTEST_LINE && MARK.test(before));
    if (isOver && width && !MARK.test(span.text)) {
      lines.push([]);
      width = 0;
    }
    lines.at(-1).push(span);
    width += wide;
  }
  return lines;
}

function widthOf(text) {
  return [...text].reduce((sum, letter) => sum + (letter.codePointAt(0) < 0x2e80 ? 0.5 : 1), 0);
}

function described({ text, segments }) {
  return { text, segments };
}
