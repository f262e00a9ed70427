// @ts-check
/** The visitor: this browser's identity at the service, and its messages. */

import { doc, ownGlobal } from "../shared/page.js";
import { FINAL_CODES, toJson } from "../shared/socket.js";
import { complain, Failure } from "./failures.js";
import { onReport, stopSharing } from "./own-window.js";
import { makeSocket } from "./service.js";
import { local } from "./storage.js";

/**
 * @import { Message } from "../shared/socket.js"
 * @import { Report } from "./own-window.js"
 *
 * @typedef {{[key: string]: any}} ActiveUser
 * @typedef {{name: string, email: string}} Agent
 *
 * @typedef {object} OwnCall the call that this visitor is waiting for or is in
 * @property {string} callId
 * @property {"waiting" | "accepted" | "connecting" | "live"} state
 * @property {Agent | null} agent
 * @property {number | null} position in the queue; 0 is next
 * @property {boolean} window whether its call window is connected
 */

/** The data of the application's tag script. */
const TAG_BLOCK = 'script[type="application/json"]#chatvisor-tag';
const VISITOR_KEY = "chatvisor-visitor";
const REQUEST_TIMEOUT = 10_000; // ms
const LARGEST_FRAME = 60_000; // bytes; the service closes at 64 KiB

/** What the service may learn of the page: never the query string or the fragment. */
function currentPage() {
  const clip = (/** @type {string} */ value) => value.slice(0, 1000);
  return { title: clip(doc.title), path: clip(window.location.pathname) };
}

/** @returns {{id: string, secret: string, reset?: boolean} | null} */
function readStored() {
  try {
    const stored = JSON.parse(local.get(VISITOR_KEY) ?? "null");
    const fits = typeof stored?.id === "string" && typeof stored.secret === "string";
    return fits ? stored : null;
  } catch {
    return null;
  }
}

const isVisible = () => doc.visibilityState === "visible";

/** This browser as the service knows it. It has a socket only when needed. */
class Visitor {
  constructor() {
    /** @type {{id: string, secret: string} | null} */
    this.known = null;
    /** @type {ActiveUser | null} */
    this.tag = null;
    /** The tag that the service has from this connection. @type {ActiveUser | null} */
    this.sent = null;
    /** The identity token that was refused last. @type {string | undefined} */
    this.expired = undefined;
    /** Another tab's user counts: this page's tag must not start another visitor. */
    this.joins = false;
    this.welcomed = false;
    /** @type {OwnCall | null} */
    this.call = null;
    /** The call to stop; resent until it has ended. */
    this.stopping = "";
    /** @type {"none" | "wanted" | "sent"} */
    this.reset = "none";
    this.told = "";
    this.requests = 0;
    /** @type {Map<number, {resolve: (m: Message) => void, reject: (e: Failure) => void}>} */
    this.pending = new Map();
    /** @type {Set<() => void>} */
    this.waiting = new Set();
    /** Listeners by name. @type {Map<string, (value: any) => void>} */
    this.listeners = new Map();
    this.socket = makeSocket(
      () => this.hello(),
      (message) => this.receive(message),
      (code) => this.closed(code),
    );
    this.load();
  }

  /**
   * Listen to `ring` and `unring` (the message), `own-call` (its state, or null),
   * `welcome`, and `clear` (what is shown concerns another visitor).
   *
   * @param {string} what
   * @param {(value: any) => void} listener
   */
  on(what, listener) {
    this.listeners.set(what, listener);
  }

  /** @param {string} what @param {unknown} [value] */
  tell(what, value) {
    this.listeners.get(what)?.(value);
  }

  load() {
    const stored = readStored();
    this.known = stored && { id: stored.id, secret: stored.secret };
    // A page before this one was left before the service knew of its reset.
    if (stored?.reset) this.reset = "wanted";
  }

  /** @returns {Message} */
  hello() {
    const page = currentPage();
    this.told = JSON.stringify([page, isVisible()]);
    const hello = { type: "hello-visitor", page, visible: isVisible() };
    if (!this.known) return hello;
    return { ...hello, visitorId: this.known.id, secret: this.known.secret };
  }

  /** @param {number} code */
  closed(code) {
    this.welcomed = false;
    this.sent = null;
    for (const request of this.pending.values()) request.reject(new Failure("lost"));
    this.pending.clear();
    if (this.reset === "sent") this.reset = "wanted"; // the service may not have got it
    if (!FINAL_CODES.has(code)) return true;
    complain("socket", new Failure(`closed-${code}`));
    return false;
  }

  /** @param {Message} message */
  receive(message) {
    switch (message.type) {
      case "welcome":
        return this.welcome(message);
      case "ring":
      case "unring":
        return this.tell(message.type, message);
      case "own-call":
        return this.take(message.call);
      case "refused":
        return this.refused(message);
      default:
        return this.settle(message);
    }
  }

