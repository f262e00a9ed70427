// @ts-check
/** What all parts of the script use: where the service is, failures, elements, storage. */

/**
 * @typedef {{type: string, [key: string]: any}} Message
 * @typedef {{[key: string]: any}} ActiveUser
 * @typedef {{name: string, email: string}} Agent
 * @typedef {"live" | "reconnecting"} AgentSocketState
 *
 * @typedef {object} OwnCall the call that this visitor waits for or is in
 * @property {string} callId
 * @property {"waiting" | "accepted" | "connecting" | "live"} state
 * @property {Agent | null} agent
 * @property {number | null} position in the queue; 0 is next
 * @property {boolean} window whether its call window is there
 */

const scope = /** @type {any} */ (window);

const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
/** The service's public address: the script is at <base>cdn/js/<id>.js. */
const BASE = new URL("../..", script?.src || window.location.href);

/** What went wrong, with a stable code. */
class Failure extends Error {
  /**
   * @param {string} code
   * @param {string} [detail]
   */
  constructor(code, detail = "") {
    super(detail);
    this.code = code;
  }
}

/**
 * @param {string} where
 * @param {unknown} error
 */
function complain(where, error) {
  const code = error instanceof Failure ? error.code : "failed";
  const detail = error instanceof Error && error.message ? ` (${error.message})` : "";
  console.warn(`chatvisor: ${where}: ${code}${detail}`);
}

/**
 * Call back with what `work` gives, or with `empty` and a line in the console.
 *
 * @template T
 * @param {string} where
 * @param {((result: T) => void) | null | undefined} callback
 * @param {T} empty
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function answer(where, callback, empty, work) {
  let result = empty;
  try {
    result = await work();
  } catch (error) {
    complain(where, error);
  }
  call(callback, result);
  return result;
}

/**
 * Run the page's own function: what it throws is the page's, and stops nothing here.
 *
 * @param {unknown} callback
 * @param {...unknown} values
 */
function call(callback, ...values) {
  if (typeof callback !== "function") return;
  try {
    callback(...values);
  } catch (error) {
    reportError(error);
  }
}

/** @param {number} milliseconds */
const pause = (milliseconds) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Make an element; texts become text nodes.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * Storage that keeps working, for this page at least, where the browser blocks it.
 *
 * @param {"localStorage" | "sessionStorage"} kind
 */
function storage(kind) {
  /** @type {Map<string, string>} */
  const memory = new Map();
  return {
    /** @param {string} key */
    get(key) {
      try {
        return window[kind].getItem(key);
      } catch {
        return memory.get(key) ?? null;
      }
    },
    /**
     * @param {string} key
     * @param {string | null} value
     */
    set(key, value) {
      try {
        if (value === null) window[kind].removeItem(key);
        else window[kind].setItem(key, value);
      } catch {
        if (value === null) memory.delete(key);
        else memory.set(key, value);
      }
    },
  };
}

const VISITOR_KEY = "chatvisor-visitor";
const TOKEN_KEY = "chatvisor-token";
const local = storage("localStorage");
const session = storage("sessionStorage");
