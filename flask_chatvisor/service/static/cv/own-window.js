// @ts-check
/**
 * The customer's own call window, without the service in between. It reports to the page
 * that opened it; that page passes on the Stop of the others.
 */

import { BASE } from "./service.js";

/**
 * @typedef {object} Report what the call window says of its call
 * @property {string} callId
 * @property {"waiting" | "accepted" | "connecting" | "live" | "ended"} state
 * @property {{name: string, email: string} | null} agent
 * @property {boolean} sharing
 */

const CHANNEL = "chatvisor-own-window";

/** @type {Window | null} */
let reachable = null;
const others = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;

/**
 * Stop the sharing of a call, on whichever page its window can be reached.
 *
 * @param {string} callId
 */
export function stopSharing(callId) {
  stopHere(callId);
  others?.postMessage({ stop: callId });
}

/** @param {string} callId */
function stopHere(callId) {
  reachable?.postMessage({ chatvisor: "stop", callId }, BASE.origin);
}

/** @param {(report: Report) => void} listener */
export function onReport(listener) {
  window.addEventListener("message", ({ origin, source, data }) => {
    if (origin !== BASE.origin || !source || source === window) return;
    if (data?.chatvisor === "window") {
      reachable = /** @type {Window} */ (source);
      reachable.postMessage({ chatvisor: "page" }, BASE.origin);
    }
    if (data?.chatvisor === "call" && source === reachable) listener(data);
  });
  others?.addEventListener("message", ({ data }) => {
    if (typeof data?.stop === "string") stopHere(data.stop);
  });
}