  /** @param {Message} message */
  welcome(message) {
    if (this.reset === "wanted") return this.sendReset();
    if (this.known?.id !== message.visitorId) this.tell("clear");
    this.reset = "none";
    this.known = { id: message.visitorId, secret: message.secret };
    local.set(VISITOR_KEY, JSON.stringify(this.known));
    this.welcomed = true;
    this.tell("welcome");
    // Before the page has tagged its user, the service does not say which call there is.
    if (!message.needsTag) this.take(message.call ?? null);
    if (this.tag && this.tag !== this.sent) this.sendTag();
    this.tellPage();
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  /** @param {OwnCall | null} call its state now */
  take(call) {
    this.call = call;
    const live = call?.state === "live";
    doc.documentElement.toggleAttribute("data-chatvisor-sharing", live);
    if (call && call.callId === this.stopping) this.stop(call.callId);
    this.tell("own-call", call);
  }

  /**
   * The call window of this visitor is there, with the service or without.
   *
   * @param {Report} report
   */
  reported({ callId, state, agent, sharing }) {
    if (state === "ended") {
      if (this.call?.callId === callId) this.take(null);
    } else if (this.reset !== "none" || callId === this.stopping) {
      stopSharing(callId);
    } else if (sharing && !this.call) {
      this.take({ callId, state, agent, position: null, window: true });
    }
  }

  /** @param {Message} message */
  send(message) {
    if (new TextEncoder().encode(toJson(message)).length > LARGEST_FRAME) {
      throw new Failure("too-large", `${message.type} is over ${LARGEST_FRAME} bytes`);
    }
    this.socket.send(message);
  }

  /** @param {string} callId */
  stop(callId) {
    this.stopping = callId;
    stopSharing(callId); // the service may be away
    this.send({ type: "stop", callId });
  }

  /** @param {ActiveUser} tag */
  setTag(tag) {
    if (typeof tag !== "object" || tag === null || Array.isArray(tag)) {
      throw new Failure("bad-request", "a tag is an object");
    }
    this.tag = tag;
    if (this.welcomed) this.sendTag();
    else this.socket.open();
  }

  sendTag() {
    this.sent = this.tag;
    try {
      this.send({ type: "tag", tag: this.tag, ...(this.joins && { joins: true }) });
    } catch (error) {
      this.tag = null;
      complain("user.tag", error);
    }
  }

  forget() {
    this.tag = null;
    this.joins = false;
    // Kept until the service has answered, even if this page is left before.
    const due = this.known && JSON.stringify({ ...this.known, reset: true });
    local.set(VISITOR_KEY, due);
    this.clear();
    if (!this.known) return;
    this.reset = "wanted";
    if (this.welcomed) this.sendReset();
    else this.socket.open();
  }

  sendReset() {
    this.welcomed = false;
    this.sent = null;
    this.reset = "sent";
    this.send({ type: "reset" });
  }

  /** Hide everything that concerned the previous visitor. */
  clear() {
    this.tell("clear");
    this.take(null);
  }

  /** Another tab became a new visitor; so does this one, without its tag. */
  follow() {
    // Unless this tab started it; then the others follow.
    if (this.reset !== "none") return;
    const stored = readStored();
    const same = stored?.id === this.known?.id;
    if (same && !stored?.reset) {
      this.known = stored;
      return;
    }
    this.tag = this.sent = null;
    this.clear();
    if (stored?.reset) return; // the tab that started it will say who comes next
    this.known = stored;
    this.joins = true;
    this.welcomed = false;
    if (!this.socket.wanted) return;
    this.socket.drop();
    this.socket.comeBack(); // with a delay, so that the other tab has its new id by then
    doc.dispatchEvent(new Event("chatvisor:renewed"));
  }

  tellPage() {
    const page = currentPage();
    const now = JSON.stringify([page, isVisible()]);
    if (!this.welcomed || now === this.told) return;
    this.told = now;
    this.send({ type: "page", page, visible: isVisible() });
  }

  /** @returns {Promise<void>} resolves once the service has identified this visitor */
  ready() {
    if (this.welcomed) return Promise.resolve();
    this.socket.open();
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @returns {Promise<Message>}
   */
  request(type, fields = {}) {
    const requestId = ++this.requests;
    return new Promise((resolve, reject) => {
      this.pending.set(requestId, { resolve, reject });
      setTimeout(() => {
        this.pending.delete(requestId);
        reject(new Failure("unreachable", "the service does not answer"));
      }, REQUEST_TIMEOUT);
      void this.ready().then(() => {
        // A request that was given up must not be carried out much later.
        if (!this.pending.has(requestId)) return;
        this.send({ type, requestId, ...fields });
      });
    });
  }

  /** @param {Message} message */
  settle(message) {
    this.pending.get(message.requestId)?.resolve(message);
    this.pending.delete(message.requestId);
  }

  /** @param {Message} message */
  refused(message) {
    const failure = new Failure(message.code, message.detail);
    const request = this.pending.get(message.requestId);
    if (!request) {
      // The page's tag script, if present, brings a new token.
      // Once for each token: a new one that is refused, too, means a clock that is wrong.
      if (message.code === "token-expired" && this.expired !== this.tag?.externalToken) {
        this.expired = this.tag?.externalToken;
        doc.dispatchEvent(new Event("chatvisor:refresh"));
      }
      return complain("refused", failure);
    }
    this.pending.delete(message.requestId);
    request.reject(failure);
  }
}

/** @param {Visitor} visitor */
export function followPage(visitor) {
  onReport((report) => visitor.reported(report));
  let timer = 0;
  const changed = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => visitor.tellPage(), 200);
  };
  doc.addEventListener("visibilitychange", changed);
  window.addEventListener("popstate", changed);
  ownGlobal("navigation")?.addEventListener("currententrychange", changed);
  // Without the Navigation API, a new title indicates a client-side navigation.
  if (doc.head) {
    const watch = { childList: true, subtree: true, characterData: true };
    new MutationObserver(changed).observe(doc.head, watch);
  }
  window.addEventListener("storage", (event) => {
    if (event.key === VISITOR_KEY || event.key === null) visitor.follow();
  });
  window.addEventListener("pagehide", () => visitor.clear());
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    // The page may belong to an ended session. The application's tag script, if present,
    // asks again; otherwise the tag remains if this is still the same visitor.
    if (doc.querySelector(TAG_BLOCK)) visitor.tag = null;
    visitor.follow();
    visitor.joins = false; // who goes back to a page uses it
  });
}

export const visitor = new Visitor();
