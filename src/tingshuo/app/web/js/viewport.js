/**
 * The window of time that picture and timeline share: where it starts, how many pixels a second has, and whether it
 * follows playback. Everything that maps seconds to pixels asks here, so hanzi, wave and spectrum stay in line.
 */

const CHARACTER_PX = 46;
const USUAL_CHARACTER_S = 0.25;
const HEAD = 0.34;

export class Viewport {
  constructor() {
    this.width = 600;
    this.startS = 0;
    this.durationS = 0;
    this.pxPerS = CHARACTER_PX / USUAL_CHARACTER_S;
    this.following = true;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  get spanS() {
    return this.width / this.pxPerS;
  }

  /** @param {number} seconds @returns {number} pixels from the left edge */
  x(seconds) {
    return (seconds - this.startS) * this.pxPerS;
  }

  /** @param {number} x pixels from the left edge @returns {number} seconds */
  seconds(x) {
    return this.startS + x / this.pxPerS;
  }

  /**
   * Choose the scale so that an average character has room for its pinyin.
   *
   * @param {Array<{start_s: number, end_s: number, pinyin: string}>} characters the first ones suffice
   */
  fit(characters) {
    const spoken = characters.filter((c) => c.pinyin).slice(0, 200);
    if (!spoken.length) return;
    const mean = spoken.reduce((sum, c) => sum + c.end_s - c.start_s, 0) / spoken.length;
    this.pxPerS = Math.max(60, Math.min(600, CHARACTER_PX / Math.max(mean, 0.02)));
  }

  /**
   * Keep the playhead in sight: it moves to a third of the width and the picture glides below it. Where motion is to be
   * reduced, the picture turns a page instead.
   *
   * @param {number} positionS
   */
  follow(positionS) {
    if (!this.following) return;
    if (this.calm.matches) {
      const x = this.x(positionS);
      if (x < 0 || x > this.width * 0.94) this.moveTo(positionS - 0.06 * this.spanS);
    } else {
      this.moveTo(positionS - HEAD * this.spanS);
    }
  }

  /** @param {number} startS wished left edge; kept within the track and on whole pixels of the screen */
  moveTo(startS) {
    const within = Math.max(0, Math.min(startS, this.durationS - this.spanS));
    const pixelsPerS = this.pxPerS * Math.min(3, window.devicePixelRatio || 1);
    this.startS = Math.round(within * pixelsPerS) / pixelsPerS;
  }
}
