/** The visible part of waveform and mel spectrogram, drawn on one canvas. Low energy is paper, high energy is ink. */

import { cssColours, sharpen } from "./canvas.js";

const TILE = 256;
const TILES_KEPT = 24;
const WAVE_SHARE = 0.34;
const MEL_COLOURS = ["--mel-low", "--mel-mid", "--mel-high"];

export class Picture {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./track.js").Track} track
   * @param {import("./viewport.js").Viewport} viewport
   */
  constructor(canvas, track, viewport) {
    Object.assign(this, { canvas, track, viewport });
    /** @type {Map<number, {image: OffscreenCanvas, columns: number}>} coloured columns, by index of the tile */
    this.tiles = new Map();
    this.recolour();
  }

  /** Read the colours again, after a change of theme or emotion. */
  recolour() {
    this.colours = cssColours(this.canvas, [...MEL_COLOURS, "--wave", "--wave-played", "--playhead", "--line"]);
    this.palette = palette(MEL_COLOURS.map((name) => this.colours[name]));
    this.tiles.clear();
  }

  /** The tracks' columns are no longer those that were drawn. */
  reset() {
    this.tiles.clear();
  }

  /** @param {number} positionS of the playhead */
  draw(positionS) {
    const { context, width, height, ratio } = sharpen(this.canvas);
    if (!width) return;
    const waveHeight = Math.round(height * WAVE_SHARE);
    context.clearRect(0, 0, width, height);
    this.#drawMel(context, waveHeight, width, height - waveHeight);
    this.#drawWave(context, width, waveHeight, positionS, ratio);
    if (this.track.columns) this.#drawHead(context, positionS, width, height);
  }

  #drawMel(context, top, width, height) {
    context.fillStyle = this.colours["--mel-low"];
    context.fillRect(0, top, width, height);
    context.imageSmoothingQuality = "high";
    const { viewport, track } = this;
    const pxPerColumn = viewport.pxPerS / track.columnsPerS;
    const first = Math.floor((viewport.startS * track.columnsPerS) / TILE);
    const last = Math.floor((viewport.seconds(width) * track.columnsPerS) / TILE);
    for (let index = Math.max(0, first); index <= last; index += 1) {
      const tile = this.#tile(index);
      if (!tile) break;
      const x = viewport.x((index * TILE) / track.columnsPerS);
      context.drawImage(tile.image, 0, 0, tile.columns, track.nMels, x, top, tile.columns * pxPerColumn + 0.5, height);
    }
  }

  #tile(index) {
    const { track } = this;
    const columns = Math.min(TILE, track.columns - index * TILE);
    if (columns <= 0) return null;
    const known = this.tiles.get(index);
    if (known?.columns === columns) return known;
    const image = new OffscreenCanvas(TILE, track.nMels);
    const data = new ImageData(columns, track.nMels);
    const pixels = new Uint32Array(data.data.buffer);
    for (let c = 0; c < columns; c += 1) {
      const from = (index * TILE + c) * track.nMels;
      for (let m = 0; m < track.nMels; m += 1) {
        pixels[(track.nMels - 1 - m) * columns + c] = this.palette[track.mel[from + m]];
      }
    }
    image.getContext("2d").putImageData(data, 0, 0);
    if (this.tiles.size >= TILES_KEPT) this.tiles.delete(this.tiles.keys().next().value);
    const tile = { image, columns };
    this.tiles.set(index, tile);
    return tile;
  }

  #drawWave(context, width, height, positionS, ratio) {
    const { track, viewport } = this;
    const middle = height / 2;
    const step = 1 / ratio;
    const columnsPerStep = (track.columnsPerS * step) / viewport.pxPerS;
    const head = viewport.x(positionS);
    context.fillStyle = this.colours["--line"];
    context.fillRect(0, middle - step / 2, width, step);
    for (const [colour, from, to] of [
      [this.colours["--wave-played"], 0, Math.min(head, width)],
      [this.colours["--wave"], Math.max(0, head), width],
    ]) {
      context.fillStyle = colour;
      for (let x = Math.floor(from / step) * step; x < to; x += step) {
        const column = viewport.seconds(x) * track.columnsPerS;
        if (column >= track.columns) break;
        const [low, high] = track.envelope(Math.floor(column), Math.floor(column + columnsPerStep) + 1);
        const up = Math.max(step / 2, high * middle * 0.96);
        const down = Math.max(step / 2, -low * middle * 0.96);
        context.fillRect(x, middle - up, step, up + down);
      }
    }
  }

  #drawHead(context, positionS, width, height) {
    const x = this.viewport.x(positionS);
    if (x < 0 || x > width + 1) return;
    context.fillStyle = this.colours["--playhead"];
    context.fillRect(Math.min(x - 1, width - 2), 0, 2, height);
    context.beginPath();
    context.arc(x, 3, 3.5, 0, 2 * Math.PI);
    context.fill();
  }
}

/** 256 colours from paper over the tone to ink, as the 32-bit words of ImageData (little-endian ABGR). */
function palette(stops) {
  const rgb = stops.map(toRgb);
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) ** 1.4 * (rgb.length - 1);
    const k = Math.min(rgb.length - 2, Math.floor(place));
    const [r, g, b] = [0, 1, 2].map((j) => Math.round(rgb[k][j] + (rgb[k + 1][j] - rgb[k][j]) * (place - k)));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}

function toRgb(colour) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}
