/** Taking the sound home: the file in a chosen format, and subtitles made here from the times. */

import { fetchAudio, synthesize } from "./api.js";
import { fileName } from "./format.js";
import { requestBody } from "./settings.js";
import { toSrt } from "./subtitles.js";

/** Names of formats for the server, with the ending that players know and the words of the menu. */
const OFFERED = [
  { name: "wav", ending: "wav", label: "WAV" },
  { name: "mp3", ending: "mp3", label: "MP3" },
  { name: "flac", ending: "flac", label: "FLAC" },
  { name: "opus", ending: "ogg", label: "OGG" },
];
const REVOKE_MS = 60000;

export class Downloads {
  /**
   * @param {HTMLElement} root
   * @param {import("./session.js").Session} session
   * @param {import("./controls.js").Controls} controls
   */
  constructor(root, session, controls) {
    Object.assign(this, { root, session, controls });
    this.format = root.querySelector("#format");
    this.button = root.querySelector("#download");
    this.subtitles = root.querySelector("#subtitles");
    this.working = false;
    this.button.addEventListener("click", () => this.#downloadAudio());
    this.subtitles.addEventListener("click", () => this.#downloadSubtitles());
    this.format.addEventListener("change", () => controls.apply({ ...controls.settings, format: this.format.value }));
    controls.addEventListener("change", () => this.draw());
    session.addEventListener("change", () => this.draw());
    this.draw();
  }

  draw() {
    const formats = OFFERED.filter(({ name }) => !this.controls.offer || this.controls.offer.formats.includes(name));
    if (this.format.options.length !== formats.length) {
      this.format.replaceChildren(...formats.map(({ name, label }) => new Option(label, name)));
    }
    this.format.value = this.controls.settings.format;
    const { summary } = this.session.utterance ?? {};
    this.button.disabled = this.working || this.session.busy || !summary;
    this.button.setAttribute("aria-busy", String(this.working));
    this.subtitles.disabled = this.session.track.sentences.length === 0;
  }

  /** Ask for the file in another format where needed (the same request gives the same samples), and save it. */
  async #downloadAudio() {
    const { utterance } = this.session;
    const format = this.format.value;
    this.working = true;
    this.draw();
    try {
      let url = utterance.summary.audio_url;
      if (format !== utterance.format) {
        url = (await synthesize(requestBody(utterance.text, utterance.settings, format))).audio_url;
      }
      save(await fetchAudio(url), fileName(utterance.text, OFFERED.find(({ name }) => name === format).ending));
    } catch (error) {
      this.session.fail(error);
    } finally {
      this.working = false;
      this.draw();
    }
  }

  #downloadSubtitles() {
    const { utterance, track } = this.session;
    save(new Blob([toSrt(track.sentences)], { type: "application/x-subrip" }), fileName(utterance.text, "srt"));
  }
}

/**
 * Save under a name of ours: the address of a blob has none of its own, as the server's replies have.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_MS);
}
