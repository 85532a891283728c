/** The server's routes that the page uses. Addresses are relative, so the page also works below a path prefix. */

/** A server that is busy, or is still opening its voice, is asked again so often. */
const BUSY_TRIES = 5;
const LONGEST_PAUSE_S = 3;

/**
 * What went wrong: `refused` by the server, no `network` or one too `slow`, an answer `broken` off or not understood, audio
 * `expired`.
 */
export class ApiError extends Error {
  /**
   * @param {"refused" | "network" | "slow" | "broken" | "expired"} kind
   * @param {string} message the server's sentence, or empty
   * @param {number} [status] HTTP status
   * @param {string} [code] the server's word for the kind of refusal
   */
  constructor(kind, message = "", status = 0, code = "") {
    super(message);
    Object.assign(this, { kind, status, code });
  }
}

/**
 * What can be asked for.
 *
 * @returns {Promise<{voices: Array<{name: string, speakers: Array<{name: string, gender: string}>,
 *   styles: Array<{name: string, description: string}>, sample_rate: number, licence: string}>, emotions: string[],
 *   ranges: Record<string, {min: number, max: number}>, max_characters: number, formats: string[]}>}
 */
export async function fetchVoices() {
  return parse(await send("api/voices", {}));
}

/**
 * How it goes: what is under way, and the figures of the last minute and since the start.
 *
 * @returns {Promise<object>} as docs/serve.md has it
 */
export async function fetchStatus() {
  return parse(await send("api/status", {}));
}

/**
 * A route below /admin.
 *
 * @param {"GET" | "POST"} method
 * @param {string} path
 * @param {Record<string, string>} headers the key and the second factor
 * @returns {Promise<{body: object, session: string | null}>} `session` stands for the second factor for ten minutes
 */
export async function administer(method, path, headers) {
  const response = await send(`admin/${path}`, { method, headers });
  return { body: await parse(response), session: response.headers.get("x-admin-session") };
}

/**
 * A whole file in the format that the request names.
 *
 * @param {object} request
 * @param {AbortSignal} [signal]
 * @returns {Promise<{audio_url: string}>}
 */
export async function synthesize(request, signal) {
  return parse(await send("api/tts", post(request, signal)));
}

/**
 * @param {string} url as `synthesize` gives it
 * @returns {Promise<Blob>} the finished file
 */
export async function fetchAudio(url) {
  const response = await send(url, {});
  try {
    return await response.blob();
  } catch {
    throw new ApiError("broken");
  }
}

/**
 * Speech as it is made: lines of type start, sentence, audio (with `pcm`, an Int16Array), done.
 *
 * @param {object} request
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<object>}
 * @throws {ApiError} also when the stream ends before its line `done`
 */
export async function* streamSpeech(request, signal) {
  const response = await send("api/tts/stream", post(request, signal));
  let done = false;
  for await (const line of jsonLines(response.body.getReader())) {
    if (line.type === "error") throw new ApiError("refused", line.message, line.status, line.code);
    if (line.type === "audio") line.pcm = decodePcm(line.pcm16);
    done ||= line.type === "done";
    yield line;
  }
  if (!done) throw new ApiError("broken");
}

function post(request, signal) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request), signal };
}

async function send(path, options) {
  let response = await ask(path, options);
  for (let tries = 1; response.status === 503 && tries < BUSY_TRIES; tries += 1) {
    await pause(1000 * Math.min(LONGEST_PAUSE_S, Number(response.headers.get("retry-after")) || 1), options.signal);
    response = await ask(path, options);
  }
  if (!response.ok) {
    const { message, code } = await errorOf(response);
    throw new ApiError("refused", message, response.status, code);
  }
  return response;
}

async function ask(path, options) {
  try {
    return await fetch(path, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("network");
  }
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function errorOf(response) {
  try {
    const { error, detail } = await response.json();
    return { message: String(error?.message ?? detail ?? ""), code: String(error?.code ?? "") };
  } catch {
    return { message: response.statusText, code: "" };
  }
}

async function parse(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("broken");
  }
}

async function* jsonLines(reader) {
  const decoder = new TextDecoder();
  let parts = [];
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await readMore(reader);
      ended = done;
      if (done) return;
      const pieces = decoder.decode(value, { stream: true }).split("\n");
      parts.push(pieces.shift());
      for (const piece of pieces) {
        const line = parts.join("");
        parts = [piece];
        if (line.trim()) yield parseLine(line);
      }
    }
  } finally {
    if (!ended) reader.cancel().catch(() => {});
  }
}

async function readMore(reader) {
  try {
    return await reader.read();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("broken");
  }
}

function parseLine(line) {
  try {
    return JSON.parse(line);
  } catch {
    throw new ApiError("broken");
  }
}

/**
 * @param {string} base64 signed 16-bit little-endian samples (the byte order of every machine that runs a browser)
 * @returns {Int16Array}
 */
export function decodePcm(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return new Int16Array(bytes.buffer);
}
