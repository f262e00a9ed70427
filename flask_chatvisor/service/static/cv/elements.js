// @ts-check
/** Makes elements. */

import { doc } from "../shared/page.js";
import { SHEET } from "./styles.js";
import { spokenLanguage, text } from "./texts.js";

/**
 * Make an element; texts become text nodes.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, attributes = {}, ...children) {
  const made = doc.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Give it the script's own styles, and the language. @param {HTMLElement} host */
export function shadow(host) {
  host.lang = spokenLanguage();
  host.dir = text("direction");
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [SHEET];
  return root;
}
