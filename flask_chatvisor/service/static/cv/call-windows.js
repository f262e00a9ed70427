// @ts-check
/** Call windows, and the calls that agents start. */

import { answer, codeOf, Failure } from "./failures.js";
import { notify } from "./notice.js";
import { callToken, rest } from "./rest.js";
import { address } from "./service.js";
import { learnLanguage, text, wantedLanguage } from "./texts.js";
import { visitor } from "./visitor.js";

/** @param {"agent" | "visitor"} role @param {string} visitorId */
export const windowName = (role, visitorId) => `chatvisor-${role}-${visitorId}`;

/**
 * Open the call's window while the click still counts; its address follows later.
 *
 * @param {string} name
 */
export function openWindow(name) {
  const opened = window.open("", name);
  if (opened) void learnLanguage().then(() => nameBlank(opened));
  return opened;
}

/** @param {Window} opened */
function nameBlank(opened) {
  try {
    if (!opened.document.title) opened.document.title = text("opening.head");
  } catch {
    // A window of that name already shows a call and is reused.
  }
}

/** The call window speaks the page's language. @param {string} url */
export function inLanguage(url) {
  const checked = address(url);
  checked.searchParams.set("lang", wantedLanguage());
  return checked.href;
}

/**
 * @param {Window | null} opened
 * @param {string} name
 * @param {string} url
 */
function go(opened, name, url) {
  const href = inLanguage(url);
  try {
    if (!opened || opened.closed) throw new Failure("blocked");
    opened.location.replace(href);
  } catch {
    void notify("notice.blocked", {}, { href, target: name });
  }
}

/** @param {Window} opened */
export function isBlank(opened) {
  try {
    return opened.location.href === "about:blank";
  } catch {
    return false; // it shows the service's page
  }
}

/**
 * Show in the opened window what went wrong. A window that existed before may show a
 * call, which must continue.
 *
 * @param {Window | null} opened
 * @param {string} name
 * @param {unknown} error
 */
function goNowhere(opened, name, error) {
  const code = codeOf(error);
  const reason = code === "not-found" ? "visitor-gone" : code;
  if (reason === "busy" && visitor.call) {
    // The customer's own call is shared from a window that this page cannot reach.
    if (opened && isBlank(opened)) opened.close();
    return void notify("notice.elsewhere");
  }
  const shown = ["busy", "visitor-gone", "asked-recently"].includes(reason) ? reason : "failed";
  const end = `call/none#ended=${shown}`;
  if (opened && !opened.closed && isBlank(opened)) go(opened, name, end);
  else void notify(`ended.none.${shown}`);
}

/**
 * @param {string} name
 * @param {Window | null} opened
 * @param {() => Promise<{callId: string, url: string}>} start
 * @returns {Promise<string | null>} the call's id
 */
export async function begin(name, opened, start) {
  try {
    const { callId, url } = await start();
    go(opened, name, url);
    return callId;
  } catch (error) {
    goNowhere(opened, name, error);
    throw error;
  }
}

/** @type {Map<string, Promise<string | null>>} */
const starting = new Map();

/** @param {string} visitorId */
export function startScreen(visitorId) {
  const id = String(visitorId ?? "");
  const already = starting.get(id);
  if (already) return already; // a double click starts one call
  const name = windowName("agent", id);
  const opened = openWindow(name);
  try {
    if (opened) opened.opener = null; // it shows what the customer sends
  } catch {
    // The opener is already cut off: the window shows a call.
  }
  const token = callToken(id);
  const started = answer("calling.startScreen", null, null, () =>
    begin(name, opened, () =>
      rest("call", token, { visitorId: id, kind: "screen" }),
    ),
  ).finally(() => starting.delete(id));
  starting.set(id, started);
  return started;
}
