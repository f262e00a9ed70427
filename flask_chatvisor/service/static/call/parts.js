// @ts-check
/** The parts of the page. */

/** @template {HTMLElement} T @param {string} selector @returns {T} */
function one(selector) {
  const found = /** @type {T | null} */ (document.querySelector(selector));
  if (!found) throw new Error(`There is no ${selector}.`);
  return found;
}

/** @param {string} name @returns {HTMLElement} */
export const part = (name) => one(`[data-part="${name}"]`);

/** @type {HTMLButtonElement} */
export const shareButton = one("[data-chatvisor-share]");
/** @type {HTMLButtonElement} */
export const stopButton = one("[data-chatvisor-stop]");
/** @type {HTMLVideoElement} */
export const screenVideo = one("video[data-chatvisor-screen]");
/** @type {HTMLVideoElement} */
export const preview = one('[data-part="preview"]');
/** @type {HTMLAudioElement} */
export const voiceAudio = one('[data-part="voice"]');
