// @ts-check
// The customer's help button.
"use strict";
(() => {
  const page = /** @type {any} */ (window);
  if (page.__chatvisorConference) return;
  page.__chatvisorConference = true;

  /** @param {Element} button @param {string} text */
  function tell(button, text) {
    const place = button.parentElement?.querySelector("[data-chatvisor-message]");
    if (place) place.textContent = text;
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const button = target?.closest("[data-chatvisor-conference]");
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
