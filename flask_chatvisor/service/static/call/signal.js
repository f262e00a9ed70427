// @ts-check
/** The service's messages: the window introduces itself, and comes back after a loss. */

const FIRST_DELAY = 250; // ms, doubled each time
const LONGEST_DELAY = 3_000; // the service waits for 30 s in all
const FINAL_CODES = new Set([4400, 4401, 4403, 4404]);

/** @typedef {{type: string, [key: string]: any}} Message */

/**
 * @typedef {object} Listener
 * @property {(message: Message) => void} receive
 * @property {() => void} lost it will come back by itself
 * @property {(code: number) => void} refused it will not
 */

/** What the window must keep to come back after a reload: its secret. */
class Key {
  /** @param {string} callId @param {string} ticket from the link, good once */
  constructor(callId, ticket) {
    this.name = `chatvisor-call-${callId}`;
    this.ticket = ticket;
    // With it this window may use its ticket again, if the answer got lost.
    this.windowId = crypto.randomUUID();
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
    const { ticket, windowId, secret } = this;
    return ticket ? { ticket, windowId } : { secret };
  }
}

export class Signal {
  welcomed = false;

  /** @param {string} callId @param {string} ticket @param {Listener} listener */
  constructor(callId, ticket, listener) {
    this.key = new Key(callId, ticket);
    this.listener = listener;
    this.socket = new Socket(
      () => ({ type: "hello-call", callId, ...this.key.proof }),
      (message) => this.receive(message),
      (code) => this.closed(code),
    );
    this.socket.open();
  }

  /** @param {Message} message */
  receive(message) {
    if (message.type === "call-welcome") {
      this.key.keep(message.secret);
      this.welcomed = true;
      this.socket.losses = 0;
    }
    this.listener.receive(message);
  }

  /** @param {number} code */
  closed(code) {
    this.welcomed = false;
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
    this.socket.close();
  }
}

/** A WebSocket that comes back, and acknowledges what it gets. */
class Socket {
  /** @type {WebSocket | null} */
  wire = null;
  wanted = false;
  losses = 0;
  timer = 0;

  /**
   * @param {() => Message} hello the first message, made each time
   * @param {(message: Message) => void} onMessage
   * @param {(code: number) => boolean} onClosed says whether to come back
   */
  constructor(hello, onMessage, onClosed) {
    this.hello = hello;
    this.onMessage = onMessage;
    this.onClosed = onClosed;
    window.addEventListener("online", () => this.retryNow());
  }

  open() {
    this.wanted = true;
    this.connect();
  }

  connect() {
    const address = new URL("../ws", window.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const wire = new WebSocket(address);
    this.wire = wire;
    /** @type {Set<number>} */
    const seen = new Set();
    wire.onopen = () => this.send(this.hello());
    wire.onmessage = (event) => this.receive(JSON.parse(event.data), seen);
    wire.onclose = (event) => {
      if (this.wire !== wire) return;
      this.wire = null;
      if (this.onClosed(event.code)) this.comeBack();
      else this.wanted = false;
    };
  }

  comeBack() {
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.losses++);
    const delay = longest * (0.5 + Math.random() / 2);
    this.timer = window.setTimeout(() => this.retryNow(), delay);
  }

  retryNow() {
    if (!this.wanted || this.wire) return;
    clearTimeout(this.timer);
    this.connect();
  }

  /** @param {Message} message @param {Set<number>} seen */
  receive(message, seen) {
    if (!this.wanted) return;
    if (typeof message.ackId === "number") {
      this.send({ type: "ack", ackId: message.ackId });
      if (seen.has(message.ackId)) return;
      seen.add(message.ackId);
    }
    this.onMessage(message);
  }

  /** @param {Message} message */
  send(message) {
    if (this.wire?.readyState === WebSocket.OPEN) this.wire.send(JSON.stringify(message));
  }

  close() {
    this.wanted = false;
    clearTimeout(this.timer);
    this.wire?.close(1000);
    this.wire = null;
  }
}
