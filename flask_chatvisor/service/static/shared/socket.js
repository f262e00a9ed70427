// @ts-check
/** A WebSocket to the service that reconnects. */

import { doc } from "./page.js";

/** @typedef {{type: string, [key: string]: any}} Message */
/** @typedef {{first: number, longest: number}} Delays milliseconds before a reconnect */

const STEADY = 5_000; // ms; a connection that lasted this long was stable
/** After these codes the service would only refuse again. */
export const FINAL_CODES = new Set([4400, 4401, 4403, 4404]);

/** It says hello, acknowledges, and reconnects after a loss or being offline. */
export class Socket {
  /**
   * @param {URL} address of the socket, with http or https
   * @param {Delays} delays the first is doubled each time
   * @param {() => Message | Promise<Message>} hello the first message, made each time
   * @param {(message: Message) => void} onMessage
   * @param {(code: number) => boolean} onClosed returns whether to reconnect
   */
  constructor(address, delays, hello, onMessage, onClosed) {
    this.address = new URL(address);
    this.address.protocol = address.protocol.replace("http", "ws");
    this.delays = delays;
    this.hello = hello;
    this.onMessage = onMessage;
    this.onClosed = onClosed;
    /** @type {WebSocket | null} */
    this.wire = null;
    this.wanted = false;
    this.losses = 0;
    this.timer = 0;
    window.addEventListener("online", () => this.retryNow());
  }

  open() {
    // A prerendered page has not been opened yet.
    if (/** @type {any} */ (doc).prerendering) {
      const later = () => this.open();
      return doc.addEventListener("prerenderingchange", later, { once: true });
    }
    if (this.wanted) return;
    this.wanted = true;
    this.connect();
  }

  close() {
    this.wanted = false;
    this.drop();
  }

  /** Close the current connection, if any, until asked to reconnect. */
  drop() {
    clearTimeout(this.timer);
    const wire = this.wire;
    this.wire = null;
    if (!wire) return;
    wire.close(1000);
    if (this.wanted) this.onClosed(1000);
  }

  /** Count a connection that hangs as lost; the browser would take minutes to close it. */
  lose() {
    const wire = this.wire;
    wire?.close(); // without a code: this was not on purpose
    wire?.dispatchEvent(new CloseEvent("close", { code: 1006 }));
  }

  retryNow() {
    if (!this.wanted || this.wire) return;
    clearTimeout(this.timer);
    this.connect();
  }

  connect() {
    const wire = new WebSocket(this.address);
    this.wire = wire;
    /** @type {Set<number>} */
    const seen = new Set();
    const started = performance.now();
    wire.onopen = () => void this.greet(wire);
    wire.onmessage = (event) => this.receive(wire, event, seen);
    wire.onclose = (event) => {
      if (this.wire !== wire) return;
      this.wire = null;
      if (performance.now() - started > STEADY) this.losses = 0;
      if (this.onClosed(event.code)) this.comeBack();
      else this.wanted = false;
    };
  }

  /** @param {WebSocket} wire */
  async greet(wire) {
    try {
      const hello = await this.hello();
      if (this.wire === wire) this.send(hello);
    } catch {
      wire.close(); // no token available now; the next attempt asks again
    }
  }

  comeBack() {
    const { first, longest } = this.delays;
    const most = Math.min(longest, first * 2 ** this.losses++);
    const offline = navigator.onLine === false; // then "online" wakes it earlier
    const delay = offline ? longest : most * (0.5 + Math.random() / 2);
    this.timer = window.setTimeout(() => this.retryNow(), delay);
  }

  /**
   * @param {WebSocket} wire
   * @param {MessageEvent} event
   * @param {Set<number>} seen
   */
  receive(wire, event, seen) {
    if (this.wire !== wire) return;
    /** @type {Message} */
    const message = JSON.parse(event.data);
    if (typeof message.ackId === "number") {
      this.send({ type: "ack", ackId: message.ackId });
      if (seen.has(message.ackId)) return;
      seen.add(message.ackId);
    }
    this.onMessage(message);
  }

  /** @param {Message} message dropped while there is no connection */
  send(message) {
    if (this.wire?.readyState === WebSocket.OPEN) this.wire.send(toJson(message));
  }
}

/** @param {unknown} value */
export const toJson = (value) => JSON.stringify(value, wellFormed);

/**
 * Lone surrogates are not Unicode; strict JSON readers refuse them.
 *
 * @param {string} _key
 * @param {unknown} value
 */
function wellFormed(_key, value) {
  return typeof value === "string" ? value.replace(/\p{Cs}/gu, "\uFFFD") : value;
}
