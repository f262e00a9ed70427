// @ts-check
/** The service's address. */

import { Socket } from "../shared/socket.js";

/** @import { Message } from "../shared/socket.js" */

const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
/** The service's public address: the script is at <base>cdn/js/<id>.js. */
export const BASE = new URL("../..", script?.src || window.location.href);
const DELAYS = { first: 400, longest: 30_000 };

/**
 * Make a socket that pauses while its page is in the back-forward cache.
 *
 * @param {() => Message | Promise<Message>} hello
 * @param {(message: Message) => void} onMessage
 * @param {(code: number) => boolean} onClosed
 */
export function makeSocket(hello, onMessage, onClosed) {
  const socket = new Socket(new URL("ws", BASE), DELAYS, hello, onMessage, onClosed);
  window.addEventListener("pagehide", (event) => {
    if (event.persisted) socket.drop();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) socket.retryNow();
  });
  return socket;
}
