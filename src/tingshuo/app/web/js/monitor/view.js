/** The monitor: the server's own figures, asked for every two seconds while they are looked at. */

import { fetchStatus } from "../api.js";
import { sentenceOf } from "../sentences.js";
import { Seen } from "./timeline.js";
import { Tile } from "./tile.js";
import { TILES } from "./tiles.js";

const EVERY_S = 2;
/** After a refusal. */
const PATIENCE_S = 10;

export class View {
  /**
   * @param {HTMLElement} root filled with `views/monitor.html`
   * @param {object} app see `Views`
   */
  constructor(root, app) {
    Object.assign(this, { root, ...app });
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.seen = new Seen();
    this.tiles = TILES.map((tile) => new Tile(tile, root, this.translator));
    this.find("tiles").append(...this.tiles.map(({ element }) => element));
    this.told = null;
    this.error = null;
    this.shown = this.paused = false;
    this.timer = 0;
    this.find("spans").addEventListener("change", () => this.#draw());
    this.find("pause").addEventListener("click", () => this.#togglePause());
    document.addEventListener("visibilitychange", () => this.#goOn());
    this.translator.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  show() {
    this.shown = true;
    this.#goOn();
  }

  hide() {
    this.shown = false;
    this.#goOn();
  }

  get #looking() {
    return this.shown && !this.paused && !document.hidden;
  }

  #togglePause() {
    this.paused = !this.paused;
    this.find("pause").dataset.i18n = this.paused ? "resumePolling" : "pausePolling";
    this.translator.apply(this.root);
    this.#goOn();
    this.#draw();
  }

  #goOn() {
    clearTimeout(this.timer);
    if (this.#looking) this.#look();
    else this.seen.pause(performance.now() / 1000);
  }

  async #look() {
    clearTimeout(this.timer);
    try {
      this.told = await fetchStatus();
      this.error = null;
      if (this.#looking) this.seen.add(this.told, performance.now() / 1000);
    } catch (error) {
      this.error = error;
      this.seen.pause(performance.now() / 1000);
    }
    this.#draw();
    clearTimeout(this.timer); // another look may have begun meanwhile
    if (this.#looking) this.timer = setTimeout(() => this.#look(), 1000 * (this.error ? PATIENCE_S : EVERY_S));
  }

  #draw() {
    const { translator, error, told } = this;
    const time = new Date().toLocaleTimeString(document.documentElement.lang);
    const updated = told ? translator.t("updated", { every: EVERY_S, time }) : "";
    this.find("updated").textContent = this.paused ? translator.t("pollingPaused") : updated;
    this.find("trouble").hidden = !error;
    if (error) this.find("trouble").textContent = sentenceOf(error, translator);
    const span = this.root.querySelector("[name=span]:checked").value;
    const now = performance.now() / 1000;
    for (const tile of this.tiles) tile.draw(told, span, this.seen, now);
  }
}
