// @ts-check
/** A WebSocket to the service that comes back. */

const FIRST_DELAY = 400; // ms before the first reconnect, doubled each time
const LONGEST_DELAY = 30_000;
const STEADY = 5_000; // a connection that lasted this long was a good one
const REQUEST_TIMEOUT = 10_000;
const LARGEST_FRAME = 60_000; // bytes; the service closes at 64 KiB
const FINAL_CODES = new Set([4400, 4401, 4403, 4404]);

/** A WebSocket that comes back: after a loss, offline, and the back-forward cache. */
class Socket {
  /**
   * @param {() => Message | Promise<Message>} hello the first message, made each time
   * @param {(message: Message) => void} onMessage
   * @param {(code: number) => boolean} onClosed says whether to come back
   */
  constructor(hello, onMessage, onClosed) {
    this.hello = hello;
    this.onMessage = onMessage;
    this.onClosed = onClosed;
    /** @type {WebSocket | null} */
    this.wire = null;
    this.wanted = false;
    this.losses = 0;
    this.timer = 0;
    window.addEventListener("online", () => this.retryNow());
    window.addEventListener("pagehide", (event) => {
      if (event.persisted) this.drop();
    });
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.retryNow();
    });
  }

  open() {
    // A page that is prerendered was not opened by anybody yet.
    if (/** @type {any} */ (document).prerendering) {
      const later = () => this.open();
      return document.addEventListener("prerenderingchange", later, { once: true });
    }
    if (this.wanted) return;
    this.wanted = true;
    this.connect();
  }

  close() {
    this.wanted = false;
    this.drop();
  }

  /** Leave the present connection, if any, to come back when told to. */
  drop() {
    clearTimeout(this.timer);
    const wire = this.wire;
    this.wire = null;
    if (!wire) return;
    wire.close(1000);
    if (this.wanted) this.onClosed(1000);
  }

  retryNow() {
    if (!this.wanted || this.wire) return;
    clearTimeout(this.timer);
    this.connect();
  }

  connect() {
    const address = new URL("ws", BASE);
    address.protocol = address.protocol.replace("http", "ws");
    const wire = new WebSocket(address);
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
      wire.close(); // no token to be had just now: the next attempt asks again
    }
  }

  comeBack() {
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.losses++);
    const offline = navigator.onLine === false; // then "online" will wake us first
    const delay = offline ? LONGEST_DELAY : longest * (0.5 + Math.random() / 2);
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

  /**
   * @param {Message} message
   * @returns {boolean} false if there is no open connection
   */
  send(message) {
    if (this.wire?.readyState !== WebSocket.OPEN) return false;
    const frame = JSON.stringify(message, wellFormed);
    if (new TextEncoder().encode(frame).length > LARGEST_FRAME) {
      throw new Failure("too-large", `${message.type} is over ${LARGEST_FRAME} bytes`);
    }
    this.wire.send(frame);
    return true;
  }
}

/**
 * Lone surrogates are not Unicode: no strict JSON reader takes them.
 *
 * @param {string} _key
 * @param {unknown} value
 */
function wellFormed(_key, value) {
  return typeof value === "string" ? value.replace(/\p{Cs}/gu, "\uFFFD") : value;
}
