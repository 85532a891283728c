/** A small chart of numbers over time: lines over the last seconds, drawn as SVG so that it takes the colours of the page. */

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [300, 60];
/** Room above the highest point, so that a line at the top is seen whole. */
const HEAD = 4;
/** Zero lies so far above the edge, for the same reason. */
const FOOT = 2;

export class Chart {
  /**
   * @param {SVGElement} svg empty
   * @param {{spanS: number, least: number}} options how far back it looks, and what is at its top when all is smaller
   */
  constructor(svg, { spanS, least }) {
    Object.assign(this, { svg, spanS, least });
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    this.area = this.#path("area");
    this.lines = [];
  }

  /**
   * @param {Array<{at: number, values: Array<number | null>}>} points in order of time, seconds; null breaks a line
   * @param {number} now seconds, at the right edge
   */
  draw(points, now) {
    const seen = points.filter(({ at }) => at >= now - this.spanS);
    const count = Math.max(0, ...seen.map(({ values }) => values.length));
    while (this.lines.length < count) this.lines.push(this.#path(`line line-${this.lines.length + 1}`));
    const known = seen.flatMap(({ values }) => values.filter((value) => value !== null));
    /** The largest that is seen; null when nothing is. */
    this.highest = known.length ? Math.max(...known) : null;
    this.top = Math.max(this.least, this.highest ?? 0);
    this.lines.forEach((line, i) => line.setAttribute("d", this.#line(seen, i, now)));
    this.area.setAttribute("d", this.#area(seen, now));
  }

  #x(at, now) {
    return (WIDTH * (1 - (now - at) / this.spanS)).toFixed(1);
  }

  #y(value) {
    return (HEIGHT - FOOT - ((HEIGHT - FOOT - HEAD) * value) / this.top).toFixed(1);
  }

  #line(points, i, now) {
    let pen = "M";
    let d = "";
    for (const { at, values } of points) {
      const value = values[i] ?? null;
      if (value !== null) d += `${pen}${this.#x(at, now)} ${this.#y(value)}`;
      pen = value === null ? "M" : "L";
    }
    return d;
  }

  /** Below the first line. */
  #area(points, now) {
    let d = "";
    let run = [];
    const close = () => {
      if (run.length > 1) {
        const tops = run.map(({ at, values }) => `L${this.#x(at, now)} ${this.#y(values[0])}`).join("");
        d += `M${this.#x(run[0].at, now)} ${HEIGHT}${tops}L${this.#x(run.at(-1).at, now)} ${HEIGHT}Z`;
      }
      run = [];
    };
    for (const point of points) {
      if (point.values[0] === null) close();
      else run.push(point);
    }
    close();
    return d;
  }

  #path(name) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    this.svg.append(path);
    return path;
  }
}
