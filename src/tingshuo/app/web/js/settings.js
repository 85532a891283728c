/**
 * How to speak: the values of the controls, kept between visits.
 *
 * @typedef {{emotion: string, strength: number, speed: number, pitch: number, volume: number, voice: string,
 *   speaker: string, style: string, seed: number, format: string}} Settings
 */

import { read, write } from "./storage.js";

/** @type {Settings} */
export const DEFAULTS = Object.freeze({
  emotion: "neutral", strength: 1, speed: 1, pitch: 0, volume: 0, voice: "", speaker: "", style: "", seed: 0, format: "wav",
});

export const LARGEST_SEED = 2 ** 32 - 1;

/** @returns {Settings} of the last visit, of the right types; they still have to pass `admissible` */
export function loadSettings() {
  const stored = read("settings", {});
  const entries = Object.entries(DEFAULTS).map(([name, usual]) => {
    const value = stored?.[name];
    return [name, typeof value === typeof usual ? value : usual];
  });
  return Object.fromEntries(entries);
}

/** @param {Settings} settings */
export function saveSettings(settings) {
  write("settings", settings);
}

/**
 * @param {Partial<Settings>} settings from storage, which may be old or damaged
 * @param {object} offer what the server can do, as `fetchVoices` gives it
 * @returns {Settings} with every value that the server would refuse replaced by its default
 */
export function admissible(settings, offer) {
  const result = { ...DEFAULTS };
  for (const [name, { min, max }] of Object.entries(offer.ranges)) {
    const value = Number(settings[name]);
    if (name in DEFAULTS && settings[name] !== null && value >= min && value <= max) result[name] = value;
  }
  const voice = offer.voices.find((v) => v.name === settings.voice) ?? offer.voices[0];
  result.voice = voice.name;
  const speaker = voice.speakers.find((s) => s.name === settings.speaker) ?? voice.speakers[0];
  result.speaker = speaker?.name ?? "";
  const style = voice.styles.find((s) => s.name === settings.style) ?? voice.styles[0];
  result.style = style?.name ?? "";
  if (offer.emotions.includes(settings.emotion)) result.emotion = settings.emotion;
  if (offer.formats.includes(settings.format)) result.format = settings.format;
  if (Number.isInteger(settings.seed) && settings.seed >= 0 && settings.seed <= LARGEST_SEED) result.seed = settings.seed;
  return result;
}

/**
 * @param {string} text
 * @param {Settings} settings
 * @param {string} format
 * @returns {object} body of a request; what a voice does not offer must not be asked of it
 */
export function requestBody(text, settings, format) {
  const { emotion, strength, speed, pitch, volume, voice, speaker, style, seed } = settings;
  const own = { ...(speaker ? { speaker } : {}), ...(style ? { style } : {}) };
  return { text, emotion, strength, speed, pitch, volume, voice, ...own, seed, format };
}
