// @ts-check
/**
 * Announces whom the page was made for: `CV.user.tag`, or `CV.user.reset` if that user
 * has gone. What the page says is believed only when the page came fresh from the
 * server; after going back or forward, and before the identity expires, /me is asked.
 */
(() => {
  "use strict";

  /**
   * @typedef {{tag: {[key: string]: any} | null, reset: boolean, refresh: string}} Block
   */

  const INSTANCE = Symbol.for("chatvisor.tag");
  const LONGEST_TIMER = 2 ** 31 - 1; // ms; a longer one would fire at once
  const scope = /** @type {any} */ (window);

  /** @returns {Block | null} */
  function readBlock() {
    const element = document.getElementById("chatvisor-tag");
    return element ? JSON.parse(element.textContent || "null") : null;
  }

  /**
   * Run something when the service's script is there. Others may wait for it, too.
   *
   * @param {() => void} run
   */
  function whenLoaded(run) {
    const before = scope.CVLoaded;
    if (before && typeof before !== "function") return run();
    scope.CVLoaded = function (/** @type {any[]} */ ...values) {
      if (before) before.apply(this, values);
      run();
    };
  }

  /**
   * Run something when somebody looks: a prerendered page announces nothing.
   *
   * @param {() => void} run
   */
  function whenShown(run) {
    if (!(/** @type {any} */ (document).prerendering)) return run();
    document.addEventListener("prerenderingchange", run, { once: true });
  }

  /** When the tag's identity token was made and expires, in epoch seconds. */
  function lifeOf(/** @type {Block["tag"]} */ tag) {
    try {
      const payload = tag?.externalToken.split(".")[1];
      const claims = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/")));
      return { from: Number(claims.iat), until: Number(claims.exp) };
    } catch {
      return null; // unsigned: it does not expire
    }
  }

  class Announcer {
    constructor() {
      /** @type {Block["tag"]} */
      this.tag = null;
      this.refresh = "";
      this.timer = 0;
      this.asked = 0;
      window.addEventListener("pageshow", (event) => {
        if (event.persisted) this.ask();
      });
    }

    /** @param {Block} block */
    start(block) {
      this.refresh = block.refresh;
      const [entry] = performance.getEntriesByType("navigation");
      const navigation = /** @type {PerformanceNavigationTiming | undefined} */ (entry);
      const again = navigation?.type === "back_forward";
      if (again || !(block.tag || block.reset)) this.ask();
      else this.announce(block);
    }

    /** Ask the application who is signed in now. */
    async ask() {
      const turn = ++this.asked;
      let block;
      try {
        const answer = await fetch(this.refresh, {
          credentials: "same-origin",
          cache: "no-store",
          headers: { "X-Chatvisor-Request": "1" },
        });
        if (!answer.ok) throw new Error(`${this.refresh} answered ${answer.status}`);
        block = /** @type {Block} */ (await answer.json());
      } catch (error) {
        console.warn(`chatvisor: who is signed in is not known: ${error}`);
        block = { tag: null, reset: false, refresh: this.refresh };
      }
      if (turn === this.asked) this.announce(block);
    }

    /** @param {Block} block */
    announce(block) {
      ++this.asked; // an answer that is still under way is older than this
      const before = this.tag;
      const after = block.tag;
      const left = before && (!after || before.id !== after.id);
      this.tag = after;
      this.expire();
      whenLoaded(() => {
        if (block.reset || left) scope.CV.user.reset();
        if (after) scope.CV.user.tag(after);
      });
    }

    /** Ask again when four fifths of the identity's life are over. */
    expire() {
      clearTimeout(this.timer);
      const life = lifeOf(this.tag);
      if (!life) return;
      const due = (life.until - life.from) * 800;
      this.timer = window.setTimeout(() => this.ask(), Math.min(due, LONGEST_TIMER));
    }
  }

  const block = readBlock();
  if (!block) return;
  // Turbo and its like run the scripts of each new body in the same window.
  const announcer = (scope[INSTANCE] ??= new Announcer());
  whenShown(() => announcer.start(block));
})();
