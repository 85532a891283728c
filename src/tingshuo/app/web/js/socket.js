/** WebSockets of the server. */

import { ApiError, fetchVoices } from "./api.js";

/**
 * @param {string} path below the page's
 * @returns {WebSocket} on its way, see `opened`; binary messages are ArrayBuffers
 */
export function socketTo(path) {
  const address = new URL(path, document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  return socket;
}

/**
 * @param {WebSocket} socket
 * @returns {Promise<void>} when it is open
 * @throws {ApiError} there is no connection to be had
 */
export async function opened(socket) {
  const isOpen = await new Promise((resolve) => {
    socket.addEventListener("open", () => resolve(true), { once: true });
    socket.addEventListener("close", () => resolve(false), { once: true });
  });
  if (!isOpen) await refusal();
}

/** Browsers do not tell why a socket was refused; another route that asks for the same key does. */
async function refusal() {
  await fetchVoices();
  throw new ApiError("network");
}
