// @ts-check
/** The window's state of the call, and its changes. It does not touch the page. */

/** @import { Message } from "../shared/socket.js" */
/** @import { Stats } from "./quality.js" */

/**
 * @typedef {"opening" | "waiting" | "ringing" | "accepted" | "connecting" | "live" |
 *   "ended"} State
 */

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
  "asked-recently",
  "failed",
]);

export class Model {
  /** @type {"visitor" | "agent" | null} */
  role = null;
  /** @type {State} */
  state = "opening";
  /** @type {string | null} */
  reason = null;
  /** A variant of the end that only this window knows. */
  note = "";
  /** How this window ends the call; resent until the service agrees. */
  ending = "";
  /** @type {{name: string, email: string} | null} */
  agent = null;
  /** @type {{[key: string]: any}} */
  visitor = {};
  /** @type {number | null} */
  queuePosition = null;
  /** Milliseconds of performance.now(). @type {number | null} */
  liveSince = null;
  /** Whether a picture has ever been seen. */
  wasLive = false;
  /** Current problems, by kind. */
  trouble = { signal: false, away: false, slow: false, media: false, local: "" };
  /** Whether media can flow. */
  up = false;
  /** Whether the agent has a picture. */
  picture = false;
  /** Whether the picture is scaled to fit. */
  fit = true;
  /** What this window captures now. @type {MediaStream | null} */
  sharing = null;
  /** This window's, while it is on. @type {MediaStreamTrack | null} */
  microphone = null;
  /** There is sound to play, but the browser requires a click first. */
  muted = false;
  /** The quality of the picture, for the agent. @type {Stats | null} */
  stats = null;

  /** Whether there should be a picture. */
  get underWay() {
    return this.state === "connecting" || this.state === "live";
  }

  get showsPicture() {
    return this.role === "agent" && this.picture && this.state !== "ended";
  }

  /** Reloading the page has ended the sharing. */
  get mustChooseAgain() {
    return this.role === "visitor" && this.underWay && !this.sharing;
  }

  get mayShare() {
    return this.role === "visitor" && (this.state === "accepted" || this.mustChooseAgain);
  }

  /** The most important problem, if there is one. */
  get problem() {
    const { trouble } = this;
    const live = this.state === "live";
    const away = this.role === "agent" ? "away.visitor" : "away.agent";
    if (this.state === "ended") return "";
    return (
      trouble.local ||
      (trouble.signal && (live && this.up ? "signal-live" : "signal")) ||
      (this.underWay && trouble.away && away) ||
      (this.underWay && trouble.slow && "slow") ||
      (live && trouble.media && "media") ||
      ""
    );
  }

  /** @param {Message} message from the service */
  receive(message) {
    switch (message.type) {
      case "call-welcome":
        this.role = message.role;
        if (message.state !== "ended") this.visitor = message.visitor;
        this.trouble.signal = false;
        this.trouble.away = true; // until the service says that the other participant is here
        return this.take(message);
      case "call-state":
        return this.take(message);
      case "peer":
        this.trouble.away = !message.connected;
        return;
      case "visitor-page":
        this.visitor = { ...this.visitor, location: message.page };
    }
  }

  /** The state of the call. @param {Message} message */
  take(message) {
    this.wasLive ||= Boolean(message.since);
    if (message.state === "ended") return this.end(message.reason);
    if (this.state === "ended") return;
    if (message.state === "live" && this.state !== "live") {
      this.liveSince = startOf(message.since, this.state === "opening");
    }
    this.state = message.state;
    this.agent = message.agent ?? null;
    this.queuePosition = message.queuePosition ?? null;
  }

  /** @param {string | null | undefined} reason from a link, so it may be invalid */
  end(reason) {
    this.state = "ended";
    this.reason = reason && REASONS.has(reason) ? reason : "failed";
  }
}

/**
 * When the picture appeared, by this window's own clock, because the computer's may be wrong.
 *
 * @param {string | null} since
 * @param {boolean} missed whether it came before this page was loaded
 */
function startOf(since, missed) {
  const now = performance.now();
  return missed && since ? now - Math.max(0, Date.now() - Date.parse(since)) : now;
}
