/** The whole track as a small wave with a slider over it: where we are, what the picture shows, and seeking by key or finger. */

import { cssColours, sharpen } from "./canvas.js";
import { clock } from "./format.js";

const BAR_PX = 3;
const STEP_S = 0.1;

export class Overview {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLInputElement} slider a range input over the canvas
   * @param {import("./track.js").Track} track
   * @param {import("./viewport.js").Viewport} viewport
   */
  constructor(canvas, slider, track, viewport) {
    Object.assign(this, { canvas, slider, track, viewport });
    slider.step = String(STEP_S);
    this.recolour();
  }

  recolour() {
    this.colours = cssColours(this.canvas, ["--wave", "--wave-played", "--playhead", "--window"]);
    this.stamp = "";
  }

  /**
   * @param {number} positionS
   * @param {number} durationS
   */
  draw(positionS, durationS) {
    this.#updateSlider(positionS, durationS);
    const { context, width, height } = sharpen(this.canvas);
    context.clearRect(0, 0, width, height);
    if (!width || !durationS) return;
    const bars = this.#bars(Math.floor(width / BAR_PX), durationS);
    const { startS, spanS } = this.viewport;
    context.fillStyle = this.colours["--window"];
    if (spanS < durationS) context.fillRect((startS / durationS) * width, 0, (spanS / durationS) * width, height);
    const head = (positionS / durationS) * width;
    bars.forEach((level, i) => {
      const x = i * BAR_PX;
      const size = Math.max(2, level * (height - 6));
      context.fillStyle = x < head ? this.colours["--wave-played"] : this.colours["--wave"];
      context.fillRect(x, (height - size) / 2, BAR_PX - 1, size);
    });
    context.fillStyle = this.colours["--playhead"];
    context.fillRect(Math.min(width - 2, Math.max(0, head - 1)), 0, 2, height);
  }

  /** Levels of the bars, kept until the track or the width changes. */
  #bars(count, durationS) {
    const stamp = `${this.track.id}/${this.track.columns}/${count}/${durationS}`;
    if (stamp !== this.stamp) {
      const columns = (durationS * this.track.columnsPerS) / count;
      this.levels = Array.from({ length: count }, (_, i) => {
        const [low, high] = this.track.envelope(Math.floor(i * columns), Math.ceil((i + 1) * columns));
        return Math.max(high, -low);
      });
      this.stamp = stamp;
    }
    return this.levels;
  }

  #updateSlider(positionS, durationS) {
    this.slider.disabled = durationS === 0;
    this.slider.max = String(Math.max(STEP_S, durationS));
    this.slider.value = String(positionS);
    const text = `${clock(positionS)} / ${clock(durationS)}`;
    if (this.slider.getAttribute("aria-valuetext") !== text) this.slider.setAttribute("aria-valuetext", text);
  }
}
