/** `POST /v1/audio/transcriptions` of one file, with events as it is written down; `fetch` would not tell how much has left. */

import { ApiError } from "../api.js";

const PATH = "v1/audio/transcriptions";

/**
 * @param {File} file
 * @param {Record<string, string>} fields of the form beside it
 * @param {object} options
 * @param {AbortSignal} options.signal
 * @param {(share: number) => void} options.onSent how much has left, 0 to 1
 * @param {(event: object) => void} options.onEvent an event of the server's; its last is `transcript.text.done`
 * @throws {ApiError} also when the answer ends before that
 */
export async function transcribe(file, fields, { signal, onSent, onEvent }) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, stream: "true" })) form.append(name, value);
  form.append("file", file);
  const request = new XMLHttpRequest();
  request.open("POST", PATH);
  const events = new Events(onEvent);
  request.upload.addEventListener("progress", ({ loaded, total }) => onSent(total ? loaded / total : 1));
  request.addEventListener("progress", () => request.status === 200 && events.read(request.responseText));
  signal.addEventListener("abort", () => request.abort());
  await new Promise((resolve, reject) => {
    request.addEventListener("load", resolve);
    request.addEventListener("error", () => reject(new ApiError(request.status ? "broken" : "network")));
    request.addEventListener("abort", () => reject(signal.reason));
    request.send(form);
  });
  if (request.status !== 200) throw refusalOf(request);
  events.read(request.responseText);
  if (events.error) throw events.error;
  if (!events.isDone) throw new ApiError("broken");
}

/** Server-sent events, as far as they have come. */
class Events {
  constructor(onEvent) {
    Object.assign(this, { onEvent, seen: 0, isDone: false });
    /** @type {ApiError | null} which ended them */
    this.error = null;
  }

  /** @param {string} text all that has come, from the first */
  read(text) {
    for (let end = text.indexOf("\n\n", this.seen); end >= 0; end = text.indexOf("\n\n", this.seen)) {
      const event = JSON.parse(text.slice(this.seen, end).replace(/^data: /, ""));
      this.seen = end + 2;
      if (event.type === "error") this.error = new ApiError("refused", event.error.message, 0, event.error.code);
      this.isDone ||= event.type === "transcript.text.done";
      this.onEvent(event);
    }
  }
}

function refusalOf({ status, statusText, responseText }) {
  try {
    const { error } = JSON.parse(responseText);
    return new ApiError("refused", error.message, status, error.code);
  } catch {
    return new ApiError("refused", statusText, status);
  }
}
