// @ts-check
/** The call window of both roles: from the link that opened it to how the call ended. */

import { measure, Sharer, Watcher } from "./peer.js";
import { Signal } from "./signal.js";
import { declareLanguage, number, text } from "./texts.js";
import * as view from "./view.js";

/** @typedef {import("./signal.js").Message} Message */

const REASONS = new Set([
  "visitor-ended",
  "agent-ended",
  "declined",
  "no-answer",
  "share-cancelled",
  "visitor-closed",
  "agent-closed",
  "connection-lost",
  "visitor-gone",
  "busy",
  "failed",
]);
const OPENED_ELSEWHERE = 4403;
const MILLISECONDS = /** @type {const} */ ({ style: "unit", unit: "millisecond" });
const SLOW = 12_000; // ms after which the agent is told that nothing connects

/** @type {view.Model} */
const model = {
  role: null,
  state: "opening",
  reason: null,
  note: "",
  agent: null,
  visitor: {},
  queuePosition: null,
  liveSince: null,
  wasLive: false,
  problem: "",
  picture: false,
  sharing: null,
  microphone: false,
  muted: false,
  fit: true,
  quality: null,
};

/** What is wrong just now, by kind; the model shows the most pressing. */
const trouble = { signal: false, away: false, slow: false, media: false, local: "" };

/** @type {Signal | null} */
let signal = null;
/** @type {Sharer | Watcher | null} */
let peer = null;
/** How this window wants the call to end; said again until the service agrees. */
let ending = "";
let slowTimer = 0;

const say = (/** @type {Message} */ message) => signal?.send(message);

function show() {
  const live = model.state === "live";
  const media = model.state === "connecting" || live;
  const away = model.role === "agent" ? "away.visitor" : "away.agent";
  model.problem =
    trouble.local ||
    (trouble.signal && (live && peer?.up ? "signal-live" : "signal")) ||
    (media && trouble.away && away) ||
    (media && trouble.slow && "slow") ||
    (live && trouble.media && "media") ||
    "";
  view.render(model);
}

// --- the service ------------------------------------------------------------------

/** @param {Message} message */
function receive(message) {
  switch (message.type) {
    case "call-welcome":
      return welcome(message);
    case "call-state":
      return take(message);
    case "peer":
      return peerChanged(message.connected);
    case "visitor-page":
      model.visitor = { ...model.visitor, location: message.page };
      return show();
    case "offer":
    case "answer":
    case "candidate":
    case "restart":
      return peer?.receive(message);
  }
}

/** @param {Message} message */
function welcome(message) {
  model.role = message.role;
  model.visitor = message.visitor;
  trouble.signal = false;
  trouble.away = true; // until the service says that the other one is here
  peer ??= message.role === "visitor" ? sharer(message) : watcher(message);
  peer.iceServers = message.iceServers;
  if (ending && message.state !== "ended") say({ type: "end", reason: ending });
  take(message);
  const media = message.state === "connecting" || message.state === "live";
  if (media && peer instanceof Watcher && !peer.up) peer.ask();
}

/** Where the call stands. @param {Message} message */
function take(message) {
  model.wasLive ||= Boolean(message.since);
  if (message.state === "ended") return over(message.reason ?? "failed");
  if (model.state === "ended") return;
  const before = model.state;
  model.state = message.state;
  model.agent = message.agent ?? null;
  model.queuePosition = message.queuePosition ?? null;
  if (message.state === "live" && before !== "live") {
    model.liveSince = startOf(message.since, before === "opening");
  }
  if (message.state === "connecting" && before !== "connecting") watchForSlow();
  if (message.state === "accepted" && model.role === "visitor") return offerToShare();
  show();
}

/**
 * When the picture came, on this window's own clock: the computer's may be wrong.
 *
 * @param {string | null} since
 * @param {boolean} missed whether it came before this page was loaded
 */
function startOf(since, missed) {
  const now = performance.now();
  return missed && since ? now - Math.max(0, Date.now() - Date.parse(since)) : now;
}

/** @param {boolean} connected */
function peerChanged(connected) {
  trouble.away = !connected;
  if (connected && peer instanceof Sharer && !peer.up) peer.offer();
  show();
}

