// @ts-check
/** The page's configuration for its scripts. */

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

const block = document.getElementById("chatvisor-agent");
/** @type {Config} */
export const config = JSON.parse(block?.textContent ?? "{}");

/** In milliseconds. */
export const SECOND = 1000;
