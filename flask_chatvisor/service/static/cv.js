// @ts-check
/**
 * The script that an application's pages load: `window.CV`, presence and invitations.
 *
 * One file on purpose: it is answered at /cdn/js/<id>.js as it is. Its sections: texts,
 * small helpers, storage, sockets, the visitor, what the visitor sees, REST, windows,
 * the queue, agents, and the public API at the end.
 */
(() => {
  "use strict";

  /**
   * @typedef {{type: string, [key: string]: any}} Message
   * @typedef {{[key: string]: any}} ActiveUser
   * @typedef {{name: string, email: string}} Agent
   * @typedef {"live" | "reconnecting"} AgentSocketState
   *
   * @typedef {object} OwnCall the call that this visitor waits for or is in
   * @property {string} callId
   * @property {"waiting" | "accepted" | "connecting" | "live"} state
   * @property {Agent | null} agent
   * @property {number | null} position in the queue; 0 is next
   * @property {boolean} window whether its call window is there
   */

  const MARK = Symbol.for("chatvisor.script");
  const scope = /** @type {any} */ (window);
  if (scope[MARK]) return; // loaded twice
  scope[MARK] = true;

  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  /** The service's public address: the script is at <base>cdn/js/<id>.js. */
  const BASE = new URL("../..", script?.src || window.location.href);

  // --- texts ---------------------------------------------------------------------

  /** By language tag in lower case. @type {Map<string, Record<string, string>>} */
  const LANGUAGES = new Map([
    [
      "en",
      {
        "direction": "ltr",
        "invitation.title": "{name} asks to see your screen",
        "invitation.who": "{name} ({email}) would like to help you here.",
        "invitation.who-named-by-email": "{email} would like to help you here.",
        "invitation.choice": "You choose what to show: a tab, a window or the screen.",
        "invitation.nothing": "Nothing is shown before you have chosen.",
        "invitation.view-only": "They can look, but cannot click or type for you.",
        "invitation.stop": "You can stop at any moment.",
        "invitation.accept": "Accept",
        "invitation.decline": "Decline",
        "invitation.window": "The call opens in a window of its own.",
        "invitation.opened": "The call has been opened in another window or tab.",
        "notice.close": "Close",
        "notice.open-call": "Open the call",
        "notice.blocked": "The browser has not let the call’s window open.",
        "notice.no-answer": "{name} asked to see your screen. The request has expired.",
        "notice.agent-ended": "{name} has taken the request back.",
        "notice.over": "{name} no longer asks to see your screen.",
        "notice.elsewhere": "The call is open in another window of this browser.",
        "sign.label": "Your call",
        "sign.next": "You are next.",
        "sign.waiting": "You are number {number} in the queue.",
        "sign.accepted": "{name} is with you. Choose in the call’s window what to show.",
        "sign.connecting": "Connecting to {name} …",
        "sign.live": "Your screen is shown to {name}.",
        "sign.closed": "The call’s window was closed.",
        "sign.ending": "Ending the call …",
        "sign.back": "Show the call",
        "sign.reopen": "Open it again",
        "sign.cancel": "Cancel",
        "sign.stop": "Stop sharing",
        "sign.move": "Move this out of the way",
        "failed.busy": "There is a call already.",
        "failed.visitor-gone": "This person has left.",
        "failed.failed": "The call could not be started.",
        "window.title": "Opening the call …",
      },
    ],
    [
      "de",
      {
        "direction": "ltr",
        "invitation.title": "{name} möchte Ihren Bildschirm sehen",
        "invitation.who": "{name} ({email}) möchte Ihnen hier helfen.",
        "invitation.who-named-by-email": "{email} möchte Ihnen hier helfen.",
        "invitation.choice":
          "Sie wählen aus, was Sie zeigen: einen Tab, ein Fenster oder den Bildschirm.",
        "invitation.nothing": "Bevor Sie etwas ausgewählt haben, wird nichts gezeigt.",
        "invitation.view-only":
          "Ihr Gegenüber kann zusehen, aber nichts für Sie anklicken oder eingeben.",
        "invitation.stop": "Sie können jederzeit aufhören.",
        "invitation.accept": "Annehmen",
        "invitation.decline": "Ablehnen",
        "invitation.window": "Das Gespräch öffnet sich in einem eigenen Fenster.",
        "invitation.opened":
          "Das Gespräch wurde in einem anderen Fenster oder Tab geöffnet.",
        "notice.close": "Schließen",
        "notice.open-call": "Gespräch öffnen",
        "notice.blocked":
          "Der Browser hat verhindert, dass sich das Gesprächsfenster öffnet.",
        "notice.no-answer":
          "{name} wollte Ihren Bildschirm sehen. Die Anfrage ist abgelaufen.",
        "notice.agent-ended": "{name} hat die Anfrage zurückgezogen.",
        "notice.over": "{name} möchte Ihren Bildschirm nicht mehr sehen.",
        "notice.elsewhere":
          "Das Gespräch ist in einem anderen Fenster dieses Browsers geöffnet.",
        "sign.label": "Ihr Gespräch",
        "sign.next": "Sie sind als Nächstes dran.",
        "sign.waiting": "Sie sind Nummer {number} in der Warteschlange.",
        "sign.accepted":
          "{name} ist bei Ihnen. Wählen Sie im Gesprächsfenster aus, was Sie zeigen.",
        "sign.connecting": "Verbindung zu {name} …",
        "sign.live": "Ihr Bildschirm wird {name} gezeigt.",
        "sign.closed": "Das Gesprächsfenster wurde geschlossen.",
        "sign.ending": "Das Gespräch wird beendet …",
        "sign.back": "Gespräch anzeigen",
        "sign.reopen": "Wieder öffnen",
        "sign.cancel": "Abbrechen",
        "sign.stop": "Nichts mehr zeigen",
        "sign.move": "Dies aus dem Weg räumen",
        "failed.busy": "Es läuft schon ein Gespräch.",
        "failed.visitor-gone": "Diese Person ist nicht mehr da.",
        "failed.failed": "Das Gespräch ließ sich nicht beginnen.",
        "window.title": "Das Gespräch wird geöffnet …",
      },
    ],
  ]);

  /** @param {string} tag */
  const textsIn = (tag) =>
    LANGUAGES.get(tag.toLowerCase()) ??
    LANGUAGES.get(tag.toLowerCase().split("-")[0] ?? "");

  /** The first that is known: the page's, then those of the browser. */
  function language() {
    const declared = document.documentElement.lang.replaceAll("_", "-");
    const wanted = [declared, ...navigator.languages];
    return wanted.find((tag) => textsIn(tag)) ?? "en";
  }

  /** @param {string} key */
  const template = (key) =>
    textsIn(language())?.[key] ?? LANGUAGES.get("en")?.[key] ?? key;

  /**
   * @param {string} key
   * @param {Record<string, string>} [values]
   */
  function text(key, values = {}) {
    return template(key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }

  /**
   * A text for an element: a name may be written the other way round than its sentence.
   *
   * @param {string} key
   * @param {Record<string, string>} values
   */
  function phrase(key, values) {
    return template(key)
      .split(/\{(\w+)\}/)
      .map((piece, index) => (index % 2 ? element("bdi", {}, values[piece] ?? "") : piece));
  }

  // --- small helpers -------------------------------------------------------------

  /** What went wrong, with a stable code. */
  class Failure extends Error {
    /**
     * @param {string} code
     * @param {string} [detail]
     */
    constructor(code, detail = "") {
      super(detail);
      this.code = code;
    }
  }

  /**
   * @param {string} where
   * @param {unknown} error
   */
  function complain(where, error) {
    const code = error instanceof Failure ? error.code : "failed";
    const detail = error instanceof Error && error.message ? ` (${error.message})` : "";
    console.warn(`chatvisor: ${where}: ${code}${detail}`);
  }

  /**
   * Call back with what `work` gives, or with `empty` and a line in the console.
   *
   * @template T
   * @param {string} where
   * @param {((result: T) => void) | null | undefined} callback
   * @param {T} empty
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async function answer(where, callback, empty, work) {
    let result = empty;
    try {
      result = await work();
    } catch (error) {
      complain(where, error);
    }
    call(callback, result);
    return result;
  }

  /**
   * Run the page's own function: what it throws is the page's, and stops nothing here.
   *
   * @param {unknown} callback
   * @param {...unknown} values
   */
  function call(callback, ...values) {
    if (typeof callback !== "function") return;
    try {
      callback(...values);
    } catch (error) {
      reportError(error);
    }
  }

  /** @param {number} milliseconds */
  const pause = (milliseconds) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));

  /**
   * Make an element; texts become text nodes.
   *
   * @template {keyof HTMLElementTagNameMap} Name
   * @param {Name} name
   * @param {Record<string, string>} [attributes]
   * @param {...(Node | string)} children
   * @returns {HTMLElementTagNameMap[Name]}
   */
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // --- storage -------------------------------------------------------------------

  /**
   * Storage that keeps working, for this page at least, where the browser blocks it.
   *
   * @param {"localStorage" | "sessionStorage"} kind
   */
  function storage(kind) {
    /** @type {Map<string, string>} */
    const memory = new Map();
    return {
      /** @param {string} key */
      get(key) {
        try {
          return window[kind].getItem(key);
        } catch {
          return memory.get(key) ?? null;
        }
      },
      /**
       * @param {string} key
       * @param {string | null} value
       */
      set(key, value) {
        try {
          if (value === null) window[kind].removeItem(key);
          else window[kind].setItem(key, value);
        } catch {
          if (value === null) memory.delete(key);
          else memory.set(key, value);
        }
      },
    };
  }

  const VISITOR_KEY = "chatvisor-visitor";
  const TOKEN_KEY = "chatvisor-token";
  const local = storage("localStorage");
  const session = storage("sessionStorage");

  // --- sockets -------------------------------------------------------------------

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

  // --- the visitor ---------------------------------------------------------------

  /** What may be told of the page: never the query string or the fragment. */
  function currentPage() {
    const clip = (/** @type {string} */ value) => value.slice(0, 1000);
    return { title: clip(document.title), path: clip(window.location.pathname) };
  }

  const isVisible = () => document.visibilityState === "visible";

  /** This browser as the service knows it. It has a socket once there is a need. */
  class Visitor {
    constructor() {
      /** @type {{id: string, secret: string} | null} */
      this.known = null;
      /** @type {ActiveUser | null} */
      this.tag = null;
      this.welcomed = false;
      /** @type {OwnCall | null} */
      this.call = null;
      /** The call that was to be stopped: said again until it is. */
      this.stopping = "";
      /** @type {"none" | "wanted" | "sent"} */
      this.reset = "none";
      this.told = "";
      this.requests = 0;
      /** @type {Map<number, {resolve: (m: Message) => void, reject: (e: Failure) => void}>} */
      this.pending = new Map();
      /** @type {Set<() => void>} */
      this.waiting = new Set();
      this.socket = new Socket(
        () => this.hello(),
        (message) => this.receive(message),
        (code) => this.closed(code),
      );
      this.load();
    }

    load() {
      try {
        const stored = JSON.parse(local.get(VISITOR_KEY) ?? "null");
        const fits = typeof stored?.id === "string" && typeof stored.secret === "string";
        this.known = fits ? { id: stored.id, secret: stored.secret } : null;
      } catch {
        this.known = null;
      }
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
      for (const request of this.pending.values()) request.reject(new Failure("lost"));
      this.pending.clear();
      if (this.reset === "sent") this.reset = "none"; // the next hello asks for a new id
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
          return invitations.ring(message);
        case "unring":
          return invitations.unring(message.callId, message.reason);
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
      if (this.known?.id !== message.visitorId) invitations.clear();
      this.reset = "none";
      this.known = { id: message.visitorId, secret: message.secret };
      local.set(VISITOR_KEY, JSON.stringify(this.known));
      this.welcomed = true;
      invitations.confirm();
      this.take(message.call ?? null);
      if (this.tag) this.sendTag();
      this.tellPage();
      for (const resolve of this.waiting) resolve();
      this.waiting.clear();
    }

    /** @param {OwnCall | null} call where it stands now */
    take(call) {
      this.call = call;
      const live = call?.state === "live";
      document.documentElement.toggleAttribute("data-chatvisor-sharing", live);
      if (call && call.callId === this.stopping) this.stop(call.callId);
      if (call) sign.show(call);
      else sign.clear();
    }

    /** @param {string} callId */
    stop(callId) {
      this.stopping = callId;
      this.socket.send({ type: "stop", callId });
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
      try {
        this.socket.send({ type: "tag", tag: this.tag });
      } catch (error) {
        this.tag = null;
        complain("user.tag", error);
      }
    }

    forget() {
      this.tag = null;
      local.set(VISITOR_KEY, null);
      this.clear();
      if (!this.known) return;
      this.reset = "wanted";
      if (this.welcomed) this.sendReset();
      else this.socket.open();
    }

    sendReset() {
      this.welcomed = false;
      this.reset = "sent";
      this.known = null;
      this.socket.send({ type: "reset" });
    }

    /** Show nothing any more of what concerned the one it was before. */
    clear() {
      invitations.clear();
      this.take(null);
    }

    /** Another tab became somebody else: so does this one, without its tag. */
    follow() {
      // Unless it was this one that has begun: then the others follow it.
      if (this.reset !== "none") return;
      const before = this.known?.id;
      this.load();
      if (this.known?.id === before) return;
      this.tag = null;
      this.welcomed = false;
      this.clear();
      if (!this.socket.wanted) return;
      this.socket.drop();
      this.socket.comeBack(); // with a delay: the other tab has its new id by then
    }

    tellPage() {
      const page = currentPage();
      const now = JSON.stringify([page, isVisible()]);
      if (!this.welcomed || now === this.told) return;
      this.told = now;
      this.socket.send({ type: "page", page, visible: isVisible() });
    }

    /** @returns {Promise<void>} kept once the service has said who this is */
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
          // What was given up is not carried out much later.
          if (!this.pending.has(requestId)) return;
          this.socket.send({ type, requestId, ...fields });
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
      if (!request) return complain("refused", failure);
      this.pending.delete(message.requestId);
      request.reject(failure);
    }
  }

  /** @param {Visitor} visitor */
  function followPage(visitor) {
    let timer = 0;
    const changed = () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => visitor.tellPage(), 200);
    };
    document.addEventListener("visibilitychange", changed);
    window.addEventListener("popstate", changed);
    /** @type {EventTarget | undefined} */ (scope.navigation)?.addEventListener(
      "currententrychange",
      changed,
    );
    // Without the Navigation API a new title tells of a client-side navigation.
    if (document.head) {
      const watch = { childList: true, subtree: true, characterData: true };
      new MutationObserver(changed).observe(document.head, watch);
    }
    window.addEventListener("storage", (event) => {
      if (event.key === VISITOR_KEY || event.key === null) visitor.follow();
    });
    window.addEventListener("pagehide", () => visitor.clear());
    window.addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      // The page may be of a session that is over. Where the application's tag script
      // is, it asks again; elsewhere the tag stands if this is the same visitor still.
      if (document.getElementById("chatvisor-tag")) visitor.tag = null;
      visitor.follow();
    });
  }

  // --- what the visitor sees -----------------------------------------------------

  const SHEET = new CSSStyleSheet();
  SHEET.replaceSync(`
    /* Important, because that is the only way to prevail over a page that says so; and
       without a box of its own, so that nothing can be done to it. */
    :host { all: initial !important; display: contents !important; }
    /* Sizes are in em of the browser's own size: the page's rem may be anything. */
    :host {
      --surface: #ffffff; --text: #17212b; --muted: #56636f; --line: #d7dde3;
      --accent: #0b6b63; --accent-hover: #08554f; --on-accent: #ffffff; --soft: #e8f3f1;
      --backdrop: rgb(15 23 30 / 45%);
      color-scheme: light dark;
    }
    @media (prefers-color-scheme: dark) {
      :host {
        --surface: #1b242c; --text: #edf2f6; --muted: #a9b6c1; --line: #3a4854;
        --accent: #4fc3b6; --accent-hover: #74d5ca; --on-accent: #06211e; --soft: #22353a;
        --backdrop: rgb(0 0 0 / 60%);
      }
    }
    * { box-sizing: border-box; }
    dialog, .notice {
      margin: auto; padding: 0; border: 1px solid var(--line); border-radius: 14px;
      background: var(--surface); color: var(--text);
      font: 400 medium/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
      box-shadow: 0 18px 50px rgb(10 20 30 / 28%);
      overflow-wrap: anywhere;
    }
    dialog {
      inline-size: min(27em, calc(100vw - 2em));
      max-block-size: calc(100dvh - 2em); overflow: auto;
      padding: 1.5em;
    }
    dialog:focus { outline: none; }
    dialog::backdrop { background: var(--backdrop); }
    .from { display: flex; gap: 0.875em; align-items: center; }
    .face {
      flex: none; inline-size: 2.6em; block-size: 2.6em; border-radius: 50%;
      display: grid; place-items: center; background: var(--soft); color: var(--accent);
      font-weight: 650; font-size: 1.05em;
    }
    h2 { margin: 0; font-size: 1.2em; line-height: 1.3; font-weight: 650; }
    p { margin: 0.875em 0 0; color: var(--muted); }
    ul { margin: 0.875em 0 0; padding: 0; list-style: none; display: grid; gap: 0.4em; }
    li { padding-inline-start: 1.6em; position: relative; }
    li::before {
      content: ""; position: absolute; inset-inline-start: 0.15em; inset-block-start: 0.4em;
      inline-size: 0.45em; block-size: 0.75em; border: solid var(--accent);
      border-width: 0 2px 2px 0; transform: rotate(42deg);
    }
    .actions {
      display: flex; flex-wrap: wrap; gap: 0.75em; margin-block-start: 1.375em;
    }
    .actions > * { flex: 1 1 8em; }
    button, a.button {
      appearance: none; cursor: pointer; text-align: center; text-decoration: none;
      font: inherit; font-weight: 600; padding: 0.65em 1em; min-block-size: 2.75em;
      border: 1px solid var(--line); border-radius: 9px;
      background: transparent; color: var(--text);
    }
    button:hover { background: var(--soft); }
    a.button {
      background: var(--accent); border-color: var(--accent); color: var(--on-accent);
    }
    a.button:hover { background: var(--accent-hover); border-color: var(--accent-hover); }
    button:focus-visible, a:focus-visible {
      outline: 3px solid var(--accent); outline-offset: 2px;
    }
    .small { font-size: 0.875em; margin-block-start: 0.75em; text-align: center; }
    .notice {
      position: fixed; inset-block: auto 1em; inset-inline: auto 1em; margin: 0;
      z-index: 2147483647;
      display: flex; flex-wrap: wrap; gap: 0.75em 1em; align-items: center;
      max-inline-size: min(26em, calc(100vw - 2em)); padding: 0.875em 1em;
    }
    .notice p { margin: 0; color: var(--text); flex: 1 1 12em; }
    .notice button { padding: 0.4em 0.75em; min-block-size: 2.25em; }
    .sign {
      display: inline-flex; flex-wrap: wrap; gap: 0.25em 0.5em; align-items: center;
      max-inline-size: min(46em, calc(100vw - 2em)); padding: 0.375em 0.75em;
      border: 1px solid var(--line); border-radius: 12px;
      background: var(--surface); color: var(--text);
      font: 400 0.9375em/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
      text-align: start; overflow-wrap: anywhere;
    }
    .sign[popover] {
      position: fixed; inset: auto; margin: 0; z-index: 2147483647;
      box-shadow: 0 6px 24px rgb(10 20 30 / 22%);
    }
    .sign[popover]:not([data-shown]) { display: none; }
    .sign[data-at~="bottom"] { inset-block-end: 1em; }
    .sign[data-at~="top"] { inset-block-start: 1em; }
    .sign[data-at~="start"] { inset-inline-start: 1em; }
    .sign[data-at~="end"] { inset-inline-end: 1em; }
    .sign p {
      margin: 0; color: var(--text); flex: 1 1 auto;
      position: relative; padding-inline-start: 1.1em;
    }
    .sign p::before {
      content: ""; position: absolute; inset-inline-start: 0; inset-block-start: 0.4em;
      inline-size: 0.6em; block-size: 0.6em; border-radius: 50%; background: var(--muted);
    }
    .sign[data-state="live"] p::before { background: #d92d20; }
    .sign .tools { display: flex; flex-wrap: wrap; gap: 0.25em 0.375em; }
    .sign button { padding: 0.25em 0.625em; min-block-size: 2em; }
    .sign [aria-disabled="true"] { opacity: 0.6; cursor: default; }
    .sign:not([popover]) {
      font-size: 0.875em; padding-block: 0.125em; padding-inline: 0.75em 0.25em;
    }
    .sign:not([popover]) [data-chatvisor-move] { display: none; }
    .sign:not([popover]) p::before { content: none; }
    .sign:not([popover]) p { padding: 0; }
    @media print { .sign { display: none; } }
    @media (prefers-reduced-motion: no-preference) {
      dialog[open], .notice { animation: arrive 180ms ease-out; }
      @keyframes arrive { from { opacity: 0; transform: translateY(8px); } }
    }
  `);

  /** @param {HTMLElement} host */
  function shadow(host) {
    host.lang = language();
    host.dir = text("direction");
    const root = host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [SHEET];
    return root;
  }

  /** @param {string} name */
  function initials(name) {
    const words = name.trim().split(/\s+/);
    const first = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
    return first.map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
  }

  /** The question of an agent: `<chatvisor-invitation>`. */
  class Invitation extends HTMLElement {
    /** @param {Message} ring @param {string} target */
    ask(ring, target) {
      this.setAttribute("data-call", ring.callId);
      const agent = /** @type {Agent} */ (ring.agent);
      const name = agent.name || agent.email;
      this.status = element("p", { class: "small", role: "status" });
      this.status.textContent = text("invitation.window");
      const dialog = element(
        "dialog",
        {
          role: "alertdialog",
          dir: text("direction"),
          tabindex: "-1",
          "aria-modal": "true",
          "aria-labelledby": "title",
          "aria-describedby": "about",
        },
        element(
          "div",
          { class: "from" },
          element("div", { class: "face", "aria-hidden": "true" }, initials(name)),
          element("h2", { id: "title" }, ...phrase("invitation.title", { name })),
        ),
        this.about(agent),
        element("div", { class: "actions" }, this.decliner(ring), this.accepter(ring, target)),
        this.status,
      );
      dialog.addEventListener("cancel", (event) => {
        event.preventDefault();
        invitations.decline(ring.callId);
      });
      dialog.addEventListener("keydown", (event) => {
        event.stopPropagation(); // the page's own keys do something behind it
        keepTab(event, dialog);
      });
      shadow(this).append(dialog);
      // Outside of body: applications that swap its content keep the question.
      document.documentElement.append(this);
      dialog.showModal();
      // Not on a button: a key that was meant for the page must not answer.
      dialog.focus();
      this.dialog = dialog;
    }

    /** @param {Agent} agent */
    about(agent) {
      const who = agent.name && agent.name !== agent.email;
      const intro = who ? "invitation.who" : "invitation.who-named-by-email";
      const facts = ["choice", "nothing", "view-only", "stop"].map((key) =>
        element("li", {}, text(`invitation.${key}`)),
      );
      return element(
        "div",
        { id: "about" },
        element("p", {}, ...phrase(intro, { ...agent })),
        element("ul", {}, ...facts),
      );
    }

    /** @param {Message} ring */
    decliner(ring) {
      const button = element("button", { type: "button", "data-chatvisor-decline": "" });
      button.textContent = text("invitation.decline");
      button.addEventListener("click", () => invitations.decline(ring.callId));
      return button;
    }

    /**
     * A real link, so that no pop-up blocker is asked. Not rel=noopener: with that, every
     * click would open one more window instead of the one that bears the name.
     *
     * @param {Message} ring
     * @param {string} target
     */
    accepter(ring, target) {
      const link = element("a", {
        class: "button",
        href: inLanguage(ring.url),
        target,
        referrerpolicy: "no-referrer",
        "data-chatvisor-accept": "",
      });
      link.textContent = text("invitation.accept");
      link.addEventListener("click", () => {
        if (this.status) this.status.textContent = text("invitation.opened");
      });
      return link;
    }

    leave() {
      this.dialog?.close(); // gives the focus back
      this.remove();
    }
  }

  /**
   * The browser keeps the focus off the page behind; this keeps Tab in the dialog.
   *
   * @param {KeyboardEvent} event
   * @param {HTMLElement} dialog
   */
  function keepTab(event, dialog) {
    if (event.key !== "Tab") return;
    const stops = /** @type {NodeListOf<HTMLElement>} */ (
      dialog.querySelectorAll("a[href], button")
    );
    const root = /** @type {ShadowRoot} */ (dialog.getRootNode());
    const index = [...stops].indexOf(/** @type {HTMLElement} */ (root.activeElement));
    const step = event.shiftKey ? -1 : 1;
    const next = index < 0 && event.shiftKey ? stops.length - 1 : index + step;
    event.preventDefault();
    stops[(next + stops.length) % stops.length]?.focus();
  }

  /** A line in a corner of the page: `<chatvisor-notice>`. */
  class Notice extends HTMLElement {
    /** @param {string} words @param {{href: string, target: string} | null} [link] */
    say(words, link = null) {
      const close = element("button", { type: "button" }, text("notice.close"));
      close.addEventListener("click", () => this.remove());
      const look = { class: "notice", popover: "manual", dir: text("direction") };
      const box = element("div", look);
      const line = element("p", { role: "status" });
      box.append(line);
      if (link) {
        const attributes = { class: "button", rel: "noopener", ...link };
        const opener = element("a", attributes, text("notice.open-call"));
        opener.addEventListener("click", () => this.remove());
        box.append(opener);
      }
      box.append(close);
      shadow(this).append(box);
      document.documentElement.append(this);
      // Above dialogs of the page as well, where the browser can do that.
      if ("showPopover" in box) box.showPopover();
      line.textContent = words; // after the region is there, so that it is announced
      if (!link) setTimeout(() => this.remove(), 12_000);
    }
  }

  const CORNER_KEY = "chatvisor-corner";
  const CORNERS = ["bottom start", "bottom end", "top end", "top start"];
  const CONTROLS =
    "a[href], button, input, select, textarea, label, summary, [tabindex='0']";

  /**
   * Where the own call stands: `<chatvisor-sign>`. While the customer waits it is beside
   * the help button, where there is one; otherwise in a corner of the page.
   */
  class Sign extends HTMLElement {
    constructor() {
      super();
      /** @type {OwnCall | null} */
      this.own = null;
      this.line = element("p", { role: "status" });
      this.back = element("button", { type: "button", "data-chatvisor-back": "" });
      this.end = element("button", { type: "button", "data-chatvisor-stop": "" });
      this.mover = element("button", { type: "button", "data-chatvisor-move": "" }, "⇅");
      const tools = element("div", { class: "tools" }, this.back, this.end, this.mover);
      this.box = element("section", { class: "sign" }, this.line, tools);
      const corner = session.get(CORNER_KEY) ?? "";
      this.box.dataset.at = CORNERS.includes(corner) ? corner : "";
      this.back.addEventListener("click", () => void startConference());
      this.end.addEventListener("click", () => this.stop());
      this.mover.addEventListener("click", () => {
        this.move();
        session.set(CORNER_KEY, this.box.dataset.at ?? "");
      });
      shadow(this).append(this.box);
      document.addEventListener("focusin", (event) => this.yieldTo(event.target));
    }

    /** Applications that swap what is on the page keep the sign. */
    disconnectedCallback() {
      setTimeout(() => {
        if (this.own && !this.isConnected) this.show(this.own);
      }, 100);
    }

    /** @param {OwnCall} own */
    show(own) {
      this.own = own;
      const { box } = this;
      box.dataset.state = own.state;
      box.setAttribute("aria-label", text("sign.label"));
      box.dir = text("direction");
      this.nameButtons(own);
      this.settle(own.state === "waiting" ? besideHelpButton() : null);
      const words = this.words(own);
      const now = words.map((word) => word.textContent).join("");
      if (this.line.textContent !== now) this.line.replaceChildren(...words);
    }

    clear() {
      if (!this.own) return;
      this.own = null;
      const focused = this.shadowRoot?.activeElement;
      this.remove();
      const button = document.querySelector("[data-chatvisor-conference]");
      if (focused && button instanceof HTMLElement) button.focus();
    }

    stop() {
      if (!this.own) return;
      visitor.stop(this.own.callId);
      this.show(this.own);
    }

    /** @param {OwnCall} own @returns {(Node)[]} */
    words(own) {
      const name = own.agent?.name || own.agent?.email || "";
      const number = new Intl.NumberFormat(language()).format((own.position ?? 0) + 1);
      let key = `sign.${own.state}`;
      if (own.callId === visitor.stopping) key = "sign.ending";
      else if (!own.window) key = "sign.closed";
      else if (own.state === "waiting" && !own.position) key = "sign.next";
      return phrase(key, { name, number }).map((piece) =>
        typeof piece === "string" ? new Text(piece) : piece,
      );
    }

    /** @param {OwnCall} own */
    nameButtons(own) {
      const shared = own.state === "connecting" || own.state === "live";
      this.back.textContent = text(own.window ? "sign.back" : "sign.reopen");
      this.end.textContent = text(shared && own.window ? "sign.stop" : "sign.cancel");
      // Not "disabled", which would take the focus from it.
      this.end.setAttribute("aria-disabled", String(own.callId === visitor.stopping));
      this.mover.setAttribute("aria-label", text("sign.move"));
      this.mover.title = text("sign.move");
    }

    /** @param {Element | null} place beside the help button, or nowhere in particular */
    settle(place) {
      const { box } = this;
      const home = place ?? document.documentElement;
      if (this.parentNode === home && this.isConnected) return;
      delete box.dataset.shown;
      home.append(this);
      if (place) return box.removeAttribute("popover");
      box.setAttribute("popover", "manual");
      box.dataset.shown = "";
      // Above dialogs of the page as well, where the browser can do that.
      if ("showPopover" in box) box.showPopover();
      if (!box.dataset.at) this.findRoom();
    }

    move() {
      const next = CORNERS.indexOf(this.box.dataset.at ?? "") + 1;
      this.box.dataset.at = CORNERS[next % CORNERS.length];
    }

    /** Into the first corner in which it covers nothing that one could click on. */
    findRoom() {
      this.move();
      for (let tried = 1; tried <= CORNERS.length && this.covers(); tried++) this.move();
    }

    covers() {
      const { left, top, width, height } = this.box.getBoundingClientRect();
      const points = [0.02, 0.25, 0.5, 0.75, 0.98].flatMap((x) =>
        [0.1, 0.5, 0.9].map((y) => [left + x * width, top + y * height]),
      );
      return points.some(([x = 0, y = 0]) =>
        document.elementsFromPoint(x, y).some((under) => under.closest(CONTROLS)),
      );
    }

    /** What has the focus must be seen. @param {EventTarget | null} target */
    yieldTo(target) {
      if (!this.own || !this.box.hasAttribute("popover") || target === this) return;
      if (!(target instanceof Element) || target.matches("body, html, dialog")) return;
      const focused = target.getBoundingClientRect();
      for (let tried = 0; tried < CORNERS.length; tried++) {
        const { left, right, top, bottom } = this.box.getBoundingClientRect();
        const apart = focused.right <= left || focused.left >= right;
        if (apart || focused.bottom <= top || focused.top >= bottom) return;
        this.move();
      }
    }
  }

  /** The place that the help button keeps for it, if one can be seen. */
  function besideHelpButton() {
    const places = [...document.querySelectorAll("[data-chatvisor-queue]")];
    // An empty place has no size: its button tells whether one can see it.
    return places.find((place) => place.parentElement?.checkVisibility?.()) ?? null;
  }

  customElements.define("chatvisor-invitation", Invitation);
  customElements.define("chatvisor-notice", Notice);
  customElements.define("chatvisor-sign", Sign);

  /** One for the page, made when there is something to show. */
  const sign = {
    /** @type {Sign | null} */
    made: null,
    /** @param {OwnCall} own */
    show(own) {
      this.made ??= new Sign();
      this.made.show(own);
    },
    clear() {
      this.made?.clear();
    },
  };

  /** @param {string} words @param {{href: string, target: string} | null} [link] */
  function notify(words, link = null) {
    for (const old of document.querySelectorAll("chatvisor-notice")) old.remove();
    new Notice().say(words, link);
  }

  /** The questions that are open, by call. */
  const invitations = {
    /** @type {Map<string, {ring: Message, shown: Invitation, sure: boolean}>} */
    open: new Map(),

    /** @param {Message} ring */
    ring(ring) {
      const known = this.open.get(ring.callId);
      if (known) {
        known.sure = true;
        return;
      }
      if (!/^https?:$/.test(new URL(ring.url).protocol)) return;
      const shown = new Invitation();
      this.open.set(ring.callId, { ring, shown, sure: true });
      shown.ask(ring, windowName("visitor", visitor.known?.id ?? ""));
    },

    /** @param {string} callId @param {string} reason */
    unring(callId, reason) {
      const known = this.open.get(callId);
      if (!known) return;
      this.open.delete(callId);
      known.shown.leave();
      const name = known.ring.agent.name || known.ring.agent.email;
      if (reason === "no-answer") notify(text("notice.no-answer", { name }));
      else if (reason === "agent-ended") notify(text("notice.agent-ended", { name }));
      else if (!["accepted", "declined"].includes(reason)) {
        notify(text("notice.over", { name }));
      }
    },

    /** @param {string} callId */
    decline(callId) {
      visitor.socket.send({ type: "decline", callId });
      this.unring(callId, "declined");
    },

    /** After a reconnect the service rings again; what it does not ring for is over. */
    confirm() {
      for (const known of this.open.values()) known.sure = false;
      setTimeout(() => {
        for (const [callId, known] of this.open) {
          if (!known.sure) this.unring(callId, "over");
        }
      }, 3000);
    },

    clear() {
      for (const known of this.open.values()) known.shown.leave();
      this.open.clear();
    },
  };

  const visitor = new Visitor();

  // --- REST ----------------------------------------------------------------------

  /** A token that is good for one visitor is kept for one call, and stored nowhere. */
  let boundToken = "";

  /**
   * What a token says of itself: a hint, for the service alone can verify it.
   *
   * @param {string} token
   * @returns {{sub?: string, visitorId?: string}}
   */
  function claimsOf(token) {
    try {
      const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
      const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
      return Object(JSON.parse(new TextDecoder().decode(bytes)));
    } catch {
      return {};
    }
  }

  /**
   * `auth(token, persist)` or the older `auth(email, token)`.
   *
   * @param {string} first
   * @param {boolean | string} [second]
   */
  async function auth(first, second = false) {
    const token = typeof second === "string" ? second : first;
    const email = typeof second === "string" ? first : null;
    const claims = claimsOf(token);
    const other = email !== null && claims.sub !== undefined;
    if (other && claims.sub?.toLowerCase() !== String(email).toLowerCase()) {
      setToken("", false);
      throw new Failure("email-mismatch", "the token belongs to another e-mail address");
    }
    if (typeof claims.visitorId === "string") boundToken = token;
    else setToken(token, second === true);
    return true;
  }

  /** @param {string} token @param {boolean} persist */
  function setToken(token, persist) {
    boundToken = "";
    session.set(TOKEN_KEY, token && !persist ? token : null);
    local.set(TOKEN_KEY, token && persist ? token : null);
  }

  const pageToken = () => session.get(TOKEN_KEY) ?? local.get(TOKEN_KEY) ?? "";

  /** @param {string} visitorId */
  function callToken(visitorId) {
    const token = boundToken;
    boundToken = "";
    return token && claimsOf(token).visitorId === visitorId ? token : pageToken();
  }

  /**
   * @param {string} path
   * @param {string} token
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async function rest(path, token, body) {
    if (!token) throw new Failure("token-missing", "call CV.rest.auth first");
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Bearer ${token}`, Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    const response = await fetch(new URL(`rest/v1/${path}`, BASE), {
      method: body ? "POST" : "GET",
      headers,
      body: body ? JSON.stringify(body, wellFormed) : null,
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(15_000),
    }).catch(() => {
      throw new Failure("unreachable", "the service does not answer");
    });
    const data = await response.json().catch(() => ({}));
    if (response.ok) return data;
    throw new Failure(data.code ?? `http-${response.status}`, data.detail);
  }

  /** @returns {Promise<ActiveUser[]>} */
  async function listUsers() {
    const token = pageToken();
    /** @type {Map<string, ActiveUser>} */
    const users = new Map();
    for (let number = 1; ; number++) {
      const path = `customerstatus?pageNumber=${number}&pageSize=1000`;
      const { results, total } = await rest(path, token);
      for (const user of results) users.set(user.visitorId, user);
      if (!results.length || number * 1000 >= total) return [...users.values()];
    }
  }

  /**
   * @param {string} query
   * @returns {Promise<ActiveUser>}
   */
  async function userStatus(query) {
    const asked = String(query ?? "");
    // As a path segment these would mean another address.
    if (["", ".", ".."].includes(asked)) return {};
    try {
      return await rest(`customerstatus/${encodeURIComponent(asked)}`, pageToken());
    } catch (error) {
      if (error instanceof Failure && error.code === "not-found") return {};
      throw error;
    }
  }

  // --- windows -------------------------------------------------------------------

  /** @param {"agent" | "visitor"} role @param {string} visitorId */
  const windowName = (role, visitorId) => `chatvisor-${role}-${visitorId}`;

  /**
   * Open the call's window while the click still counts; where it goes comes later.
   *
   * @param {string} name
   */
  function openWindow(name) {
    const opened = window.open("", name);
    try {
      if (opened && !opened.document.title) opened.document.title = text("window.title");
    } catch {
      // A window of that name shows a call already: it is used again.
    }
    return opened;
  }

  /** The call window speaks the page's language. @param {string} url */
  function inLanguage(url) {
    const address = new URL(url);
    address.searchParams.set("lang", language());
    return address.href;
  }

  /**
   * @param {Window | null} opened
   * @param {string} name
   * @param {string} url
   */
  function go(opened, name, url) {
    const href = inLanguage(url);
    try {
      if (!opened || opened.closed) throw new Failure("blocked");
      opened.location.replace(href);
    } catch {
      notify(text("notice.blocked"), { href, target: name });
    }
  }

  /** @param {Window} opened */
  function isBlank(opened) {
    try {
      return opened.location.href === "about:blank";
    } catch {
      return false; // it is at the service
    }
  }

  /**
   * Say in the window that was opened for it what went wrong. One that was there before
   * may show a call, which must go on.
   *
   * @param {Window | null} opened
   * @param {string} name
   * @param {unknown} error
   */
  function goNowhere(opened, name, error) {
    const code = error instanceof Failure ? error.code : "";
    const reason = code === "not-found" ? "visitor-gone" : code;
    if (reason === "busy" && visitor.call) {
      // The customer's own call, shared from a window that cannot be reached from here.
      if (opened && isBlank(opened)) opened.close();
      return notify(text("notice.elsewhere"));
    }
    const shown = ["busy", "visitor-gone"].includes(reason) ? reason : "failed";
    const end = new URL(`call/none#ended=${shown}`, BASE).href;
    if (opened && !opened.closed && isBlank(opened)) go(opened, name, end);
    else notify(text(`failed.${shown}`));
  }

  /**
   * @param {string} name
   * @param {Window | null} opened
   * @param {() => Promise<{callId: string, url: string}>} start
   * @returns {Promise<string | null>} the call's id
   */
  async function begin(name, opened, start) {
    try {
      const { callId, url } = await start();
      go(opened, name, url);
      return callId;
    } catch (error) {
      goNowhere(opened, name, error);
      throw error;
    }
  }

  /** @type {Map<string, Promise<string | null>>} */
  const starting = new Map();

  /** @param {string} visitorId */
  function startScreen(visitorId) {
    const id = String(visitorId ?? "");
    const already = starting.get(id);
    if (already) return already; // a double click is one call
    const name = windowName("agent", id);
    const opened = openWindow(name);
    try {
      if (opened) opened.opener = null; // what the customer sends is shown there
    } catch {
      // Cut off already: the window shows a call.
    }
    const token = callToken(id);
    const started = answer("calling.startScreen", null, null, () =>
      begin(name, opened, () =>
        rest("call", token, { visitorId: id, kind: "screen" }),
      ),
    ).finally(() => starting.delete(id));
    starting.set(id, started);
    return started;
  }

  // --- the queue -----------------------------------------------------------------

  /**
   * Ask for help; whoever has a call gets its window back.
   *
   * @param {string} [uid]
   * @returns {Promise<string | null>} the call's id
   */
  function startConference(uid) {
    const id = visitor.known?.id ?? crypto.randomUUID?.() ?? String(Math.random());
    const name = windowName("visitor", id);
    const opened = openWindow(name);
    if (visitor.call && opened && !isBlank(opened)) {
      opened.focus();
      return Promise.resolve(visitor.call.callId);
    }
    const fields = uid === undefined || uid === null ? {} : { uid: String(uid) };
    return answer("conference.start", null, null, () =>
      begin(name, opened, async () => {
        const { callId, url } = await visitor.request("conference-start", fields);
        return { callId, url };
      }),
    );
  }

  /**
   * @param {string} uid
   * @param {Record<string, unknown> | (() => void) | null} [props]
   * @param {() => void} [callback]
   */
  async function joinQueue(uid, props, callback) {
    const done = typeof props === "function" ? props : callback;
    const given = typeof props === "function" ? {} : (props ?? {});
    /** @type {Record<string, unknown>} */
    const known = {};
    for (const key of ["firstName", "lastName", "email"]) {
      if (given[key] !== undefined) known[key] = String(given[key]).slice(0, 1000);
    }
    const joined = Number(given.joinedTimestamp);
    if (Number.isFinite(joined)) known.joinedTimestamp = joined;
    try {
      await visitor.request("conference-join", { uid: String(uid), props: known });
    } catch (error) {
      complain("conference.join", error);
      return false;
    }
    call(done);
    return true;
  }

  /**
   * One loop per id, however often it is asked for; the last callback counts.
   *
   * @type {Map<string, {callback: unknown, done: Promise<number | null>}>}
   */
  const polls = new Map();

  /** @param {string} uid @param {(position: number) => void} callback */
  function queueStatus(uid, callback) {
    const id = String(uid);
    const running = polls.get(id);
    if (running) {
      running.callback = callback;
      return running.done;
    }
    const poll = { callback, done: /** @type {Promise<number | null>} */ (pollQueue(id)) };
    polls.set(id, poll);
    return poll.done;
  }

  /** @param {string} uid */
  async function pollQueue(uid) {
    for (let misses = 0; ; ) {
      try {
        const { position } = await visitor.request("queue-status", { uid });
        misses = 0;
        const callback = polls.get(uid)?.callback;
        if (position === -1) polls.delete(uid);
        call(callback, position);
        if (position === -1) return -1;
      } catch (error) {
        const code = error instanceof Failure ? error.code : "failed";
        const passing = code === "lost" || code === "unreachable";
        if (!passing || misses++ === 0) complain("conference.queueStatus", error);
        if (!passing) {
          polls.delete(uid);
          return null;
        }
      }
      await pause(2000);
    }
  }

  // --- agents --------------------------------------------------------------------

  /**
   * Hear at once when active users change: a number, no data.
   *
   * @param {string | (() => string | Promise<string>)} token
   * @param {(n: number | null, state: AgentSocketState) => void} onTick
   */
  function connectAgent(token, onTick) {
    const renewable = typeof token === "function";
    const socket = new Socket(
      async () => ({
        type: "hello-agent",
        token: renewable ? await token() : token,
      }),
      (message) => {
        call(onTick, message.type === "tick" ? message.n : null, "live");
      },
      (code) => {
        call(onTick, null, "reconnecting");
        if (!FINAL_CODES.has(code) || (code === 4401 && renewable)) return true;
        complain("agent.connect", new Failure(`closed-${code}`));
        return false;
      },
    );
    socket.open();
    return { close: () => socket.close() };
  }

  // --- the public API ------------------------------------------------------------

  scope.CV = {
    user: {
      /** @param {ActiveUser} activeUser */
      tag: (activeUser) =>
        answer("user.tag", null, undefined, async () => visitor.setTag(activeUser)),
      reset: () => answer("user.reset", null, undefined, async () => visitor.forget()),
      /** @param {(users: ActiveUser[]) => void} callback */
      list: (callback) =>
        answer("user.list", callback, /** @type {ActiveUser[]} */ ([]), listUsers),
      /** @param {string} query @param {(user: ActiveUser) => void} callback */
      status: (query, callback) =>
        answer("user.status", callback, {}, () => userStatus(query)),
    },
    rest: {
      /** @param {string} first @param {boolean | string} [second] */
      auth: (first, second) =>
        answer("rest.auth", null, false, () => auth(first, second)),
    },
    calling: { startScreen },
    conference: { start: startConference, join: joinQueue, queueStatus },
    api: {
      /** @param {(online: boolean) => void} callback */
      isAgentOnline: (callback) =>
        answer("api.isAgentOnline", callback, false, async () => {
          const { online } = await visitor.request("agents");
          return Boolean(online);
        }),
    },
    agent: { connect: connectAgent },
  };

  followPage(visitor);
  // Who was here before is still here; a browser that nobody tagged needs no socket.
  if (visitor.known) visitor.socket.open();

  // From now on truthy; what a page sets later all the same is called all the same.
  const waiting = scope.CVLoaded;
  Object.defineProperty(window, "CVLoaded", {
    configurable: true,
    enumerable: true,
    get: () => true,
    set: (callback) => call(callback),
  });
  call(waiting);
})();
