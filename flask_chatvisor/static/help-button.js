// @ts-check
// The customer's help button.
"use strict";
(() => {
  const INSTANCE = Symbol.for("chatvisor.help-button");
  const page = /** @type {any} */ (window);
  if (page[INSTANCE]) return;
  page[INSTANCE] = true;

  // Of the prototypes: in pages with `<img name=body>` or `<input name=closest>`, the
  // document and forms have such elements in place of their own properties.
  const { closest, querySelector } = Element.prototype;
  const { addEventListener } = EventTarget.prototype;

  /** @param {Element} button @param {string} text */
  function tell(button, text) {
    const around = button.parentElement;
    const place = around && querySelector.call(around, "[data-chatvisor-message]");
    if (place) place.textContent = text;
  }

  addEventListener.call(document, "click", (event) => {
    if (!(event.target instanceof Element)) return;
    const button = closest.call(event.target, "[data-chatvisor-conference]:not(form)");
    if (!button) return;
    const unavailable = button.getAttribute("data-chatvisor-unavailable") ?? "";
    tell(button, "");
    try {
      // In the click itself, because the script opens a window, which may be blocked later.
      const started = page.CV.conference.start();
      Promise.resolve(started).catch(() => tell(button, unavailable));
    } catch {
      tell(button, unavailable);
    }
  });
})();
