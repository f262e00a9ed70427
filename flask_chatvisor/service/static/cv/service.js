// @ts-check
/** The service's address, and the only addresses that are followed. */

import { doc } from "../shared/page.js";
import { Socket } from "../shared/socket.js";
import { Failure } from "./failures.js";

/** @import { Message } from "../shared/socket.js" */

const DELAYS = { first: 400, longest: 30_000 };
/** An address that URL parsers do not correct, and that does not name a host by `//`. */
const PLAIN = /^[^/\\\s][^\\\s]*$/;

const script = doc.currentScript;
if (!(script instanceof HTMLScriptElement) || !/^https?:/.test(script.src)) {
  throw new Error("chatvisor: Load this script by <script src>: its address is the service's.");
}
/** The service's public address: the script is at <base>cdn/js/<id>.js. */
export const BASE = new URL("../..", script.src);

/**
 * Check an address before it is requested, opened or linked: it must be the service's.
 *
 * @param {unknown} given absolute, or relative to the service's address
 * @returns {URL}
 * @throws {Failure} `bad-address`
 */
export function address(given) {
  const plain = typeof given === "string" && PLAIN.test(given);
  const url = plain && parsed(given);
  if (url && url.href.startsWith(BASE.href)) return url;
  // Not the address itself, which may have a ticket.
  throw new Failure("bad-address", `not below ${BASE.href}; see CHATVISOR_SERVICE_URL`);
}

/** @param {string} given */
function parsed(given) {
  try {
    return new URL(given, BASE);
  } catch {
    return null;
  }
}

/**
 * Make a socket that pauses while its page is in the back-forward cache.
 *
 * @param {() => Message | Promise<Message>} hello
 * @param {(message: Message) => void} onMessage
 * @param {(code: number) => boolean} onClosed
 */
export function makeSocket(hello, onMessage, onClosed) {
  const socket = new Socket(address("ws"), DELAYS, hello, onMessage, onClosed);
  window.addEventListener("pagehide", (event) => {
    if (event.persisted) socket.drop();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) socket.retryNow();
  });
  return socket;
}
