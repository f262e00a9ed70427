// @ts-check
/** The call window's socket: it introduces itself, acknowledges, and comes back. */

const FIRST_DELAY = 250; // ms, doubled each time
const LONGEST_DELAY = 3_000; // the service waits for 30 s in all
const FINAL_CODES = new Set([4400, 4401, 4403, 4404]);

/** @typedef {{type: string, [key: string]: any}} Message */

/** What the window must keep to come back after a reload: its secret. */
class Key {
  /** @param {string} callId @param {string} ticket from the link, good once */
  constructor(callId, ticket) {
    this.name = `chatvisor-call-${callId}`;
    this.ticket = ticket;
    this.secret = "";
    try {
      this.secret = sessionStorage.getItem(this.name) ?? "";
    } catch {
      // Storage is blocked: this window cannot be reloaded, the call works.
    }
  }

  /** @param {string} secret */
  keep(secret) {
    this.secret = secret;
    this.ticket = "";
    try {
      sessionStorage.setItem(this.name, secret);
    } catch {
      // As above.
    }
  }

  /** A ticket that was just handed over counts more than an old secret. */
  get proof() {
    return this.ticket ? { ticket: this.ticket } : { secret: this.secret };
  }
}

export class Signal {
  /**
   * @param {string} callId
   * @param {string} ticket
   * @param {(message: Message) => void} onMessage
   * @param {() => void} onLost it will come back by itself
   * @param {(code: number) => void} onRefused it will not
   */
  constructor(callId, ticket, onMessage, onLost, onRefused) {
    this.callId = callId;
    this.key = new Key(callId, ticket);
    this.onMessage = onMessage;
    this.onLost = onLost;
    this.onRefused = onRefused;
    /** @type {WebSocket | null} */
    this.wire = null;
    this.welcomed = false;
    this.closed = false;
    this.losses = 0;
    this.timer = 0;
    window.addEventListener("online", () => this.retryNow());
    this.connect();
  }

  connect() {
    const address = new URL("../ws", window.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const wire = new WebSocket(address);
    this.wire = wire;
    /** @type {Set<number>} */
    const seen = new Set();
    wire.onopen = () =>
      this.put({ type: "hello-call", callId: this.callId, ...this.key.proof });
    wire.onmessage = (event) => this.receive(JSON.parse(event.data), seen);
    wire.onclose = (event) => this.lost(wire, event.code);
  }

  /** @param {WebSocket} wire @param {number} code */
  lost(wire, code) {
    if (this.wire !== wire) return;
    this.wire = null;
    this.welcomed = false;
    if (this.closed) return;
    if (FINAL_CODES.has(code)) return this.onRefused(code);
    this.onLost();
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.losses++);
    const delay = longest * (0.5 + Math.random() / 2);
    this.timer = window.setTimeout(() => this.retryNow(), delay);
  }

  retryNow() {
    if (this.closed || this.wire) return;
    clearTimeout(this.timer);
    this.connect();
  }

  /** @param {Message} message @param {Set<number>} seen */
  receive(message, seen) {
    if (this.closed) return;
    if (typeof message.ackId === "number") {
      this.put({ type: "ack", ackId: message.ackId });
      if (seen.has(message.ackId)) return;
      seen.add(message.ackId);
    }
    if (message.type === "call-welcome") {
      this.key.keep(message.secret);
      this.welcomed = true;
      this.losses = 0;
    }
    this.onMessage(message);
  }

  /** @param {Message} message */
  put(message) {
    if (this.wire?.readyState === WebSocket.OPEN) this.wire.send(JSON.stringify(message));
  }

  /** @param {Message} message dropped while there is no connection */
  send(message) {
    if (this.welcomed) this.put(message);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.wire?.close(1000);
    this.wire = null;
  }
}
