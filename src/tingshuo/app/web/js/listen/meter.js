/** How loud it is: bars that wander to the left, one after the other, and a ring around the button. */

import { cssColours, sharpen } from "../canvas.js";

const STEP = 5;
const BAR = 3;
const EVERY_MS = 50;
/** Between silence and full scale a meter is even in decibels. */
const FLOOR_DB = -60;

export class Meter {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} ringed gets `--level`, 0 to 1
   */
  constructor(canvas, ringed) {
    Object.assign(this, { canvas, ringed, levels: [], frame: 0, last: 0 });
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** @param {AnalyserNode} analyser */
  start(analyser) {
    this.stop();
    const samples = new Float32Array(analyser.fftSize);
    const step = (now) => {
      this.frame = requestAnimationFrame(step);
      if (now - this.last < EVERY_MS) return;
      this.last = now;
      analyser.getFloatTimeDomainData(samples);
      this.#add(levelOf(samples));
    };
    this.frame = requestAnimationFrame(step);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.levels = [];
    this.ringed.style.setProperty("--level", "0");
    this.#draw();
  }

  #add(level) {
    this.levels.push(level);
    if (this.levels.length > 2000) this.levels.splice(0, 1000);
    this.ringed.style.setProperty("--level", level.toFixed(3));
    this.#draw();
  }

  #draw() {
    const { context, width, height } = sharpen(this.canvas);
    const colours = cssColours(this.canvas, ["--tone", "--line"]);
    context.clearRect(0, 0, width, height);
    for (let i = 0; i * STEP < width; i += 1) {
      const level = this.levels.at(-1 - i);
      context.fillStyle = level === undefined ? colours["--line"] : colours["--tone"];
      const tall = Math.max(BAR, (level ?? 0) * height);
      context.beginPath();
      context.roundRect(width - (i + 1) * STEP, (height - tall) / 2, BAR, tall, BAR / 2);
      context.fill();
    }
  }
}

/**
 * @param {Float32Array} samples in [-1, 1]
 * @returns {number} 0 to 1
 */
export function levelOf(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.max(0, Math.min(1, 1 - (10 * Math.log10(power + 1e-12)) / FLOOR_DB));
}
