// @ts-check
/** What the call window shows: one function from the model to the page. */

import { initials } from "../shared/names.js";
import { part, preview, screenVideo, shareButton, stopButton } from "./parts.js";
import { text } from "./texts.js";
import * as say from "./words.js";

/** @import { Model } from "./model.js" */
/** @typedef {ReturnType<typeof say.wordsOf>} Words */

const PROMISES = ["facts.chosen", "facts.tab", "facts.look", "facts.stop"];
/** The announcements before the first one. */
export const UNSAID = { head: "", problem: "", kind: "", speaking: false };

/** @param {string} name @param {string} words */
function write(name, words) {
  const target = part(name);
  if (target.textContent !== words) target.textContent = words;
}

/** @param {string} name @param {string} words shown only if there are any */
function maybe(name, words) {
  write(name, words);
  part(name).hidden = !words;
}

/**
 * @param {Model} model
 * @param {typeof UNSAID} said the previous return value
 */
export function render(model, said) {
  const root = document.documentElement;
  mark("state", model.state === "opening" ? null : model.state);
  mark("reason", model.state === "ended" ? model.reason : null);
  mark("role", model.role);
  const words = say.wordsOf(model);
  root.toggleAttribute("data-picture", model.showsPicture);
  root.toggleAttribute("data-sharing", Boolean(model.sharing));
  document.title = words.title;
  renderTop(model, words);
  renderDuration(model);
  renderCard(model, words);
  renderPicture(model, words);
  renderControls(model, words);
  maybe("problem", words.problem);
  keepFocus(model);
  return announce(model, words, said);
}

/** Set a hook for styles, scripts and tests. @param {string} name @param {string | null} value */
function mark(name, value) {
  const root = document.documentElement;
  const attribute = `data-chatvisor-${name}`;
  if (value && root.getAttribute(attribute) !== value) root.setAttribute(attribute, value);
}

/**
 * The other participant; for the agent, also the visitor's page.
 *
 * @param {Model} model
 * @param {Words} words
 */
function renderTop(model, { names }) {
  const agent = model.role === "agent";
  const name = agent ? names.visitor : model.agent ? names.agent : "";
  part("top").hidden = !name;
  write("face", initials(name));
  write("name", name);
  const email = (agent ? model.visitor.email : model.agent?.email) ?? "";
  write("sub", email === name ? "" : email);
  renderBadge(model);
  const place = agent ? say.placeOf(model.visitor.location) : "";
  const page = part("page");
  page.hidden = !place || model.state === "ended";
  /** @type {HTMLElement} */ (page.firstElementChild).textContent = place;
  page.title = place;
  renderQuality(model);
}

/** @param {Model} model */
function renderQuality({ state, stats, up }) {
  part("quality").hidden = !stats || state !== "live";
  if (!stats) return;
  const grade = say.gradeOf(stats, up);
  part("quality").setAttribute("data-grade", grade);
  write("quality-text", say.qualityText(stats, grade));
}

/** @param {Model} model */
function renderBadge(model) {
  const badge = part("badge");
  badge.hidden = model.role !== "agent";
  const key = model.visitor.verified ? "verified" : "unverified";
  badge.toggleAttribute("data-verified", Boolean(model.visitor.verified));
  badge.textContent = text(key);
  badge.title = text(`${key}.long`);
}

/** @param {Model} model @param {Words} words */
function renderCard(model, { names, head, lead }) {
  part("card").hidden = model.showsPicture;
  write("head", head);
  maybe("text", lead);
  part("promises").hidden = !model.mayShare;
  for (const fact of PROMISES) write(fact, text(fact, names));
  preview.hidden = !model.sharing;
  preview.setAttribute("aria-label", text("preview"));
  if (preview.srcObject !== model.sharing) preview.srcObject = model.sharing;
  maybe("close", model.state === "ended" ? text("close") : "");
}

/** Scaled to fit, or one pixel for each pixel of the screen. @param {Model} model @param {Words} words */
function renderPicture({ showsPicture, fit }, { names }) {
  const stage = part("stage");
  stage.hidden = !showsPicture;
  stage.toggleAttribute("data-fit", fit);
  for (const one of [stage, screenVideo]) one.setAttribute("aria-label", text("screen-of", names));
  const { style, videoWidth } = screenVideo;
  style.width = fit || !videoWidth ? "" : `${videoWidth / window.devicePixelRatio}px`;
}

/** @param {Model} model @param {Words} words */
function renderControls(model, { names }) {
  const { role, state, showsPicture, mustChooseAgain } = model;
  const talking = model.underWay && !mustChooseAgain;
  part("controls").hidden = !role || state === "ended";
  part("sharing").hidden = !model.sharing;
  if (model.sharing) write("sharing-text", say.sharingText(model.sharing, names));
  shareButton.hidden = !model.mayShare;
  shareButton.textContent = text("share");
  stopButton.hidden = !role || state === "ended";
  stopButton.textContent = say.stopText(model);
  renderMicrophone(model, talking);
  maybe("sound", model.muted && talking ? text("sound") : "");
  maybe("size", showsPicture ? text(model.fit ? "size.full" : "size.fit") : "");
  maybe("fullscreen", showsPicture && document.fullscreenEnabled ? text("fullscreen") : "");
}

/** @param {Model} model @param {boolean} talking */
function renderMicrophone(model, talking) {
  const button = part("microphone");
  button.hidden = !talking;
  button.toggleAttribute("data-on", Boolean(model.microphone));
  button.textContent = text(model.microphone ? "microphone.off" : "microphone.on");
  maybe("speaking", talking && model.microphone ? text("microphone.is-on") : "");
}

/**
 * Announce changes, once.
 *
 * @param {Model} model
 * @param {Words} words
 * @param {typeof UNSAID} before
 */
function announce(model, { head, problem }, before) {
  const speaking = Boolean(model.microphone);
  const back = before.kind === "signal-live" || say.INTERRUPTIONS.has(before.kind);
  if (head !== before.head) {
    write("announcer", [head, problem].filter(Boolean).join(". "));
  } else if (problem !== before.problem) {
    write("announcer", problem || (back ? text("restored") : ""));
  } else if (speaking && !before.speaking) {
    write("announcer", text("microphone.is-on"));
  }
  return { head, problem, kind: model.problem, speaking };
}

/** Without a focus, set it on the most important element. @param {Model} model */
function keepFocus(model) {
  const active = document.activeElement;
  if (active && active !== document.body && active.checkVisibility()) return;
  // Users without a keyboard should not see a ring around the picture.
  part("stage").toggleAttribute("data-quiet", true);
  part(model.showsPicture ? "stage" : "head").focus({ preventScroll: true });
}

/** @param {Model} model */
export function renderDuration(model) {
  const running = model.state === "live" && model.liveSince !== null;
  part("duration").hidden = !running;
  if (!running) return;
  const seconds = Math.max(0, (performance.now() - (model.liveSince ?? 0)) / 1000);
  write("duration-label", `${text("duration")} `);
  write("duration-time", say.clock(Math.floor(seconds)));
}
