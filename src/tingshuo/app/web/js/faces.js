/** The faces of the emotions, drawn as SVG so that they look the same on machines without an emoji font. */

const SVG = "http://www.w3.org/2000/svg";

/** In the order of the menu; each has a symbol `f-<name>` in the page. */
export const EMOTIONS = ["neutral", "happy", "sad", "angry", "surprised", "fearful", "gentle", "serious"];

/**
 * @param {string} emotion one that is not known gets the neutral face
 * @returns {SVGElement}
 */
export function face(emotion) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "face");
  svg.setAttribute("aria-hidden", "true");
  svg.dataset.emotion = emotion;
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#f-${EMOTIONS.includes(emotion) ? emotion : "neutral"}`);
  svg.append(use);
  return svg;
}
