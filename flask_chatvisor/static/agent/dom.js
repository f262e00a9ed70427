// @ts-check
/** Changes the page only where something is different. */

/** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement[]} */
export function every(selector, within = document) {
  return Array.from(within.querySelectorAll(selector));
}

/** Change a text only if it is different, and keep the text node, because selections depend on it. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent === text) return;
  const only = element.firstChild;
  if (only instanceof Text && !only.nextSibling) only.data = text;
  else element.textContent = text;
}

/** @param {string} selector @param {string} text @param {ParentNode} [within] */
export function setTexts(selector, text, within) {
  for (const element of every(selector, within)) setText(element, text);
}

/** @param {HTMLElement} element @param {boolean} hidden */
export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** @param {Element} element @param {string} name @param {string} value */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** @param {string} tag @param {string} text @param {string} [class_] */
export function make(tag, text, class_ = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (class_) element.className = class_;
  return element;
}
