// @ts-check
/**
 * What the call window says, in the language of the page that opened it.
 *
 * A language is a file of its own, with a line here; what it lacks is said in English.
 */

import { de } from "./texts-de.js";
import { en } from "./texts-en.js";

/** By language tag in lower case. @type {Map<string, Record<string, string>>} */
export const LANGUAGES = new Map([
  ["en", en],
  ["de", de],
]);

/** @param {string} tag */
const textsIn = (tag) =>
  LANGUAGES.get(tag.toLowerCase()) ?? LANGUAGES.get(tag.toLowerCase().split("-")[0] ?? "");

/** What anybody has written into a link need not be a language. @param {string} tag */
function isTag(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

/** The first that is known: the opening page's, then those of the browser. */
function chosen() {
  const asked = new URLSearchParams(window.location.search).get("lang") ?? "";
  const wanted = [asked, ...navigator.languages].filter(isTag);
  return wanted.find((tag) => textsIn(tag)) ?? "en";
}

const language = chosen();
const texts = { ...en, ...textsIn(language) };
const plural = new Intl.PluralRules(language);

/** Let the browser know: for its voice, its hyphens, and the side to begin at. */
export function declareLanguage() {
  document.documentElement.lang = language;
  document.documentElement.dir = text("direction");
}

/**
 * @param {string} key
 * @param {Record<string, string>} [values]
 * @returns {string}
 */
export function text(key, values = {}) {
  const template = texts[key] ?? key;
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/**
 * The first of several keys that has a text.
 *
 * @param {string[]} keys
 * @param {Record<string, string>} [values]
 */
export function firstText(keys, values = {}) {
  const found = keys.find((key) => texts[key]);
  return found ? text(found, values) : "";
}

/**
 * A text that depends on a number: at its key are those of the language's plural forms.
 *
 * @param {string} key
 * @param {number} count
 */
export function countedText(key, count) {
  const keys = [`${key}.${plural.select(count)}`, `${key}.other`];
  return firstText(keys, { count: number(count) });
}

/**
 * @param {number} value
 * @param {Intl.NumberFormatOptions} [options]
 */
export function number(value, options) {
  return new Intl.NumberFormat(language, options).format(value);
}
