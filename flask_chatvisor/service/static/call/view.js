// @ts-check
/** What the call window shows: one function from what is known to the page. */

import { countedText, firstText, number, text } from "./texts.js";

/**
 * @typedef {"opening" | "waiting" | "ringing" | "accepted" | "connecting" | "live" |
 *   "ended"} State
 * @typedef {"good" | "fair" | "poor" | "none"} Grade
 *
 * Everything that the window shows. `sharing` is what is captured in this window just
 * now, `note` a variant of the end that only this window knows of.
 *
 * @typedef {object} Model
 * @property {"visitor" | "agent" | null} role
 * @property {State} state
 * @property {string | null} reason
 * @property {string} note
 * @property {{name: string, email: string} | null} agent
 * @property {{[key: string]: any}} visitor
 * @property {number | null} queuePosition
 * @property {number | null} liveSince milliseconds of performance.now()
 * @property {boolean} wasLive whether a picture was ever seen
 * @property {string} problem
 * @property {boolean} picture whether the agent has a picture
 * @property {MediaStream | null} sharing
 * @property {boolean} microphone
 * @property {boolean} muted somebody speaks, but the browser wants a click first
 * @property {boolean} fit
 * @property {{grade: Grade, details: string} | null} quality
 */

/** @type {Map<string, HTMLElement>} */
const parts = new Map();
for (const part of document.querySelectorAll("[data-part]")) {
  parts.set(part.getAttribute("data-part") ?? "", /** @type {HTMLElement} */ (part));
}

/** @param {string} name @returns {HTMLElement} */
export function part(name) {
  const found = parts.get(name);
  if (!found) throw new Error(`There is no part ${name}.`);
  return found;
}

/** @template {HTMLElement} T @param {string} selector @returns {T} */
function one(selector) {
  return /** @type {T} */ (document.querySelector(selector));
}

export const shareButton = /** @type {HTMLButtonElement} */ (one("[data-chatvisor-share]"));
export const stopButton = /** @type {HTMLButtonElement} */ (one("[data-chatvisor-stop]"));
export const screenVideo = /** @type {HTMLVideoElement} */ (
  one("video[data-chatvisor-screen]")
);
export const voiceAudio = /** @type {HTMLAudioElement} */ (part("voice"));
const preview = /** @type {HTMLVideoElement} */ (part("preview"));

/** @param {{[key: string]: any}} visitor */
function visitorName(visitor) {
  const full = [visitor.firstname, visitor.lastname].filter(Boolean).join(" ");
  return full || visitor.email || visitor.id || "";
}

/** @param {Model} model */
function names(model) {
  return {
    agent: model.agent?.name || model.agent?.email || text("someone.agent"),
    visitor: visitorName(model.visitor) || text("someone.visitor"),
  };
}

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

/** @param {Model} model */
export function render(model) {
  const root = document.documentElement;
  mark("state", model.state === "opening" ? null : model.state);
  mark("reason", model.state === "ended" ? model.reason : null);
  mark("role", model.role);
  const values = names(model);
  root.toggleAttribute("data-picture", showsPicture(model));
  root.toggleAttribute("data-sharing", Boolean(model.sharing));
  document.title = titleOf(model, values);
  renderTop(model);
  renderCard(model, values);
  renderControls(model, values);
  maybe("problem", model.state === "ended" ? "" : problemText(model, values));
  announce(model, values);
  keepFocus(model);
}

/** Tell styles, scripts and tests. @param {string} name @param {string | null} value */
function mark(name, value) {
  const root = document.documentElement;
  const attribute = `data-chatvisor-${name}`;
  if (value && root.getAttribute(attribute) !== value) root.setAttribute(attribute, value);
}

/** @param {Model} model */
const showsPicture = (model) =>
  model.role === "agent" && model.picture && model.state !== "ended";

/** What stops a call that is live; what else is wrong lets it go on. */
const INTERRUPTIONS = new Set(["signal", "media", "away.agent", "away.visitor"]);

/** @param {Model} model @param {Record<string, string>} values */
function titleOf(model, values) {
  const key =
    model.state === "ended" ? "title.ended" : `title.${model.role}.${model.state}`;
  const title = firstText([key, "title.opening"], values);
  const interrupted = model.state === "live" && INTERRUPTIONS.has(model.problem);
  return interrupted ? text("title.interrupted", { title }) : title;
}

