// @ts-check
/** The page's configuration for its scripts, and the only addresses that they follow. */

import { doc } from "./dom.js";

/**
 * @typedef {object} Config
 * @property {string} users
 * @property {string} user
 * @property {string} calls
 * @property {string} token
 * @property {"server" | "browser"} directory
 * @property {"token" | "email-token"} auth
 * @property {string} email
 * @property {string} [language]
 * @property {Record<string, string[]>} [texts] English to each plural form of the translation
 */

// By its type, because any element of the page may have its id.
const block = doc.querySelector('script[type="application/json"]#chatvisor-agent');
/** @type {Config} */
export const config = JSON.parse(block?.textContent ?? "{}");

/** Where the extension's routes are: this module is at <prefix>static/<hash>/config.js. */
const PREFIX = new URL("../../", import.meta.url);

/** Check an address before it is requested or linked: it must be a route of the extension. @param {string} path with the prefix @returns {string} */
export function address(path) {
  const url = new URL(path, PREFIX);
  if (/^\/(?![/\\\s])/.test(path) && url.href.startsWith(PREFIX.href)) return url.href;
  throw new Error(`chatvisor: ${path} is not below ${PREFIX.href}`);
}

/** In milliseconds. */
export const SECOND = 1000;
