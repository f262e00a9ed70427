// @ts-check
/** Waits for the vendor's script and calls it. */

import { SECOND, config } from "./config.js";
import { every, ownGlobal, setHidden, setTexts } from "./dom.js";
import { Trouble } from "./request.js";
import { TEXT } from "./texts.js";

/** The vendor's API, once its script has loaded. */
export const CV = () => ownGlobal("CV");

/** Run once the script has loaded; other code may be waiting for it, too. @param {() => void} run */
export function whenLoaded(run) {
  const page = /** @type {any} */ (window);
  const before = ownGlobal("CVLoaded");
  if (typeof before === "function") {
    page.CVLoaded = (/** @type {unknown[]} */ ...args) => {
      before.apply(page, args);
      run();
    };
  } else if (before) run();
  else page.CVLoaded = run;
}

const loaded = new Promise((resolve) => whenLoaded(() => resolve(true)));

/** @template T @param {Promise<T>} promise @param {Trouble} trouble @returns {Promise<T>} */
function within10s(promise, trouble) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(trouble), 10 * SECOND);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export function script() {
  return within10s(loaded, new Trouble("trouble", TEXT.noScript, TEXT.noScriptRemedy));
}

/** Show beside the list that the script is missing, until it has loaded. */
export async function tellIfMissing() {
  const show = (/** @type {boolean} */ hidden) =>
    every("[data-chatvisor-no-script]").forEach((place) => setHidden(place, hidden));
  await script().catch((error) => {
    show(false);
    setTexts("[data-chatvisor-announce]", error.message);
  });
  await loaded;
  show(true);
}

/** @param {string} token */
export function authenticate(token) {
  if (config.auth === "email-token") CV().rest.auth(config.email, token);
  else CV().rest.auth(token);
}

/** Turn a documented call with a callback into a promise. @param {(done: (value: any) => void) => void} call */
export function answerOf(call) {
  return within10s(new Promise(call), new Trouble("trouble", TEXT.silent));
}
