// @ts-check
/**
 * Announces the page's user with `CV.user.tag`, or calls `CV.user.reset` if that user has
 * gone. The page's data is used only if the page came fresh from the server; after going
 * back or forward, and before the identity expires, /me is asked.
 */
(() => {
  "use strict";

  /**
   * @typedef {{tag: {[key: string]: any} | null, reset: boolean, refresh: string}} Block
   */

  const INSTANCE = Symbol.for("chatvisor.tag");
  const BLOCK = 'script[type="application/json"]#chatvisor-tag';
  const LONGEST_TIMER = 2 ** 31 - 1; // ms; a longer one would fire at once
  const FIRST_RETRY = 10_000; // ms
  const LAST_RETRY = 600_000; // ms
  // Pages that are swapped into this one come without the snippet. htmx 2, htmx 4, Turbo
  // and other applications report that with these events.
  const NAVIGATIONS = [
    "htmx:pushedIntoHistory",
    "htmx:replacedInHistory",
    "htmx:historyRestore",
    "htmx:after:history:update",
    "htmx:before:history:restore",
    "turbo:render",
    "chatvisor:refresh",
  ];
  const scope = /** @type {any} */ (window);

  /**
   * A property of the document itself: in a page with `<img name=currentScript>`,
   * `document.currentScript` is that image.
   *
   * @param {string} name
   */
  const ofDocument = (name) => Reflect.get(Document.prototype, name, document);
  const { addEventListener } = EventTarget.prototype;

  /**
   * Run something once the page is shown: a prerendered page announces nothing.
   *
   * @param {() => void} run
   */
  function whenShown(run) {
    if (!ofDocument("prerendering")) return run();
    addEventListener.call(document, "prerenderingchange", run, { once: true });
  }

  /**
   * Check an address before it is requested: it must be a route of the extension.
   *
   * @param {string} path with the prefix
   */
  function address(path) {
    const url = new URL(path, PREFIX);
    if (/^\/(?![/\\\s])/.test(path) && url.href.startsWith(PREFIX.href)) return url.href;
    throw new Error(`chatvisor: ${path} is not below ${PREFIX.href}`);
  }

  /**
   * The total life of the tag's identity token in ms; not a time of day, because the
   * browser's clock may be wrong.
   *
   * @param {Block["tag"]} tag
   */
  function lifeOf(tag) {
    try {
      const payload = tag?.externalToken.split(".")[1];
      const claims = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/")));
      return (claims.exp - claims.iat) * 1000;
    } catch {
      return NaN; // unsigned: it does not expire
    }
  }

  /** An address without the case of its letters, as the service compares it. @param {string} email */
  const folded = (email) => email.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

  /** @param {Block["tag"]} tag */
  const nameOf = (tag) => tag && (tag.id ? `id:${tag.id}` : folded(tag.email ?? ""));

  class Announcer {
    constructor() {
      /** @type {Block["tag"]} */
      this.tag = null;
      this.refresh = "";
      this.loaded = false;
      /** A reset is due, whatever /me answers. */
      this.due = false;
      /** A reset was made, of which the application does not know yet. */
      this.made = false;
      this.timer = 0;
      this.turn = 0;
      this.retry = FIRST_RETRY;
      const ask = () => this.ask();
      window.addEventListener("pageshow", (event) => event.persisted && ask());
      for (const name of NAVIGATIONS) addEventListener.call(document, name, ask);
      addEventListener.call(document, "chatvisor:renewed", () => this.renew());
    }

    /**
     * @param {HTMLElement} element
     * @param {boolean} fresh
     */
    start(element, fresh) {
      // Turbo caches the page, including this mark.
      const used = "chatvisorUsed" in element.dataset;
      element.dataset.chatvisorUsed = "";
      const block = /** @type {Block} */ (JSON.parse(element.textContent || ""));
      this.refresh = block.refresh;
      this.due ||= block.reset && !used;
      if (fresh && !used && (block.tag || block.reset)) this.announce(block);
      else this.ask();
    }

    /** Ask the application who is signed in now. */
    async ask() {
      const turn = ++this.turn;
      const made = this.made;
      try {
        const answer = await fetch(address(this.refresh), {
          credentials: "same-origin",
          cache: "no-store",
          // The application remembers whom to forget until it gets the second header.
          headers: { "X-Chatvisor-Request": "1", ...(made && { "X-Chatvisor-Reset": "done" }) },
          keepalive: made,
        });
        if (!answer.ok) throw new Error(`${this.refresh} answered ${answer.status}`);
        const block = /** @type {Block} */ (await answer.json());
        if (made) this.made = block.reset = false;
        if (turn === this.turn) this.announce(block);
      } catch (error) {
        console.warn(`chatvisor: who is signed in is not known: ${error}`);
        if (turn === this.turn) this.askLater();
      }
    }

    askLater() {
      this.askIn(this.retry);
      this.retry = Math.min(2 * this.retry, LAST_RETRY);
      // The present user is unknown, but the previous one has gone.
      if (this.due) this.tell(null);
    }

    /** @param {Block} block */
    announce(block) {
      ++this.turn; // a pending answer is older than this
      this.retry = FIRST_RETRY;
      this.due ||= block.reset;
      // Another tab's page may have deleted the cookie with the user to forget.
      this.due ||= this.tag !== null && nameOf(this.tag) !== nameOf(block.tag);
      // On arrival, an answer may already have used a tenth of its life.
      this.askIn(lifeOf(block.tag) * 0.8);
      this.tell(block.tag);
    }

    /** @param {number} delay */
    askIn(delay) {
      clearTimeout(this.timer);
      if (Number.isNaN(delay)) return;
      this.timer = window.setTimeout(() => this.ask(), Math.min(delay, LONGEST_TIMER));
    }

    /**
     * After a reset, the application says who is announced.
     *
     * @param {Block["tag"]} tag
     */
    tell(tag) {
      const reset = this.due;
      this.due = false;
      this.tag = reset ? null : tag;
      this.whenLoaded(() => {
        if (reset) this.reset();
        else if (tag) scope.CV.user.tag(tag);
      });
    }

    reset() {
      scope.CV.user.reset();
      this.made = true;
      this.ask();
    }

    /** Another tab's user took this browser over, and the service forgot this page's. */
    renew() {
      this.tag = null;
      this.ask();
    }

    /**
     * Run something when the service's script has loaded. Other code may wait for it, too.
     *
     * @param {() => void} run
     */
    whenLoaded(run) {
      // Not an element with that id: it is never the window's own.
      const before = Object.hasOwn(scope, "CVLoaded") && scope.CVLoaded;
      if (this.loaded || (before && typeof before !== "function")) return run();
      const announcer = this;
      scope.CVLoaded = function (/** @type {any[]} */ ...values) {
        announcer.loaded = true;
        if (before) before.apply(this, values);
        run();
      };
    }
  }

  // The server writes the data right before this script.
  const script = ofDocument("currentScript");
  const element = script?.previousElementSibling;
  if (!(script instanceof HTMLScriptElement) || !element?.matches(BLOCK)) {
    console.error("chatvisor: tag.js must be right after its data; nobody is announced.");
    return;
  }
  /** Where the extension's routes are: this script is at <prefix>static/tag.js. */
  const PREFIX = new URL("..", script.src);
  // Turbo runs the scripts of a cached page again, in the same window.
  const known = scope[INSTANCE];
  const announcer = (scope[INSTANCE] ??= new Announcer());
  whenShown(() => {
    const [entry] = performance.getEntriesByType("navigation");
    const navigation = /** @type {PerformanceNavigationTiming | undefined} */ (entry);
    announcer.start(element, !known && navigation?.type !== "back_forward");
  });
})();
