// @ts-check
/** How long ago something was, in words that are kept up to date. */

import { SECOND } from "./config.js";
import { doc, every, setText } from "./dom.js";
import { TEXT } from "./texts.js";

/** How far the server's clock is ahead of this one. */
let ahead = 0;

/** @param {string} asOf */
export function setClock(asOf) {
  const offset = Date.parse(asOf) - Date.now();
  // Small differences come from the network, not from a wrong clock.
  if (Math.abs(offset) > 2 * SECOND) ahead = offset;
}

/** @param {string} since @param {string | undefined} style */
function elapsed(since, style) {
  const seconds = Math.max(
    0,
    Math.floor((Date.now() + ahead - Date.parse(since)) / SECOND),
  );
  return said(seconds, style);
}

/** In words, like in the templates. @param {number} seconds @param {string | undefined} style */
export function said(seconds, style) {
  if (style === "ago" && seconds < 10) return TEXT.now;
  if (style === "active" && seconds < 10) return TEXT.activeNow;
  const text = span(seconds);
  if (style === "active") return TEXT.activeAgo(text);
  if (style === "ago") return TEXT.ago(text);
  return style === "lasting" ? TEXT.lasting(text) : text;
}

/** Tens of seconds, because a number that changes every second is distracting. @param {number} seconds */
function span(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (!minutes) return TEXT.seconds(seconds - (seconds % 10) || seconds);
  if (!hours) return TEXT.minutes(minutes);
  return hours < 24
    ? TEXT.hours(hours, minutes % 60)
    : TEXT.days(Math.floor(hours / 24));
}

/** The page's language; if it is missing or unknown, the browser's. */
export function language() {
  try {
    return Intl.getCanonicalLocales(doc.documentElement.lang)[0];
  } catch {
    return undefined;
  }
}

const whole = new Intl.DateTimeFormat(language(), {
  dateStyle: "medium",
  timeStyle: "medium",
});

/** The times in the titles. @type {WeakMap<HTMLTimeElement, string>} */
const told = new WeakMap();

/** @param {HTMLTimeElement} time */
export function tell(time) {
  const at = new Date(time.dateTime);
  if (isNaN(at.getTime())) return;
  setText(time, elapsed(time.dateTime, time.dataset.chatvisorTime));
  // Formatting a date takes far longer than a time span.
  if (told.get(time) === time.dateTime) return;
  told.set(time, time.dateTime);
  time.title = whole.format(at);
}

export function tellAll() {
  for (const time of every("time[data-chatvisor-time][datetime]"))
    tell(/** @type {HTMLTimeElement} */ (time));
}
