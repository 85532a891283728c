/**
 * Worker that keeps spectra off the page's thread.
 * In: {id, sampleRate} starts a track, {id, pcm: Int16Array} continues it, {id, end: true} ends it.
 * Out: {id, columns, mel, peaks}, as `Analyser.push` returns them; `id` tells tracks apart when one is cut short.
 */

import { Analyser } from "./spectrum.js";

let analyser = null;

self.addEventListener("message", ({ data }) => {
  if (data.sampleRate) analyser = new Analyser({ sampleRate: data.sampleRate });
  const result = data.pcm ? analyser.push(data.pcm) : data.end ? analyser.flush() : null;
  if (result) self.postMessage({ id: data.id, ...result }, [result.mel.buffer, result.peaks.buffer]);
});
