/** Hanzi with their pinyin, each above its place in the picture; only those near the visible part are in the page. */

import { toneMarks } from "./pinyin.js";

const ALL_BELOW = 300;
const MARGIN = 40;
const PINYIN_PX = 6.4;
/** A seek goes this far into a character, so that a player that rounds its time down does not show the one before. */
const INSIDE_S = 0.002;

export class Timeline {
  /**
   * @param {HTMLElement} root
   * @param {import("./track.js").Track} track
   * @param {import("./viewport.js").Viewport} viewport
   * @param {(seconds: number) => void} onSeek
   */
  constructor(root, track, viewport, onSeek) {
    Object.assign(this, { root, track, viewport, onSeek });
    this.strip = root.querySelector("[data-strip]");
    /** @type {Map<number, HTMLElement>} by index of the character */
    this.cells = new Map();
    this.mark = null;
    this.current = -1;
    this.pxPerS = 0;
    root.addEventListener("click", (event) => {
      const cell = event.target.closest("[data-index]");
      if (cell) onSeek(track.characters[Number(cell.dataset.index)].start_s + INSIDE_S);
    });
    root.addEventListener("keydown", (event) => this.#onKey(event));
  }

  reset() {
    this.cells.clear();
    this.strip.replaceChildren();
    this.mark = null;
    this.current = -1;
  }

  /**
   * @param {number} positionS
   * @param {boolean} started whether anything has been heard yet
   */
  draw(positionS, started) {
    if (this.pxPerS !== this.viewport.pxPerS) {
      this.reset();
      this.pxPerS = this.viewport.pxPerS;
    }
    this.#fill();
    this.strip.style.transform = `translate3d(${(-this.viewport.startS * this.pxPerS).toFixed(2)}px,0,0)`;
    const now = started ? this.track.characterAt(positionS) : -1;
    if (now === this.current) return;
    this.cells.get(this.current)?.removeAttribute("aria-current");
    this.cells.get(now)?.setAttribute("aria-current", "true");
    this.current = now;
  }

  #fill() {
    const { characters } = this.track;
    const few = characters.length <= ALL_BELOW;
    const first = few ? 0 : Math.max(0, this.track.characterAt(this.viewport.startS) - MARGIN);
    const end = this.track.characterAt(this.viewport.startS + this.viewport.spanS) + 1 + MARGIN;
    const last = few ? characters.length : Math.min(characters.length, end);
    for (const [index, cell] of this.cells) {
      if (index < first || index >= last) {
        cell.remove();
        this.cells.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) if (!this.cells.has(index)) this.#add(index);
    if (this.track.label && !this.mark) this.#addMark(this.track.label);
  }

  /** Where the sound says that it was made by AI. */
  #addMark({ startS, endS }) {
    this.mark = document.createElement("div");
    this.mark.className = "made-mark";
    this.mark.style.left = `${startS * this.pxPerS}px`;
    this.mark.style.width = `${(endS - startS) * this.pxPerS}px`;
    this.mark.textContent = "AI";
    this.strip.append(this.mark);
  }

  #add(index) {
    const { text, pinyin, start_s: startS, end_s: endS } = this.track.characters[index];
    const cell = document.createElement("button");
    cell.type = "button";
    cell.tabIndex = -1;
    cell.className = pinyin ? "cell" : "cell pause";
    cell.dataset.index = String(index);
    const width = (endS - startS) * this.pxPerS;
    cell.style.left = `${startS * this.pxPerS}px`;
    cell.style.width = `${width}px`;
    const reading = toneMarks(pinyin);
    const upper = document.createElement("span");
    upper.className = "reading";
    upper.textContent = reading;
    upper.style.fontSize = `${Math.max(8, Math.min(12, (12 * width) / (reading.length * PINYIN_PX || 1)))}px`;
    const lower = document.createElement("span");
    lower.className = "hanzi";
    lower.textContent = text;
    cell.append(upper, lower);
    if (index === this.current) cell.setAttribute("aria-current", "true");
    this.cells.set(index, cell);
    this.strip.append(cell);
  }

  #onKey(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    const { characters } = this.track;
    if (!characters.length) return;
    let target;
    if (event.key in steps) target = Math.max(0, this.current + steps[event.key]);
    else if (event.key === "Home") target = 0;
    else if (event.key === "End") target = characters.length - 1;
    else return;
    event.preventDefault();
    this.onSeek(characters[Math.min(target, characters.length - 1)].start_s + INSIDE_S);
  }
}
