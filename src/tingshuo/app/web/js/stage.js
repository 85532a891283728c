/** The sound made visible: timeline, picture, overview and transport, drawn together once a frame while anything moves. */

import { clock, milliseconds, ratio } from "./format.js";
import { tellLabel } from "./made-by-ai.js";
import { Overview } from "./overview.js";
import { Picture } from "./picture.js";
import { Timeline } from "./timeline.js";
import { Viewport } from "./viewport.js";

const DRAG_PX = 4;

export class Stage {
  /**
   * @param {HTMLElement} root
   * @param {import("./session.js").Session} session
   * @param {import("./i18n.js").Translator} translator
   */
  constructor(root, session, translator) {
    Object.assign(this, { root, session, translator, player: session.player, track: session.track });
    const find = (selector) => root.querySelector(selector);
    this.viewport = new Viewport();
    this.window = find("[data-window]");
    this.playButton = find("#play");
    this.clock = find("[data-clock]");
    this.slider = find("#seek");
    const seek = (seconds) => this.seek(seconds);
    this.timeline = new Timeline(find("#timeline"), this.track, this.viewport, seek);
    this.picture = new Picture(find("#picture"), this.track, this.viewport);
    this.overview = new Overview(find("#overview"), this.slider, this.track, this.viewport);
    this.frame = 0;
    this.#listen();
    this.draw();
  }

  /** @param {number} seconds */
  seek(seconds) {
    this.viewport.following = true;
    this.player.seek(seconds);
    this.draw();
  }

  toggle() {
    if (!this.player.hasSound) return;
    this.viewport.following = true;
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }

  /** Draw in the next frame, and go on while sound is playing. */
  draw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.#drawNow();
      if (this.player.playing) this.draw();
    });
  }

  #listen() {
    const { track, player, session } = this;
    track.addEventListener("reset", () => this.#reset());
    track.addEventListener("grow", () => {
      if (this.viewport.startS === 0) this.viewport.fit(track.characters);
      this.draw();
    });
    player.addEventListener("change", () => this.draw());
    session.addEventListener("change", () => this.#drawMetrics());
    this.translator.addEventListener("change", () => this.#drawMetrics());
    this.playButton.addEventListener("click", () => this.toggle());
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    new ResizeObserver(() => this.draw()).observe(this.window);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#recolour());
    this.#listenToPointer();
  }

  /** A click seeks, a drag or a sideways wheel looks around. */
  #listenToPointer() {
    const canvas = this.picture.canvas;
    let from = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button === 0) from = { x: event.clientX, startS: this.viewport.startS, moved: false };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const moved = event.clientX - from.x;
      if (!from.moved && Math.abs(moved) > DRAG_PX) {
        from.moved = true;
        canvas.setPointerCapture(event.pointerId);
      }
      if (from.moved) this.#lookAt(from.startS - moved / this.viewport.pxPerS);
    });
    canvas.addEventListener("pointerup", (event) => {
      if (from && !from.moved && this.player.hasSound) this.seek(this.viewport.seconds(event.offsetX));
      from = null;
    });
    canvas.addEventListener("pointercancel", () => {
      from = null;
    });
    this.window.addEventListener(
      "wheel",
      (event) => {
        if (Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
        event.preventDefault();
        this.#lookAt(this.viewport.startS + event.deltaX / this.viewport.pxPerS);
      },
      { passive: false },
    );
  }

  #lookAt(startS) {
    this.viewport.following = false;
    this.viewport.moveTo(startS);
    this.draw();
  }

  #reset() {
    this.root.dataset.emotion = this.session.utterance.settings.emotion;
    this.root.classList.add("filled");
    this.viewport.following = true;
    this.viewport.startS = 0;
    this.timeline.reset();
    this.picture.reset();
    this.#recolour();
  }

  #recolour() {
    this.picture.recolour();
    this.overview.recolour();
    this.draw();
  }

  #drawNow() {
    const { player, viewport, track } = this;
    if (!this.window.clientWidth) return; // another view is shown
    const position = player.positionS;
    const duration = Math.max(player.durationS, track.durationS);
    viewport.width = this.window.clientWidth;
    viewport.durationS = duration;
    viewport.follow(position);
    this.timeline.draw(position, player.playing || position > 0);
    this.picture.draw(position);
    this.overview.draw(position, duration);
    const text = `${clock(position)} / ${clock(duration)}`;
    if (this.clock.textContent !== text) this.clock.textContent = text;
    this.#drawPlayButton();
  }

  #drawPlayButton() {
    const { playing, hasSound } = this.player;
    this.playButton.disabled = !hasSound;
    if (this.playButton.dataset.playing === String(playing)) return;
    this.playButton.dataset.playing = String(playing);
    this.playButton.dataset.i18nAttr = `aria-label:${playing ? "pause" : "play"}`;
    this.translator.apply(this.playButton.parentElement);
  }

  #drawMetrics() {
    const { utterance } = this.session;
    const summary = utterance?.summary;
    const put = (name, text, title) => {
      const element = this.root.querySelector(`[data-metric=${name}]`);
      element.textContent = text;
      element.parentElement.title = title || "";
    };
    put("first", utterance?.firstAudioMs ? milliseconds(utterance.firstAudioMs) : "—", summary && this.#stages(summary.stages));
    const times = summary && Math.round(1 / summary.rtf);
    put("rtf", summary ? ratio(summary.rtf) : "—", summary && this.translator.t("faster", { times }));
    put("duration", summary ? clock(summary.duration_s) : "—");
    tellLabel(this.root.querySelector("[data-made]"), summary ? summary.label : undefined, this.translator);
  }

  #stages(stages) {
    const names = ["ttfb", "text", "acoustic", "vocoder"];
    const values = names.map((name) => [name, milliseconds(stages[`${name}_ms`] ?? 0)]);
    return this.translator.t("stages", Object.fromEntries(values));
  }
}