function watchForSlow() {
  clearTimeout(slowTimer);
  slowTimer = window.setTimeout(() => {
    trouble.slow = !peer?.up;
    show();
  }, SLOW);
}

function lost() {
  trouble.signal = true;
  show();
}

/** @param {number} code */
function refused(code) {
  model.note = code === OPENED_ELSEWHERE && model.role ? "elsewhere" : "expired";
  finish();
}

// --- ending -----------------------------------------------------------------------

/** @param {string} reason */
function end(reason) {
  ending = reason;
  say({ type: "end", reason });
  // The service's answer says how it really ended; the screen is let go at once.
  letGo();
  model.reason = reason;
  model.state = "ended";
  show();
}

/** @param {string} reason */
function over(reason) {
  model.reason = REASONS.has(reason) ? reason : "failed";
  finish();
}

function finish() {
  signal?.close();
  letGo();
  model.state = "ended";
  show();
}

function letGo() {
  clearTimeout(slowTimer);
  peer?.stop();
  model.sharing = null;
  model.picture = false;
  view.screenVideo.srcObject = null;
  view.voiceAudio.srcObject = null;
  silence();
  if (document.fullscreenElement) void document.exitFullscreen();
}

// --- media ------------------------------------------------------------------------

/** @param {boolean} up */
function mediaChanged(up) {
  trouble.media = !up;
  if (up) trouble.slow = false;
  show();
}

/** @param {Message} message */
function sharer(message) {
  const made = new Sharer(message.iceServers, say, mediaChanged, hear, timedOut);
  made.reachable = () => Boolean(signal?.welcomed) && !trouble.away;
  return made;
}

/** @param {Message} message */
function watcher(message) {
  return new Watcher(message.iceServers, say, mediaChanged, watch, hear);
}

/** @param {boolean} final */
function timedOut(final) {
  if (final) return end("failed");
  trouble.slow = true;
  show();
}

/** The visitor chooses; a browser that cannot share says so at once. */
function offerToShare() {
  show();
  if ("getDisplayMedia" in (navigator.mediaDevices ?? {})) return;
  model.note = window.isSecureContext ? "unsupported" : "insecure";
  end("failed");
}

async function share() {
  trouble.local = "";
  /** @type {DisplayMediaStreamOptions & Record<string, unknown>} */
  const options = {
    video: { displaySurface: "browser", frameRate: { max: 30 } },
    audio: false,
    selfBrowserSurface: "exclude", // the call window would show itself
    surfaceSwitching: "include",
    monitorTypeSurfaces: "include",
    systemAudio: "exclude",
  };
  try {
    started(await navigator.mediaDevices.getDisplayMedia(options));
  } catch (error) {
    notStarted(/** @type {DOMException} */ (error));
  }
}

/** @param {MediaStream} stream */
function started(stream) {
  const [track] = stream.getVideoTracks();
  if (!track || model.state === "ended" || !(peer instanceof Sharer)) {
    for (const one of stream.getTracks()) one.stop(); // ended while choosing
    return;
  }
  track.addEventListener("ended", () => {
    if (model.sharing !== stream) return;
    end(model.state === "live" ? "visitor-ended" : "share-cancelled");
  });
  model.sharing = stream;
  if (model.state === "accepted") say({ type: "share" });
  peer.share(stream);
  show();
}

/** @param {DOMException} error */
function notStarted(error) {
  if (model.state === "ended") return;
  const bySystem = /system/i.test(error.message);
  if (error.name === "NotAllowedError" && !bySystem) return cancelled();
  trouble.local = bySystem ? "system" : "capture";
  show();
}

function cancelled() {
  // Once it was live, the choice can be made again: the call goes on.
  if (model.state === "accepted") end("share-cancelled");
  else show();
}

/** @param {MediaStream} stream */
function watch(stream) {
  const video = view.screenVideo;
  const [track] = stream.getVideoTracks();
  // The last picture stays until the new connection brings one.
  const swap = () => {
    video.srcObject = stream;
    lookOut(stream);
  };
  if (!video.srcObject || !track?.muted) swap();
  else track.addEventListener("unmute", swap, { once: true });
}

/** Wait for the first picture that is really shown. @param {MediaStream} stream */
function lookOut(stream) {
  const video = view.screenVideo;
  video.requestVideoFrameCallback(() => {
    if (video.srcObject !== stream) return;
    // Browsers paint a black picture for a connection that was given up.
    if (peer?.up) seen();
    else lookOut(stream);
  });
}

