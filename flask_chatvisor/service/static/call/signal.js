// @ts-check
/** The service's messages: the window introduces itself and reconnects after a loss. */

import { FINAL_CODES, Socket } from "../shared/socket.js";

/** @import { Message } from "../shared/socket.js" */

const DELAYS = { first: 250, longest: 3_000 }; // the service waits for 30 s in all

/**
 * @typedef {object} Listener
 * @property {(message: Message) => void} receive
 * @property {() => void} lost it will reconnect automatically
 * @property {(code: number) => void} refused it will not reconnect
 */

/** The secret that the window keeps to reconnect after a reload. */
class Key {
  /** @param {string} callId @param {string} ticket from the link, for one use */
  constructor(callId, ticket) {
    this.name = `chatvisor-call-${callId}`;
    this.ticket = ticket;
    // With this id the window may reuse its ticket if the answer was lost.
    this.windowId = crypto.getRandomValues(new Uint32Array(4)).join("-");
    this.secret = this.load();
  }

  load() {
    try {
      return sessionStorage.getItem(this.name) ?? "";
    } catch {
      return ""; // storage is blocked: the call works, but this window cannot be reloaded
    }
  }

  /** @param {string} secret */
  keep(secret) {
    this.secret = secret;
    this.ticket = "";
    this.save(secret);
  }

  /** @param {string} value */
  save(value) {
    try {
      sessionStorage.setItem(this.name, value);
    } catch {
      // As above.
    }
  }

  /** A new ticket takes precedence over an old secret. */
  get proof() {
    const { ticket, windowId, secret } = this;
    return ticket ? { ticket, windowId } : { secret };
  }
}

const ENDED = /^ended (visitor|agent) ([\w-]+)$/;

export class Signal {
  welcomed = false;
  heartbeat = 0; // seconds; 0 until the service has said how many
  silence = 0;

  /** @param {string} callId @param {string} ticket @param {Listener} listener */
  constructor(callId, ticket, listener) {
    this.key = new Key(callId, ticket);
    this.listener = listener;
    this.socket = new Socket(
      new URL("../ws", window.location.href),
      DELAYS,
      () => ({ type: "hello-call", callId, ...this.key.proof }),
      (message) => this.receive(message),
      (code) => this.closed(code),
    );
    if (!this.ending) this.socket.open();
  }

  /** How the call ended that this window was in before it was reloaded. */
  get ending() {
    const [, role, reason] = (!this.key.ticket && ENDED.exec(this.key.secret)) || [];
    return role && reason ? { role: /** @type {"visitor" | "agent"} */ (role), reason } : null;
  }

  /**
   * Replace the secret, which is of no use any more, by what a reload must show.
   *
   * @param {string} role
   * @param {string} reason
   */
  forget(role, reason) {
    this.key.secret = "";
    this.key.save(`ended ${role} ${reason}`);
  }

  /** @param {Message} message */
  receive(message) {
    if (message.type === "call-welcome") {
      this.heartbeat = message.heartbeat ?? 0;
      if (message.state !== "ended") this.key.keep(message.secret);
      this.welcomed = true;
      this.socket.losses = 0;
    }
    this.listen();
    if (message.type !== "pong") this.listener.receive(message);
  }

  /** A service that hangs, or a cut network, closes nothing: after a silence it is asked. */
  listen() {
    clearTimeout(this.silence);
    const ms = this.heartbeat * 1_000;
    const lose = () => this.socket.lose();
    const ask = () => {
      this.send({ type: "ping" });
      this.silence = window.setTimeout(lose, 2 * ms);
    };
    if (ms) this.silence = window.setTimeout(ask, ms);
  }

  /** @param {number} code */
  closed(code) {
    this.welcomed = false;
    this.listen(); // a new connection may hang, too
    const final = FINAL_CODES.has(code);
    if (final) this.listener.refused(code);
    else this.listener.lost();
    return !final;
  }

  /** @param {Message} message dropped while there is no connection */
  send(message) {
    if (this.welcomed) this.socket.send(message);
  }

  close() {
    clearTimeout(this.silence);
    this.socket.close();
  }
}
