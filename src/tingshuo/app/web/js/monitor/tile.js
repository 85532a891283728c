/** One card of the monitor: figures by name, bars, and a small chart where there is one. */

import { Chart } from "../chart.js";

/**
 * @typedef {object} TileKind
 * @property {string} key of the text of its title
 * @property {Array<[string, (told: object, figures: object, t: Function) => string]>} rows text keys and what they show;
 *   `figures` are those of the chosen span
 * @property {(figures: object) => Array<[string, number | null]>} [bars] text keys and values
 * @property {{series: string, least: number, shown: (value: number, t: Function) => string}} [plot]
 */

const UNKNOWN = "—";

export class Tile {
  /**
   * @param {TileKind} kind
   * @param {HTMLElement} root with the templates
   * @param {import("../i18n.js").Translator} translator
   */
  constructor(kind, root, translator) {
    Object.assign(this, { kind, translator });
    const copy = (name) => root.querySelector(`template[data-${name}]`).content.firstElementChild.cloneNode(true);
    this.element = copy("tile");
    this.element.dataset.tile = kind.key;
    this.list = this.element.querySelector("dl");
    this.figures = kind.rows.map(([key]) => this.#figure(key));
    if (kind.bars) this.bars = this.element.appendChild(Object.assign(document.createElement("dl"), { className: "bars" }));
    if (!kind.plot) return;
    this.plot = this.element.appendChild(copy("plot"));
    this.chart = null;
  }

  /**
   * @param {object | null} told by the server
   * @param {"last_minute" | "since_start"} span
   * @param {import("./timeline.js").Seen} seen
   * @param {number} now seconds
   */
  draw(told, span, seen, now) {
    const t = (...given) => this.translator.t(...given);
    this.element.querySelector("h3").textContent = t(this.kind.key);
    this.kind.rows.forEach(([key, value], i) => {
      this.figures[i].dt.textContent = t(key);
      this.figures[i].dd.textContent = told ? value(told, told[span], t) : UNKNOWN;
    });
    if (this.bars && told) this.#drawBars(this.kind.bars(told[span]), t);
    if (this.plot) this.#drawPlot(seen.series[this.kind.plot.series], now, seen.spanS(now), t);
  }

  #figure(key) {
    const box = document.createElement("div");
    const [dt, dd] = ["dt", "dd"].map((tag) => box.appendChild(document.createElement(tag)));
    dd.dataset.figure = key;
    this.list.append(box);
    return { dt, dd };
  }

  #drawBars(rows, t) {
    const largest = Math.max(0.001, ...rows.map(([, value]) => value ?? 0));
    this.bars.replaceChildren(
      ...rows.map(([key, value]) => {
        const box = document.createElement("div");
        const [dt, dd, bar] = ["dt", "dd", "span"].map((tag) => document.createElement(tag));
        dt.textContent = t(key);
        dd.textContent = value === null ? UNKNOWN : `${value.toFixed(1)} ms`;
        dd.dataset.figure = key;
        bar.className = "bar";
        bar.style.setProperty("--share", `${(100 * (value ?? 0)) / largest}%`);
        dd.append(bar);
        box.append(dt, dd);
        return box;
      }),
    );
  }

  #drawPlot(points, now, spanS, t) {
    const { least, shown } = this.kind.plot;
    this.chart ??= new Chart(this.plot.querySelector("svg"), { spanS, least });
    this.chart.spanS = spanS;
    this.chart.draw(points, now);
    const latest = points.at(-1)?.values[0] ?? null;
    const minutes = Math.round(spanS / 60);
    const top = this.chart.highest === null ? UNKNOWN : shown(this.chart.highest, t);
    const lines = `lines.${this.kind.plot.series}`;
    const caption = [t("chartSpan", { minutes, top }), this.translator.has(lines) ? t(lines) : ""];
    this.plot.querySelector("p").textContent = caption.filter(Boolean).join(" · ");
    const label = { what: t(this.kind.key), minutes, now: latest === null ? UNKNOWN : shown(latest, t), top };
    this.chart.svg.setAttribute("aria-label", t("chartOf", label));
  }
}
