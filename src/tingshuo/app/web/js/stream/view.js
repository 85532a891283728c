/** The streaming view: text goes out as it is written, sound comes back meanwhile, and somebody may barge in. */

import { Chart } from "../chart.js";
import { milliseconds } from "../format.js";
import { tellLabel } from "../made-by-ai.js";
import { Player } from "../player.js";
import { sentenceOf } from "../sentences.js";
import { requestBody } from "../settings.js";
import { Captions } from "./captions.js";
import { Conversation } from "./conversation.js";
import { Feeder } from "./feeder.js";
import { PREPARED } from "./prepared.js";

const CHART = { spanS: 20, least: 2 };
const NOTE_EVERY_S = 0.1;
const STATES = {
  idle: "ready", connecting: "requesting", listening: "requesting", speaking: "speaking", heard: "done", cancelled: "stopped",
  error: "error",
};

export class View {
  /**
   * @param {HTMLElement} root filled with `views/stream.html`
   * @param {object} app see `Views`
   */
  constructor(root, app) {
    Object.assign(this, { root, ...app });
    const find = (name) => root.querySelector(`[data-${name}]`);
    Object.assign(this, { find, go: find("go"), barge: find("barge"), status: find("status") });
    this.box = root.querySelector("textarea");
    this.range = root.querySelector("#stream-rate");
    this.voice = new Conversation(new Player(new Audio()));
    this.captions = new Captions(find("captions"));
    this.chart = new Chart(root.querySelector("svg[data-lead]"), CHART);
    this.feeder = new Feeder((piece) => this.#send(piece), () => this.voice.over());
    this.box.value = PREPARED[0].text;
    this.typed = "";
    this.notes = [];
    this.frame = 0;
    this.#listen();
    this.#drawPrepared();
    this.draw();
  }

  show() {
    this.draw();
  }

  hide() {
    this.feeder.stop();
    this.voice.leave();
  }

  get typing() {
    return this.root.querySelector("[name=stream-mode]:checked").value === "type";
  }

  #listen() {
    const { voice, box } = this;
    this.go.addEventListener("click", () => this.#go());
    this.barge.addEventListener("click", (event) => this.#bargeIn(event.timeStamp));
    this.find("modes").addEventListener("change", () => this.#changeMode());
    this.range.addEventListener("input", () => this.draw());
    box.addEventListener("input", (event) => !event.isComposing && this.#type());
    box.addEventListener("compositionend", () => this.#type());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    voice.addEventListener("change", () => {
      if (!voice.open) this.feeder.stop();
      this.draw();
    });
    voice.addEventListener("begin", () => {
      this.session.player.pause(); // what was spoken on the first page
      this.#animate();
    });
    voice.addEventListener("sentence", ({ detail }) => this.captions.addSentence(detail));
    this.controls.addEventListener("change", () => this.draw());
    this.translator.addEventListener("change", () => {
      this.#drawPrepared();
      this.draw();
    });
  }

  /** The button: give the text out, or say that what was typed is whole. */
  async #go() {
    if (this.typing) {
      this.#overTyping();
    } else if (await this.#begin()) {
      this.feeder.start(this.box.value.trim(), Number(this.range.value));
      this.draw();
    }
  }

  #begin() {
    const { settings, offer } = this.controls;
    if (!offer) return false;
    const { text: _text, format: _format, ...config } = requestBody("", settings, "");
    this.captions.clear();
    this.feeder.stop();
    Object.assign(this, { notes: [], typed: "" });
    this.find("stopped").hidden = true;
    return this.voice.begin(config, offer.voices.find(({ name }) => name === settings.voice).sample_rate);
  }

  #send(piece) {
    this.captions.add(piece);
    this.voice.add(piece);
    this.draw();
  }

