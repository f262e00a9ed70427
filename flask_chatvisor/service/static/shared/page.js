// @ts-check
/** The page that a script runs in. What its markup is called is not believed. */

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

/**
 * A global, or `undefined`: in a page with `<a id=navigation>`, `window.navigation` is that
 * link, but it is never the window's own.
 *
 * @param {string} name
 * @returns {any}
 */
export const ownGlobal = (name) =>
  Object.hasOwn(window, name) ? /** @type {any} */ (window)[name] : undefined;

/**
 * `element.closest(selector)`, also in a form with a field of that name.
 *
 * @param {Element} element
 * @param {string} selector
 * @returns {Element | null}
 */
export const closest = (element, selector) =>
  Element.prototype.closest.call(element, selector);
