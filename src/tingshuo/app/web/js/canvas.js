/** Canvas basics: sharp pixels on dense screens, and colours from the style sheet. */

/**
 * Match the canvas's pixels to the screen's.
 *
 * @param {HTMLCanvasElement} canvas sized by CSS
 * @returns {{context: CanvasRenderingContext2D, width: number, height: number, ratio: number}} sizes in CSS pixels, in
 *   which the context then draws
 */
export function sharpen(canvas) {
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height, ratio };
}

/**
 * @param {Element} element
 * @param {string[]} names custom properties
 * @returns {Record<string, string>} their values where the element stands
 */
export function cssColours(element, names) {
  const style = getComputedStyle(element);
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name).trim()]));
}
