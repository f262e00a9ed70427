// @ts-check
/** The call, from its link to its end. */

import { Model } from "./model.js";
import { Signal } from "./signal.js";
import { render, UNSAID } from "./view.js";

/** @import { State } from "./model.js" */
/** @import { Sharer, Watcher } from "./peer.js" */
/** @import { Stats } from "./quality.js" */
/** @import { Message } from "../shared/socket.js" */

const NONE = "none"; // the id of a call that could not begin; its link says why
const OPENED_ELSEWHERE = 4403;

/**
 * A feature of the window. Each of its methods is called if it exists.
 *
 * @typedef {object} Feature
 * @property {(message: Message, before: State) => void} [receive] a message of the
 *   service, after the model has handled it; `before` is the previous state
 * @property {(stats: Stats) => void} [measured] every two seconds
 * @property {() => void} [letGo] the call has ended: release screens and microphones
 */

const FIRST_PATIENCE = 35; // seconds, until the service has said how long

export class Call {
  model = new Model();
  /** @type {Signal | null} */
  signal = null;
  /** @type {Sharer | Watcher | null} */
  peer = null;
  /** @type {Feature[]} */
  features = [];
  said = UNSAID;
  patience = FIRST_PATIENCE;
  overdue = 0;

  /** @param {(call: Call) => Feature[]} makeFeatures once the role is known */
  constructor(makeFeatures) {
    this.makeFeatures = makeFeatures;
  }

  /** @param {string} callId @param {string} ticket */
  open(callId, ticket) {
    if (callId === NONE) this.model.end(ticket.replace(/^ended=/, ""));
    else this.signal = new Signal(callId, ticket, this);
    const { ending } = this.signal ?? {};
    if (ending) {
      this.model.role = ending.role;
      this.model.end(ending.reason);
    }
    this.show();
  }

  show = () => {
    this.model.up = Boolean(this.peer?.up);
    this.said = render(this.model, this.said);
  };

  send = (/** @type {Message} */ message) => this.signal?.send(message);

  mediaChanged = (/** @type {boolean} */ up) => {
    const { trouble } = this.model;
    trouble.media = !up;
    if (up) trouble.slow = false;
    this.show();
  };

  /** @param {Message} message */
  receive(message) {
    const { model } = this;
    const before = model.state;
    this.heard(message);
    model.receive(message);
    if (message.state === "ended") return this.finish();
    if (before === "ended") {
      // Ended while the service was not connected.
      if (message.type === "call-welcome") this.send({ type: "end", reason: model.ending });
      return;
    }
    if (!this.features.length) this.features = this.makeFeatures(this);
    for (const feature of this.features) feature.receive?.(message, before);
    this.show();
  }

  /** @param {Message} message */
  heard(message) {
    if (message.type !== "call-welcome") return;
    if (message.lostAfter) this.patience = message.lostAfter;
    clearTimeout(this.overdue);
    this.overdue = 0;
  }

  /** It reconnects automatically. By the end of its patience the service has ended the call. */
  lost() {
    this.model.trouble.signal = true;
    const isOver = () => this.model.state === "ended" || this.end("connection-lost");
    if (this.features.length) this.overdue ||= window.setTimeout(isOver, this.patience * 1000);
    this.show();
  }

  /** @param {number} code */
  refused(code) {
    const { model } = this;
    model.note = code === OPENED_ELSEWHERE && model.role ? "elsewhere" : "expired";
    model.state = "ended";
    this.finish();
  }

  /** End the call from this window. @param {string} reason */
  end(reason) {
    this.model.ending = reason;
    this.model.end(reason);
    this.send({ type: "end", reason });
    // The service's answer says how it really ended; the screen is released at once.
    this.letGo();
  }

  /** The call has ended, and the service knows. */
  finish() {
    const { role, reason } = this.model;
    this.signal?.close();
    if (role && reason) this.signal?.forget(role, reason);
    this.letGo();
  }

  letGo() {
    for (const feature of this.features) feature.letGo?.();
    this.show();
  }
}
