// @ts-check
/** Help requests of customers. */

import { begin, isBlank, openWindow, windowName } from "./call-windows.js";
import { answer, call, codeOf, complain } from "./failures.js";
import { visitor } from "./visitor.js";

const POLL = 2_000; // ms

/**
 * Ask for help; a customer with a call gets its window back.
 *
 * @param {string} [uid]
 * @returns {Promise<string | null>} the call's id
 */
export function startConference(uid) {
  const id = visitor.known?.id ?? crypto.randomUUID?.() ?? String(Math.random());
  const name = windowName("visitor", id);
  const opened = openWindow(name);
  if (visitor.call && opened && !isBlank(opened)) {
    opened.focus();
    return Promise.resolve(visitor.call.callId);
  }
  const fields = uid === undefined || uid === null ? {} : { uid: String(uid) };
  return answer("conference.start", null, null, () =>
    begin(name, opened, async () => {
      const { callId, url } = await visitor.request("conference-start", fields);
      // Whoever gives an id for the first time is another visitor from then on.
      if (opened && isBlank(opened) && visitor.known) {
        opened.name = windowName("visitor", visitor.known.id);
      }
      return { callId, url };
    }),
  );
}

/**
 * @param {string} uid
 * @param {Record<string, unknown> | (() => void) | null} [props]
 * @param {() => void} [callback]
 */
export async function joinQueue(uid, props, callback) {
  const done = typeof props === "function" ? props : callback;
  const given = typeof props === "function" ? {} : (props ?? {});
  /** @type {Record<string, unknown>} */
  const known = {};
  for (const key of ["firstName", "lastName", "email"]) {
    if (given[key] !== undefined) known[key] = String(given[key]).slice(0, 1000);
  }
  const joined = Number(given.joinedTimestamp);
  if (Number.isFinite(joined)) known.joinedTimestamp = joined;
  try {
    await visitor.request("conference-join", { uid: String(uid), props: known });
  } catch (error) {
    complain("conference.join", error);
    return false;
  }
  call(done);
  return true;
}

/**
 * One loop per id, however often it is requested; the last callback counts.
 *
 * @type {Map<string, {callback: unknown, done: Promise<number | null>}>}
 */
const polls = new Map();

/** @param {string} uid @param {(position: number) => void} callback */
export function queueStatus(uid, callback) {
  const id = String(uid);
  const running = polls.get(id);
  if (running) {
    running.callback = callback;
    return running.done;
  }
  const poll = { callback, done: /** @type {Promise<number | null>} */ (pollQueue(id)) };
  polls.set(id, poll);
  return poll.done;
}

/** @param {string} uid */
async function pollQueue(uid) {
  for (let misses = 0; ; ) {
    try {
      const { position } = await visitor.request("queue-status", { uid });
      misses = 0;
      const callback = polls.get(uid)?.callback;
      if (position === -1) polls.delete(uid);
      call(callback, position);
      if (position === -1) return -1;
    } catch (error) {
      const passing = ["lost", "unreachable"].includes(codeOf(error));
      if (!passing || misses++ === 0) complain("conference.queueStatus", error);
      if (!passing) {
        polls.delete(uid);
        return null;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}
