// @ts-check
/**
 * Alerts an agent who is looking elsewhere that someone is waiting: in the tab's title and,
 * if the agent has turned them on, with a sound and a notification.
 *
 * Only on the list's own page, because titles and sounds of other pages belong to the
 * application.
 */

import { doc, every, setAttribute, setHidden, setTexts } from "./dom.js";
import { TEXT } from "./texts.js";
import { nameFor } from "./users.js";

/** @typedef {import("./users.js").User} User */
/** @typedef {"sound" | "notification"} Kind */

const title = doc.title;
/** @type {AudioContext | null} */
let audio = null;

const places = () => every("[data-chatvisor-alerts]");
/** @param {Kind} kind */
const stored = (kind) => `chatvisor-${kind}`;

/** Users are waiting; `asking` are those who are new. @param {User[]} waiting @param {User[]} asking */
export function alertAgent(waiting, asking) {
  if (!places().length) return;
  const told = waiting.length ? `(${waiting.length}) ${title}` : title;
  if (doc.title !== told) doc.title = told;
  if (!asking.length) return;
  if (isOn("sound")) play();
  if (isOn("notification") && !doc.hasFocus()) asking.forEach(notify);
}

/** Show the switches in their saved state. */
export function followAlerts() {
  for (const place of places()) {
    for (const button of buttons(place)) {
      setHidden(button, !isPossible(kindOf(button)));
      button.addEventListener("click", () => void toggle(place, button));
    }
    setHidden(place, false);
  }
  showSwitches();
  window.addEventListener("storage", showSwitches);
  // Browsers play no sound before the user has interacted with the page.
  for (const gesture of ["pointerdown", "keydown"])
    doc.addEventListener(gesture, wakeAudio, { capture: true });
}

/** @param {HTMLElement} place */
function buttons(place) {
  return every("button[data-chatvisor-alert]", place);
}

/** @param {HTMLElement} button */
function kindOf(button) {
  return /** @type {Kind} */ (button.dataset.chatvisorAlert);
}

/** @param {Kind} kind */
function isPossible(kind) {
  return kind === "sound" ? "AudioContext" in window : "Notification" in window;
}

/** @param {Kind} kind */
function isOn(kind) {
  if (!isPossible(kind)) return false;
  if (kind === "notification" && Notification.permission !== "granted") return false;
  try {
    return localStorage.getItem(stored(kind)) === "on";
  } catch {
    return false; // storage is blocked: off, the default
  }
}

function showSwitches() {
  for (const place of places())
    for (const button of buttons(place))
      setAttribute(button, "aria-pressed", String(isOn(kindOf(button))));
}

/** @param {HTMLElement} place @param {HTMLElement} button */
async function toggle(place, button) {
  const kind = kindOf(button);
  const wanted = !isOn(kind);
  const allowed = !wanted || kind === "sound" || (await mayNotify());
  const message = allowed ? "" : TEXT.notificationsBlocked;
  setTexts("[data-chatvisor-message]", message, place);
  if (allowed) keep(kind, wanted);
  showSwitches();
  if (kind === "sound" && isOn(kind)) play();
}

async function mayNotify() {
  return (await Notification.requestPermission()) === "granted";
}

/** @param {Kind} kind @param {boolean} on */
function keep(kind, on) {
  try {
    if (on) localStorage.setItem(stored(kind), "on");
    else localStorage.removeItem(stored(kind));
  } catch {
    // As above.
  }
}

function wakeAudio() {
  if (isOn("sound")) runningAudio();
}

function runningAudio() {
  audio ??= new AudioContext();
  if (audio.state === "suspended") void audio.resume();
  return audio;
}

/** Two soft, rising notes. */
function play() {
  const context = runningAudio();
  note(context, 660, context.currentTime);
  note(context, 880, context.currentTime + 0.16);
}

/** @param {AudioContext} context @param {number} pitch in Hz @param {number} at in seconds */
function note(context, pitch, at) {
  const tone = new OscillatorNode(context, { frequency: pitch });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.linearRampToValueAtTime(0.15, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.32);
}

/** @param {User} user */
function notify(user) {
  const notification = new Notification(TEXT.asks(nameFor(user)), {
    body: user.location?.title ?? "",
    tag: `chatvisor-${user.visitorId}`,
  });
  notification.onclick = () => {
    window.focus();
    notification.close();
  };
}