function seen() {
  if (model.state === "ended") return;
  model.picture = true;
  trouble.slow = false;
  if (model.state === "connecting") say({ type: "live" });
  view.sizePicture(model.fit);
  show();
}

/** @param {MediaStream} stream */
function hear(stream) {
  view.voiceAudio.srcObject = stream;
  playSound();
}

/** Browsers may want a click first; then every click in the window tries again. */
function playSound() {
  if (!view.voiceAudio.srcObject || !view.voiceAudio.paused) return;
  view.voiceAudio.play().then(
    () => {
      model.muted = false;
      show();
    },
    () => {}, // said once somebody speaks
  );
}

/** @type {MediaStreamTrack | null} */
let voice = null;

async function toggleMicrophone() {
  trouble.local = "";
  if (voice) return silence();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    voice = stream.getAudioTracks()[0] ?? null;
    if (model.state === "ended") return silence(); // ended while asking
    voice?.addEventListener("ended", silence);
    await peer?.speak(voice);
  } catch {
    trouble.local = "microphone";
  }
  model.microphone = Boolean(voice);
  show();
}

function silence() {
  voice?.stop(); // the browser's own light goes out
  voice = null;
  model.microphone = false;
  void peer?.speak(null);
  if (model.state !== "ended") show();
}

// --- the state of the connection --------------------------------------------------

/** @param {import("./peer.js").Quality} quality @returns {view.Grade} */
function grade({ rtt, loss }) {
  if (rtt === null) return "none";
  if (rtt > 0.4 || loss > 0.05) return "poor";
  return rtt > 0.15 || loss > 0.01 ? "fair" : "good";
}

async function assess() {
  const connection = peer?.connection;
  if (!connection || model.state === "ended") return;
  const quality = await measure(connection);
  model.muted = quality.voice && view.voiceAudio.paused;
  if (model.role === "agent") judge(quality);
  // Nothing is painted in a hidden window: what was decoded has to do.
  if (document.hidden && quality.frames && !model.picture) seen();
  else show();
}

/** @param {import("./peer.js").Quality} quality */
function judge(quality) {
  const { rtt, width, height } = quality;
  const details = [
    rtt === null ? "" : number(Math.round(rtt * 1000), MILLISECONDS),
    width ? `${width} × ${height}` : "",
    text(quality.relay ? "quality.relay" : "quality.direct"),
  ];
  const level = peer?.up ? grade(quality) : "none";
  model.quality = { grade: level, details: details.filter(Boolean).join(" · ") };
}

// --- the window -------------------------------------------------------------------

function listen() {
  view.shareButton.addEventListener("click", () => void share());
  view.stopButton.addEventListener("click", () =>
    end(model.role === "agent" ? "agent-ended" : "visitor-ended"),
  );
  view.part("microphone").addEventListener("click", () => void toggleMicrophone());
  document.addEventListener("click", playSound);
  view.part("size").addEventListener("click", () => {
    model.fit = !model.fit;
    view.sizePicture(model.fit);
    show();
  });
  view.part("fullscreen").addEventListener("click", () => {
    void view.part("stage").requestFullscreen();
  });
  view.screenVideo.addEventListener("resize", () => view.sizePicture(model.fit));
  view.part("close").addEventListener("click", closeWindow);
  // A new link to the same page, and a page from the cache, both start anew.
  window.addEventListener("hashchange", () => window.location.reload());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
}

function closeWindow() {
  window.close();
  // Only windows that a script has opened may be closed by one.
  const hint = view.part("by-hand");
  hint.textContent = text("close.by-hand");
  hint.hidden = false;
}

function main() {
  declareLanguage();
  listen();
  const callId = decodeURIComponent(window.location.pathname.split("/").pop() ?? "");
  const fragment = window.location.hash.slice(1);
  history.replaceState(null, "", window.location.pathname + window.location.search);
  if (callId === "none") return over(fragment.replace(/^ended=/, ""));
  signal = new Signal(callId, fragment, receive, lost, refused);
  setInterval(() => void assess(), 2000);
  setInterval(() => view.renderDuration(model), 500);
  show();
}

main();
