// @ts-check
/** The call, from the link that opened its window to how it ended. */

import { Model } from "./model.js";
import { Signal } from "./signal.js";
import { render, UNSAID } from "./view.js";

/** @import { State } from "./model.js" */
/** @import { Sharer, Watcher } from "./peer.js" */
/** @import { Stats } from "./quality.js" */
/** @import { Message } from "../shared/socket.js" */

const NONE = "none"; // of a call that could not begin; its link says why
const OPENED_ELSEWHERE = 4403;

/**
 * Something that the window can do; it is told of what it has a method for.
 *
 * @typedef {object} Feature
 * @property {(message: Message, before: State) => void} [receive] a message of the
 *   service, which the model has taken; `before` is the state until then
 * @property {(stats: Stats) => void} [measured] every two seconds
 * @property {() => void} [letGo] the call is over: of screens and microphones too
 */

export class Call {
  model = new Model();
  /** @type {Signal | null} */
  signal = null;
  /** @type {Sharer | Watcher | null} */
  peer = null;
  /** @type {Feature[]} */
  features = [];
  said = UNSAID;

  /** @param {(call: Call) => Feature[]} makeFeatures once the role is known */
  constructor(makeFeatures) {
    this.makeFeatures = makeFeatures;
  }

  /** @param {string} callId @param {string} ticket */
  open(callId, ticket) {
    if (callId === NONE) this.model.end(ticket.replace(/^ended=/, ""));
    else this.signal = new Signal(callId, ticket, this);
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
    model.receive(message);
    if (message.state === "ended") return this.finish();
    if (before === "ended") {
      // Said while the service could not hear it.
      if (message.type === "call-welcome") this.send({ type: "end", reason: model.ending });
      return;
    }
    if (!this.features.length) this.features = this.makeFeatures(this);
    for (const feature of this.features) feature.receive?.(message, before);
    this.show();
  }

  /** It comes back by itself. */
  lost() {
    this.model.trouble.signal = true;
    this.show();
  }

  /** @param {number} code */
  refused(code) {
    const { model } = this;
    model.note = code === OPENED_ELSEWHERE && model.role ? "elsewhere" : "expired";
    model.state = "ended";
    this.finish();
  }

  /** This window ends it. @param {string} reason */
  end(reason) {
    this.model.ending = reason;
    this.model.end(reason);
    this.send({ type: "end", reason });
    // The service's answer says how it really ended; the screen is let go at once.
    this.letGo();
  }

  /** It is over, and the service knows. */
  finish() {
    this.signal?.close();
    this.letGo();
  }

  letGo() {
    for (const feature of this.features) feature.letGo?.();
    this.show();
  }
}
