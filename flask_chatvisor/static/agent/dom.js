// @ts-check
/** Reads the page, and changes it only where something is different. */

/**
 * The document, which has only properties of its own: in a page with `<img name=body>`,
 * `document.body` is that image.
 *
 * @type {Document}
 */
export const doc = new Proxy(Document.prototype, {
  get(own, key) {
    const value = Reflect.get(own, key, document);
    return typeof value === "function" ? value.bind(document) : value;
  },
  set: (own, key, value) => Reflect.set(own, key, value, document),
});

/** A global, or `undefined`: `<a id=CV>` makes `window.CV` that link, but never the window's own. @param {string} name @returns {any} */
export function ownGlobal(name) {
  return Object.hasOwn(window, name) ? /** @type {any} */ (window)[name] : undefined;
}

/** No forms, whose fields may be called like anything that elements have. @param {string} selector @param {ParentNode} [within] @returns {HTMLElement[]} */
export function every(selector, within = doc) {
  const found = /** @type {NodeListOf<HTMLElement>} */ (
    within.querySelectorAll(selector)
  );
  return Array.from(found).filter((element) => !(element instanceof HTMLFormElement));
}

/** The first element that fits; the element around it may be a form. @param {string} selector @param {Element | null} within @returns {Element | null} */
export function first(selector, within) {
  return within && Element.prototype.querySelector.call(within, selector);
}

/** The element of an event or around it that fits; never a form. @param {Event} event @param {string} selector @returns {HTMLElement | null} */
export function closest({ target }, selector) {
  if (!(target instanceof Element)) return null;
  const found = Element.prototype.closest.call(target, selector);
  return found instanceof HTMLElement && !(found instanceof HTMLFormElement)
    ? found
    : null;
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
  const element = doc.createElement(tag);
  element.textContent = text;
  if (class_) element.className = class_;
  return element;
}
