/**
 * What was heard: segments in the order of their times, and what is being said just now.
 *
 * @typedef {object} Segment as the server sends it
 * @property {string} text
 * @property {number | null} start_s seconds; null where the server tells no times
 * @property {number | null} end_s
 * @property {number} [confidence] 0 to 1
 * @property {Array<{text: string, start_s: number, end_s: number}>} [words] as they were heard
 * @property {boolean} [unfinished] it broke off, and was not heard to its end
 */

/** A mark that ends a segment stands for the pause; after anything else a blank does, as in the server's texts. */
const ENDING = /[。，、；：？！…—”’》」』）]$/u;

/** Events: `add` (a CustomEvent with the segment), `partial`, `clear`. */
export class Transcript extends EventTarget {
  constructor() {
    super();
    /** @type {Segment[]} */
    this.segments = [];
    /** @type {{text: string, start_s: number, stable: number} | null} */
    this.partial = null;
    /** Seconds of the paper at which the session under way began; below 0 when it was cleared meanwhile. */
    this.originS = 0;
  }

  get text() {
    return this.segments.reduce((said, { text }) => said + (said && !ENDING.test(said) ? " " : "") + text, "");
  }

  /** Whether each segment has its times. */
  get isTimed() {
    return this.segments.every(({ start_s: startS }) => startS !== null);
  }

  /** @param {Segment} segment with times of its session; one without text is none */
  add(segment) {
    this.tell(null);
    if (!segment.text) return;
    const moved = this.#moved(segment);
    this.segments.push(moved);
    this.dispatchEvent(new CustomEvent("add", { detail: moved }));
  }

  /** @param {{text: string, start_s: number, stable: number} | null} partial what is said so far, of its session's times */
  tell(partial) {
    if (!partial && !this.partial) return;
    this.partial = partial && this.#moved(partial);
    this.dispatchEvent(new Event("partial"));
  }

  /**
   * The session is over: keep what was under way, and begin the next one behind it.
   *
   * @param {number} heardS how much was heard in it
   */
  end(heardS) {
    const { partial, originS } = this;
    const heldS = partial && { text: partial.text, start_s: partial.start_s - originS, end_s: heardS, unfinished: true };
    if (heldS) this.add(heldS);
    this.originS = originS + heardS;
  }

  /** @param {number} heardS of the session under way, 0 where none is */
  clear(heardS) {
    this.segments = [];
    this.partial = null;
    this.originS = -heardS;
    this.dispatchEvent(new Event("clear"));
  }

  #moved(timed) {
    const move = (seconds) => (Number.isFinite(seconds) ? Math.max(0, rounded(seconds + this.originS)) : null);
    const moved = { ...timed, start_s: move(timed.start_s), end_s: move(timed.end_s) };
    const words = timed.words?.map((word) => ({ ...word, start_s: move(word.start_s), end_s: move(word.end_s) }));
    return words ? { ...moved, words } : moved;
  }
}

function rounded(seconds) {
  return Math.round(1000 * seconds) / 1000;
}