  /** Every character leaves as it is typed; what has left cannot be taken back. */
  #type() {
    const { box } = this;
    if (!this.typing) return this.draw();
    if (!this.voice.open) {
      if (!box.value.trim() || !this.controls.offer) return undefined;
      this.#begin();
    }
    if (!box.value.startsWith(this.typed)) box.value = this.typed;
    const piece = box.value.slice(this.typed.length);
    if (!piece) return undefined;
    this.typed = box.value;
    this.#send(piece);
    if (piece.endsWith("\n")) this.#overTyping();
    return undefined;
  }

  #overTyping() {
    this.voice.over();
    this.#clearTyped();
    this.box.focus();
  }

  /** What comes next is a new text. */
  #clearTyped() {
    this.box.value = this.typed = "";
    this.draw();
  }

  #bargeIn(pressed) {
    this.voice.bargeIn(pressed);
    this.feeder.stop();
    if (this.typing) this.#clearTyped();
    this.draw();
  }

  #onKey(event) {
    if (this.root.hidden) return;
    const isGo = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat;
    if (event.key === "Escape" && this.voice.busy) this.#bargeIn(event.timeStamp);
    else if (isGo && !this.go.disabled) this.go.click();
  }

  #changeMode() {
    this.#bargeIn(performance.now());
    this.box.value = this.typing ? "" : PREPARED[0].text;
    this.typed = "";
    this.draw();
    if (this.typing) this.box.focus();
  }

  draw() {
    const { translator, voice, typing } = this;
    const { phase } = voice;
    this.find("prepared").hidden = this.find("rate").hidden = typing;
    this.box.readOnly = !typing && this.feeder.feeding;
    this.box.placeholder = translator.t("typeHere");
    this.find("hint").textContent = translator.t(typing ? "typeHint" : "feedHint");
    this.find("go-text").textContent = translator.t(typing ? "typeOver" : "feedGo");
    this.go.disabled = !this.controls.offer || (typing ? !voice.open : !this.box.value.trim() || voice.busy);
    this.barge.disabled = !voice.busy;
    this.#drawRate();
    this.#drawManner();
    this.#drawLead();
    this.status.dataset.state = STATES[phase];
    const text = translator.t(voice.player.waiting && !voice.isMade ? "phaseWaiting" : `phase.${phase}`);
    const line = this.status.querySelector("[data-text]");
    if (line.textContent !== text) line.textContent = text;
    this.find("trouble").hidden = !voice.error;
    if (voice.error) this.find("trouble").textContent = sentenceOf(voice.error, translator);
    this.find("captions-empty").hidden = this.captions.sent !== "";
    if (phase === "heard") this.captions.finish();
    tellLabel(this.find("made"), voice.label, translator);
    this.#drawFigures();
  }

  #drawRate() {
    const [low, high, value] = [this.range.min, this.range.max, this.range.value].map(Number);
    const text = this.translator.t("rateValue", { count: value });
    this.range.style.setProperty("--fill", `${(100 * (value - low)) / (high - low)}%`);
    this.range.setAttribute("aria-valuetext", text);
    this.find("rate").querySelector("output").textContent = text;
  }

  /** How it will be spoken is chosen on the first page. */
  #drawManner() {
    const { translator, controls } = this;
    const { voice, speaker, emotion, speed } = controls.settings;
    const who = [translator.name("voice", voice, ""), speaker].filter(Boolean).join(" · ");
    this.find("manner").textContent = translator.t("manner", { who, emotion: translator.t(emotion), speed: speed.toFixed(2) });
  }

  #drawFigures() {
    const { figures } = this.voice;
    const { stop } = figures;
    this.#put("first", figures.firstAudioMs ? milliseconds(figures.firstAudioMs) : "—");
    this.#put("after", figures.firstAudioMs ? milliseconds(figures.afterPieceMs) : "—");
    this.#put("pieces", figures.pieces ? this.translator.t("piecesValue", { count: figures.pieces }) : "—");
    this.#put("gaps", this.voice.samples ? this.translator.t("gapsValue", { count: figures.gaps }) : "—");
    this.find("stopped").hidden = !stop;
    if (!stop) return;
    this.#put("silent", milliseconds(stop.silentMs));
    const confirmed = stop.confirmedMs === null ? "…" : milliseconds(stop.confirmedMs);
    this.#put("confirmed", stop.wasMade ? this.translator.t("wasMade") : confirmed);
    this.#put("unheard", this.translator.t("secondsValue", { count: stop.unheardS.toFixed(1) }));
  }

  #put(name, text) {
    this.root.querySelector(`[data-figure=${name}]`).textContent = text;
  }

  /** Captions and the chart of the lead, once a frame while there is sound. */
  #animate() {
    cancelAnimationFrame(this.frame);
    const { player } = this.voice;
    const began = performance.now();
    const step = () => {
      const now = (performance.now() - began) / 1000;
      if (player.playing) this.captions.draw(player.positionS);
      const { leadS } = this.voice;
      if (now - (this.notes.at(-1)?.at ?? -1) >= NOTE_EVERY_S) this.#note(now, leadS);
      if (player.playing) this.frame = requestAnimationFrame(step);
      else this.#note(now, null);
    };
    step();
  }

  #note(at, leadS) {
    this.notes.push({ at, values: [leadS] });
    if (this.notes.length > (2 * CHART.spanS) / NOTE_EVERY_S) this.notes.splice(0, this.notes.length / 2);
    this.#drawLead();
  }

  #drawLead() {
    const { at, values } = this.notes.at(-1) ?? { at: 0, values: [null] };
    const [leadS] = values;
    this.chart.draw(this.notes, Math.max(at, CHART.spanS));
    const text = leadS === null ? "—" : this.translator.t("secondsValue", { count: leadS.toFixed(1) });
    this.#put("lead", text);
    const top = (this.chart.highest ?? 0).toFixed(1);
    this.chart.svg.setAttribute("aria-label", this.translator.t("leadChart", { now: text, top }));
  }

  #drawPrepared() {
    this.find("prepared").replaceChildren(
      ...PREPARED.map((prepared) => {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", className: "sample", title: prepared.text });
        button.textContent = prepared[this.translator.language];
        button.addEventListener("click", () => {
          if (this.feeder.feeding) return;
          this.box.value = prepared.text;
          this.draw();
        });
        return button;
      }),
    );
  }
}
