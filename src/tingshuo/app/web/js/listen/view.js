/** The listening view: what is said into the microphone is written down while it is said, and files are, one after the other. */

import { fetchStatus } from "../api.js";
import { clock } from "../format.js";
import { read, write } from "../storage.js";
import { Dictation } from "./dictation.js";
import { FileList } from "./file-list.js";
import { ListenSocket } from "./listen-socket.js";
import { Meter } from "./meter.js";
import { obstacle } from "./microphone.js";
import { Paper } from "./paper.js";
import { listenSentence } from "./sentences.js";
import { Takings } from "./takings.js";
import { Transcript } from "./transcript.js";

const STATES = {
  idle: "ready", asking: "requesting", connecting: "requesting", listening: "speaking", finishing: "requesting", done: "done",
  error: "error",
};
/** Being so far behind is worth a word. */
const BEHIND_S = 2;

export class View {
  /**
   * @param {HTMLElement} root filled with `views/listen.html`
   * @param {object} app see `Views`
   */
  constructor(root, app) {
    Object.assign(this, { root, ...app });
    const find = (name) => root.querySelector(`[data-${name}]`);
    Object.assign(this, { find, mic: find("mic"), status: find("status"), written: find("dictated") });
    this.model = root.querySelector("#listen-model");
    this.language = root.querySelector("#listen-language");
    this.hotwords = root.querySelector("#listen-hotwords");
    /** @type {Array<{name: string, languages: string[], default: boolean}> | null} null before the server was asked */
    this.recognisers = null;
    /** Why nothing can be heard: what the page found when it asked the server. */
    this.trouble = null;
    this.transcript = new Transcript();
    this.dictation = new Dictation(this.transcript);
    this.meter = new Meter(find("levels"), this.mic);
    this.paper = new Paper(this.written, this.transcript, this.translator);
    this.takings = new Takings(find("takings"), this.transcript, this.translator);
    this.files = new FileList(root, this.translator, () => this.#config());
    this.#listen();
    this.#recall();
    this.draw();
  }

  show() {
    this.#look();
  }

  /** A microphone that nobody sees is not left on. */
  hide() {
    this.dictation.stop();
  }

  #listen() {
    const { dictation, transcript } = this;
    this.mic.addEventListener("click", () => this.#toggle());
    this.find("again").addEventListener("click", () => this.#again());
    this.find("clear").addEventListener("click", () => transcript.clear(dictation.heardS));
    for (const field of [this.model, this.language, this.hotwords]) field.addEventListener("change", () => this.#keep());
    this.model.addEventListener("change", () => this.#drawLanguages());
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && dictation.stop());
    dictation.addEventListener("change", () => this.draw());
    for (const event of ["add", "partial", "clear"]) transcript.addEventListener(event, () => this.draw());
    this.translator.addEventListener("change", () => {
      this.#drawModels();
      this.draw();
    });
  }

  #toggle() {
    const { dictation } = this;
    if (dictation.on) {
      dictation.stop();
    } else {
      this.session.player.pause(); // what was spoken on the first page would be heard
      dictation.start(this.#config());
    }
  }

  /** The button goes away with the trouble, so the focus goes to what is done instead. */
  #again() {
    if (this.trouble) this.#look();
    else this.#toggle();
    this.mic.focus();
  }

  /** Ask the server who hears. */
  async #look() {
    try {
      this.recognisers = (await fetchStatus()).recognisers;
      this.trouble = this.recognisers.length ? null : await reasonOfNone();
    } catch (error) {
      this.trouble = error;
    }
    this.#drawModels();
    this.draw();
  }

  /** @returns {Record<string, string>} what is chosen, as the routes want it */
  #config() {
    const chosen = { model: this.model.value, language: this.language.value, hotwords: this.hotwords.value.trim() };
    return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value));
  }

  #recall() {
    const { hotwords = "" } = read("listen", {});
    this.hotwords.value = String(hotwords);
  }

  #keep() {
    write("listen", { model: this.model.value, language: this.language.value, hotwords: this.hotwords.value });
  }

  draw() {
    const { dictation, translator, mic } = this;
    const { phase, on } = dictation;
    const forbidden = obstacle();
    const canHear = Boolean(this.recognisers?.length);
    mic.disabled = !canHear || forbidden !== null;
    mic.setAttribute("aria-disabled", String(phase === "finishing")); // the focus stays where it is
    mic.dataset.on = String(on);
    mic.setAttribute("aria-label", translator.t(on ? "stopListening" : "startListening"));
    this.files.enable(canHear);
    this.#drawStatus(canHear, forbidden !== null);
    this.find("clock").textContent = clock(this.transcript.originS + dictation.heardS);
    this.find("clear").disabled = !this.transcript.segments.length && !this.transcript.partial;
    this.find("behind").textContent =
      dictation.behindS > BEHIND_S ? translator.t("behind", { count: Math.round(dictation.behindS) }) : "";
    this.find("note").hidden = forbidden === null;
    if (forbidden) this.find("note").textContent = listenSentence(forbidden, translator);
    this.find("remarks").hidden = dictation.warnings.length === 0;
    this.find("remarks").textContent = dictation.warnings.join("；");
    this.#drawTrouble();
    this.#meter(phase);
  }

  #drawStatus(canHear, isForbidden) {
    const { phase } = this.dictation;
    const isBare = phase === "error" && !this.transcript.segments.length;
    let [state, key] = [STATES[phase], isBare ? "stateStopped" : `listen.${phase}`];
    if (phase === "idle" && !canHear) [state, key] = this.trouble ? ["error", "listen.unable"] : ["connecting", "stateConnecting"];
    else if (isForbidden) [state, key] = ["stopped", "listen.filesOnly"];
    this.status.dataset.state = state;
    const text = this.translator.t(key);
    const line = this.status.querySelector("[data-text]");
    if (line.textContent !== text) line.textContent = text;
  }

  #drawTrouble() {
    const { dictation, trouble, translator } = this;
    const error = trouble ?? dictation.error;
    const box = this.find("trouble");
    box.hidden = !error;
    if (!error) return;
    const isNone = this.recognisers?.length === 0 && error.kind === "refused";
    const text = isNone ? translator.t("noRecogniser", { message: error.message }) : listenSentence(error, translator);
    if (this.find("trouble-text").textContent !== text) this.find("trouble-text").textContent = text;
    const key = error.kind === "broken" ? "reconnect" : "retry";
    this.find("again").hidden = false;
    this.find("again").textContent = translator.t(key);
  }

  #meter(phase) {
    const analyser = phase === "listening" || phase === "connecting" ? this.dictation.microphone?.analyser : null;
    if (analyser === this.metered) return;
    this.metered = analyser;
    if (analyser) this.meter.start(analyser);
    else this.meter.stop();
  }

  #drawModels() {
    const { translator, recognisers } = this;
    const wanted = this.model.value || read("listen", {}).model;
    const chosen = recognisers?.find(({ name }) => name === wanted) ?? recognisers?.find((one) => one.default) ?? recognisers?.[0];
    const options = (recognisers ?? []).map(({ name, default: isDefault }) => {
      return new Option(isDefault ? translator.t("defaultRecogniser", { name }) : name, name);
    });
    this.model.replaceChildren(...(options.length ? options : [new Option(translator.t("none"), "")]));
    this.model.disabled = options.length === 0;
    if (chosen) this.model.value = chosen.name;
    this.#drawLanguages();
  }

  /** Only a recogniser of several languages can be told one. */
  #drawLanguages() {
    const { translator } = this;
    const languages = this.recognisers?.find(({ name }) => name === this.model.value)?.languages ?? [];
    const wanted = this.language.value || read("listen", {}).language;
    const named = (code) => (translator.has(`language.${code}`) ? translator.t(`language.${code}`) : code);
    const any = new Option(translator.t("anyLanguage"), "");
    this.language.replaceChildren(any, ...languages.map((code) => new Option(named(code), code)));
    this.language.value = languages.includes(wanted) ? wanted : "";
    this.find("languages").hidden = languages.length < 2;
    if (languages.length < 2) this.language.value = "";
  }
}

/** @returns {Promise<Error>} what the server says of having nobody who hears, and how to get one */
async function reasonOfNone() {
  return new Promise((resolve, reject) => {
    const socket = new ListenSocket({ onReady: () => resolve(null), onError: resolve });
    socket.open({}).catch(reject);
  });
}