/** @param {Model} model @param {Record<string, string>} values */
function problemText(model, values) {
  return model.problem ? text(`problem.${model.problem}`, values) : "";
}

/** The other one: who it is, and for the agent where they are. @param {Model} model */
function renderTop(model) {
  const agent = model.role === "agent";
  const name = agent
    ? visitorName(model.visitor) || (model.role ? text("someone.visitor") : "")
    : (model.agent?.name ?? model.agent?.email ?? "");
  part("top").hidden = !name;
  write("face", initials(name));
  write("name", name);
  const email = (agent ? model.visitor.email : model.agent?.email) ?? "";
  write("sub", email === name ? "" : email);
  renderBadge(model);
  const place = agent ? placeOf(model.visitor.location) : "";
  const page = part("page");
  page.hidden = !place || model.state === "ended";
  /** @type {HTMLElement} */ (page.firstElementChild).textContent = place;
  page.title = place;
  part("quality").hidden = !model.quality || model.state !== "live";
  if (model.quality) {
    part("quality").setAttribute("data-grade", model.quality.grade);
    const grade = text(`quality.${model.quality.grade}`);
    write("quality-text", [grade, model.quality.details].filter(Boolean).join(" · "));
  }
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

/** @param {{title?: string, path?: string} | null | undefined} location */
function placeOf(location) {
  const place = [location?.title, location?.path].filter(Boolean).join(" · ");
  return place ? text("on-page", { page: place }) : "";
}

/** @param {string} name */
function initials(name) {
  const words = name.trim().split(/\s+/);
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return ends.map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}

/** @param {Model} model @param {Record<string, string>} values */
function renderCard(model, values) {
  const { head, lead } = wordsOf(model, values);
  part("card").hidden = showsPicture(model);
  part("stage").hidden = !showsPicture(model);
  part("stage").setAttribute("aria-label", text("screen-of", values));
  screenVideo.setAttribute("aria-label", text("screen-of", values));
  write("head", head);
  maybe("text", lead);
  renderPromises(model, values);
  preview.hidden = !model.sharing;
  preview.setAttribute("aria-label", text("preview"));
  if (preview.srcObject !== model.sharing) preview.srcObject = model.sharing;
  maybe("close", model.state === "ended" ? text("close") : "");
}

/**
 * @param {Model} model
 * @param {Record<string, string>} values
 * @returns {{head: string, lead: string}}
 */
function wordsOf(model, values) {
  const { role, state, reason, note } = model;
  if (state === "ended") {
    if (note === "expired" || note === "elsewhere") {
      return { head: text(`${note}.head`), lead: text(`${note}.text`) };
    }
    const who = role ?? "none";
    const early = model.wasLive ? [] : [`early.${who}.${reason}`];
    const after = model.wasLive ? [] : [`after.${who}.early`];
    return {
      head: firstText([...early, `ended.${who}.${reason}`, "ended.none.other"], values),
      lead: firstText([`after.${who}.${note || reason}`, ...after, `after.${who}`], values),
    };
  }
  if (!role) return { head: text("opening.head"), lead: text("opening.text") };
  if (mustChooseAgain(model)) {
    return { head: text("visitor.again.head", values), lead: text("visitor.again.text", values) };
  }
  // A window that was loaded again has no picture yet.
  const blind = role === "agent" && state === "live" && !model.picture;
  const key = `${role}.${blind ? "connecting" : state}`;
  return {
    head: firstText([`${key}.head`, "opening.head"], values),
    lead: state === "waiting" && role === "visitor"
      ? queueText(model.queuePosition)
      : firstText([`${key}.text`], values),
  };
}

/** @param {number | null} position */
function queueText(position) {
  if (position === null || position < 0) return text("visitor.waiting.text");
  if (position === 0) return text("visitor.waiting.next");
  return countedText("visitor.waiting", position);
}

/** The sharing went with the page that was loaded again. @param {Model} model */
export function mustChooseAgain(model) {
  const under = model.state === "connecting" || model.state === "live";
  return model.role === "visitor" && under && !model.sharing;
}

/** @param {Model} model */
const mayShare = (model) =>
  model.role === "visitor" && (model.state === "accepted" || mustChooseAgain(model));

/** @param {Model} model @param {Record<string, string>} values */
function renderPromises(model, values) {
  const list = part("promises");
  list.hidden = !mayShare(model);
  const lines = ["chosen", "tab", "look", "stop"].map((key) => {
    const line = document.createElement("li");
    line.textContent = text(`facts.${key}`, values);
    return line;
  });
  if (!list.hidden) list.replaceChildren(...lines);
}

/** @param {Model} model @param {Record<string, string>} values */
function renderControls(model, values) {
  const { role, state } = model;
  const again = mustChooseAgain(model);
  const talking = (state === "live" || state === "connecting") && !again;
  part("controls").hidden = !role || state === "ended";
  maybe("sharing", "");
  if (model.sharing) renderSharing(model, values);
  shareButton.hidden = !mayShare(model);
  shareButton.textContent = text("share");
  stopButton.hidden = !role || state === "ended";
  stopButton.textContent = firstText([again ? "" : `stop.${role}.${state}`, "stop"]);
  renderMicrophone(model, talking);
  maybe("sound", model.muted && talking ? text("sound") : "");
  maybe("size", showsPicture(model) ? text(model.fit ? "size.full" : "size.fit") : "");
  maybe("fullscreen", showsPicture(model) && canFill() ? text("fullscreen") : "");
}

const canFill = () => document.fullscreenEnabled;

/** @param {Model} model @param {Record<string, string>} values */
function renderSharing(model, values) {
  const [track] = model.sharing?.getVideoTracks() ?? [];
  const kind = track?.getSettings().displaySurface ?? "unknown";
  const surface = firstText([`surface.${kind}`, "surface.unknown"]);
  part("sharing").hidden = false;
  part("sharing").replaceChildren(dot(), text("bar.sharing", { ...values, surface }));
}

function dot() {
  const made = document.createElement("span");
  made.className = "dot";
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** @param {Model} model @param {boolean} talking */
function renderMicrophone(model, talking) {
  const button = part("microphone");
  button.hidden = !talking;
  button.toggleAttribute("data-on", model.microphone);
  button.textContent = text(model.microphone ? "microphone.off" : "microphone.on");
  maybe("speaking", talking && model.microphone ? text("microphone.is-on") : "");
}

const announced = { head: "", problem: "", kind: "", speaking: false };

/** Say what changed, once. @param {Model} model @param {Record<string, string>} values */
function announce(model, values) {
  const { head } = wordsOf(model, values);
  const problem = model.state === "ended" ? "" : problemText(model, values);
  const before = { ...announced };
  Object.assign(announced, { head, problem });
  Object.assign(announced, { kind: model.problem, speaking: model.microphone });
  const back = before.kind === "signal-live" || INTERRUPTIONS.has(before.kind);
  const words = [head, problem].filter(Boolean).join(". ");
  if (head !== before.head) write("announcer", words);
  else if (problem !== before.problem) {
    write("announcer", problem || (back ? text("restored") : ""));
  } else if (model.microphone && !before.speaking) {
    write("announcer", text("microphone.is-on"));
  }
}

/** Where the focus is lost, or never was, it is on what matters. @param {Model} model */
function keepFocus(model) {
  const active = document.activeElement;
  if (active && active !== document.body && active.checkVisibility()) return;
  // Whoever does not use the keys sees no ring around the picture.
  part("stage").toggleAttribute("data-quiet", true);
  part(showsPicture(model) ? "stage" : "head").focus({ preventScroll: true });
}

document.addEventListener("keydown", () => part("stage").removeAttribute("data-quiet"));

/** @param {Model} model */
export function renderDuration(model) {
  const running = model.state === "live" && model.liveSince !== null;
  part("duration").hidden = !running;
  if (!running) return;
  const seconds = Math.max(0, (performance.now() - (model.liveSince ?? 0)) / 1000);
  write("duration-label", `${text("duration")} `);
  write("duration-time", clock(Math.floor(seconds)));
}

/** @param {number} seconds */
function clock(seconds) {
  const two = { minimumIntegerDigits: 2 };
  const hours = Math.floor(seconds / 3600);
  const rest = [number(Math.floor(seconds / 60) % 60, two), number(seconds % 60, two)];
  return [...(hours ? [number(hours)] : []), ...rest].join(":");
}

/**
 * The picture: as large as fits, or one pixel of it for one of the screen.
 *
 * @param {boolean} fit
 */
export function sizePicture(fit) {
  part("stage").toggleAttribute("data-fit", fit);
  const { style, videoWidth } = screenVideo;
  style.width = fit || !videoWidth ? "" : `${videoWidth / window.devicePixelRatio}px`;
}
