/** The files on the page: dropped or chosen, each with its progress, its text, and what can be taken of it. */

import { fileSize, percent } from "../format.js";
import { FileQueue, FileTask } from "./file-queue.js";
import { Paper } from "./paper.js";
import { listenSentence } from "./sentences.js";
import { Takings } from "./takings.js";

const STATES = { waiting: "ready", sending: "requesting", hearing: "speaking", done: "done", error: "error", stopped: "stopped" };

export class FileList {
  /**
   * @param {HTMLElement} root the view; files may be dropped anywhere on it
   * @param {import("../i18n.js").Translator} translator
   * @param {() => Record<string, string>} fields how files are to be heard
   */
  constructor(root, translator, fields) {
    Object.assign(this, { root, translator, fields, queue: new FileQueue(), depth: 0, enabled: false });
    const find = (name) => root.querySelector(`[data-${name}]`);
    Object.assign(this, { zone: find("drop"), list: find("files"), template: find("file"), input: find("choose-input") });
    find("choose").addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      this.#add(this.input.files);
      this.input.value = "";
    });
    root.addEventListener("dragenter", (event) => this.#drag(event, 1));
    root.addEventListener("dragover", (event) => this.#drag(event, 0));
    root.addEventListener("dragleave", (event) => this.#drag(event, -1));
    root.addEventListener("drop", (event) => this.#drop(event));
  }

  /** @param {boolean} enabled whether there is somebody who hears */
  enable(enabled) {
    this.enabled = enabled;
    this.root.querySelector("[data-choose]").disabled = !enabled;
  }

  #drag(event, step) {
    if (!this.enabled || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.depth += step;
    this.zone.classList.toggle("over", this.depth > 0);
  }

  #drop(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault(); // or the browser would leave the page for the file
    this.depth = 0;
    this.zone.classList.remove("over");
    if (this.enabled) this.#add(event.dataTransfer.files);
  }

  #add(files) {
    for (const file of files) {
      const task = new FileTask(file, this.fields());
      this.list.append(new FileEntry(task, this).element);
      this.queue.add(task);
    }
  }
}

class FileEntry {
  /**
   * @param {FileTask} task
   * @param {FileList} list
   */
  constructor(task, { queue, template, translator }) {
    const element = template.content.firstElementChild.cloneNode(true);
    const find = (name) => element.querySelector(`[data-${name}]`);
    Object.assign(this, { task, translator, element, find });
    translator.apply(element);
    find("name").textContent = task.file.name;
    this.paper = new Paper(element, task.transcript, translator);
    this.takings = new Takings(find("takings"), task.transcript, translator, () => task.file.name.replace(/\.[^.]*$/, ""));
    find("remove").addEventListener("click", () => {
      queue.remove(task);
      element.remove();
    });
    find("again").addEventListener("click", () => queue.add(task));
    task.addEventListener("change", () => this.#draw());
    translator.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  #draw() {
    const { task, translator, find } = this;
    const { phase, progress } = task;
    const bar = find("progress");
    bar.hidden = !["sending", "hearing"].includes(phase);
    if (progress === null) bar.removeAttribute("value");
    else bar.value = progress;
    find("size").textContent = fileSize(task.file.size);
    find("share").textContent = progress === null || bar.hidden ? "" : percent(progress);
    const line = find("status");
    line.dataset.state = STATES[phase];
    const said = translator.t(phase === "done" && !task.transcript.text ? "file.nothing" : `file.${phase}`);
    if (line.querySelector("[data-text]").textContent !== said) line.querySelector("[data-text]").textContent = said;
    find("trouble").hidden = !task.error;
    if (task.error) find("trouble-text").textContent = listenSentence(task.error, translator);
    find("remarks").hidden = task.warnings.length === 0;
    find("remarks").textContent = task.warnings.join("；");
    find("written").hidden = task.transcript.segments.length === 0;
  }
}
