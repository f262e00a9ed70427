// @ts-check
/**
 * The call window's texts, in the language of the page that opened it, or else in one of
 * the browser's languages.
 */

import { fetchTexts, fill, firstKnown } from "../shared/texts.js";
import { texts as english } from "../texts/en.js";

const FOLDER = new URL("../texts/", import.meta.url);

const asked = new URLSearchParams(window.location.search).get("lang") ?? "";
const wanted = firstKnown([asked, ...navigator.languages]);
const { language, texts } = await fetchTexts(wanted, english, FOLDER);
const plural = new Intl.PluralRules(language);

/** Declare the language, for screen readers, hyphenation and text direction. */
export function declareLanguage() {
  document.documentElement.lang = language;
  document.documentElement.dir = text("direction");
}

/**
 * @param {string} key
 * @param {Record<string, string>} [values]
 * @returns {string}
 */
export const text = (key, values = {}) => fill(texts[key] ?? key, values);

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
 * A text that depends on a number. Its key has the plural forms of the language.
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
