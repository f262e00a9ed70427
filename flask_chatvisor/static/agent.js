// @ts-check
// The agent's pages: keeps lists and statuses current, and starts calls.
//
// Everything is found by the hooks that the templates carry, each time anew, so that
// parts of a page may come and go. Texts go in as text, never as HTML.
"use strict";
(() => {
  /**
   * @typedef {{name: string, email: string}} Agent
   * @typedef {object} User
   * @property {string} visitorId
   * @property {string | null} id
   * @property {string | null} email
   * @property {string | null} firstname
   * @property {string | null} lastname
   * @property {string | null} gender
   * @property {string[]} labels
   * @property {string | null} assignedUser
   * @property {Record<string, unknown>} additionalTaggingData
   * @property {boolean} verified
   * @property {{title: string, path: string | null} | null} location
   * @property {string | null} since
   * @property {string | null} lastSeen
   * @property {boolean} visible
   * @property {{agent: Agent, since: string | null} | null} inCall
   * @property {string | null} waitingSince
   * @typedef {{users: User[], total: number, page: number, pageSize: number, asOf: string}} Listing
   * @typedef {{found: Map<string, User | null>, asOf: string}} Found
   * @typedef {object} Config
   * @property {string} users
   * @property {string} user
   * @property {string} calls
   * @property {string} token
   * @property {"server" | "browser"} directory
   * @property {"token" | "email-token"} auth
   * @property {string} email
   * @typedef {{list(query: string): Promise<Listing>, find(queries: string[]): Promise<Found>}} Source
   */

  const block = document.getElementById("chatvisor-agent");
  const page = /** @type {any} */ (window);
  if (!block || page.__chatvisorAgent) return;
  page.__chatvisorAgent = true;
  /** @type {Config} */
  const config = JSON.parse(block.textContent ?? "");

  const SECOND = 1000;
  const POLL = 5 * SECOND;
  /** With ticks nothing is missed; this only notices an agent who was signed out. */
  const SAFETY = 60 * SECOND;
  const MOST = 1000;

  const TEXT = {
    noName: "No name",
    online: "Online",
    background: "In background",
    offline: "Offline",
    checking: "Checking …",
    unknown: "Status unknown",
    join: "Join",
    now: "just now",
    ago: (/** @type {string} */ span) => `${span} ago`,
    lasting: (/** @type {string} */ span) => `for ${span}`,
    seconds: (/** @type {number} */ n) => `${n} s`,
    minutes: (/** @type {number} */ n) => `${n} min`,
    hours: (/** @type {number} */ n, /** @type {number} */ minutes) =>
      minutes ? `${n} h ${minutes} min` : `${n} h`,
    days: (/** @type {number} */ n) => (n === 1 ? "1 day" : `${n} days`),
    summary: (/** @type {number} */ total, /** @type {number} */ waiting) =>
      `${total === 1 ? "1 active user" : `${total} active users`}` +
      (waiting ? `, ${waiting} waiting for help` : ""),
    range: (
      /** @type {number} */ first,
      /** @type {number} */ last,
      /** @type {number} */ total,
    ) => (last < first ? "" : `${first}–${last} of ${total}`),
    asks: (/** @type {string} */ name) => `${name} asks for help.`,
    left: "This user has left.",
    connecting: "Connecting …",
    live: "Live",
    polling: "Updated every 5 seconds",
    reconnecting: "Reconnecting; updated every 5 seconds",
    stale: (/** @type {string} */ time) => `Not current since ${time}.`,
    retrying: "Trying again …",
    starting: "Starting the call …",
    signedOut: "You are signed out.",
    signIn: "Sign in again",
    denied: "You may not see active users.",
    deniedCall: "You may not call this user.",
    gone: "This user is no longer active.",
    busy: (/** @type {string} */ name) =>
      name ? `Already in a call with ${name}.` : "Already in a call.",
    noToken: "This application has no call token for you.",
    network: "The application cannot be reached.",
    networkRemedy: "Check your connection.",
    slow: "The application did not answer in time.",
    unexpected: "The application gave an answer that is not understood.",
    service: (/** @type {number} */ status) =>
      `The application answered with error ${status}.`,
    noScript: "The Chatvisor script has not loaded.",
    noScriptRemedy: "Check that nothing blocks it, then load this page again.",
    silent: "Chatvisor does not answer.",
    failed: "The call could not be started.",
  };

  // --- asking ------------------------------------------------------------------

  /** What went wrong, in words for the agent. */
  class Trouble extends Error {
    /**
     * @param {"signed-out" | "denied" | "refused" | "trouble"} kind
     * @param {string} message
     * @param {string} [remedy]
     * @param {number} [retryAfter] in milliseconds
     */
    constructor(kind, message, remedy = "", retryAfter = 0) {
      super(message);
      this.kind = kind;
      this.remedy = remedy;
      this.retryAfter = retryAfter;
    }
  }

  /** @param {string} url @param {object} [body] @returns {Promise<any>} */
  async function request(url, body) {
    const response = await send(url, body);
    // Some applications send a stranger to their sign-in page whatever was asked.
    if (response.type === "opaqueredirect")
      throw new Trouble("signed-out", TEXT.signedOut);
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw refusal(response, answer ?? {}, Boolean(body));
    if (answer === null) throw new Trouble("trouble", TEXT.unexpected);
    return answer;
  }

  /** @param {string} url @param {object} [body] */
  async function send(url, body) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json", "X-Chatvisor-Request": "1" };
    if (body) headers["Content-Type"] = "application/json";
    try {
      return await fetch(url, {
        method: body ? "POST" : "GET",
        body: body && JSON.stringify(body),
        headers,
        cache: "no-store",
        credentials: "same-origin",
        redirect: "manual",
        signal: AbortSignal.timeout(20 * SECOND),
      });
    } catch (error) {
      if (/** @type {Error} */ (error).name === "TimeoutError")
        throw new Trouble("trouble", TEXT.slow);
      throw new Trouble("trouble", TEXT.network, TEXT.networkRemedy);
    }
  }

  /** @param {Response} response @param {any} problem @param {boolean} calling */
  function refusal(response, problem, calling) {
    const said = typeof problem.detail === "string" ? problem.detail : "";
    const remedy = typeof problem.remedy === "string" ? problem.remedy : "";
    switch (response.status) {
      case 401:
        return new Trouble("signed-out", TEXT.signedOut);
      case 403:
        return new Trouble("denied", said || (calling ? TEXT.deniedCall : TEXT.denied));
      case 404:
        return new Trouble("refused", TEXT.gone);
      case 409:
        return new Trouble("refused", said || TEXT.busy(nameOf(problem.agent ?? "")));
      case 501:
        return new Trouble("refused", said || TEXT.noToken, remedy);
    }
    const wait = Number(response.headers.get("Retry-After")) * SECOND;
    return new Trouble(
      "trouble",
      said || TEXT.service(response.status),
      remedy,
      wait || 0,
    );
  }

  /** @param {string | Agent} agent */
  function nameOf(agent) {
    return typeof agent === "string" ? agent : agent.name || agent.email || "";
  }

  // --- the vendor's script -----------------------------------------------------

  /** Run once the script is there; others wait for it too. @param {() => void} run */
  function whenLoaded(run) {
    const before = page.CVLoaded;
    if (typeof before === "function") {
      page.CVLoaded = (/** @type {unknown[]} */ ...args) => {
        before.apply(page, args);
        run();
      };
    } else if (before) run();
    else page.CVLoaded = run;
  }

  const loaded = new Promise((resolve) => whenLoaded(() => resolve(true)));

  /** @template T @param {Promise<T>} promise @param {Trouble} trouble @returns {Promise<T>} */
  function within10s(promise, trouble) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(trouble), 10 * SECOND);
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  function script() {
    return within10s(
      loaded,
      new Trouble("trouble", TEXT.noScript, TEXT.noScriptRemedy),
    );
  }

  /** @param {string} token */
  function authenticate(token) {
    if (config.auth === "email-token") page.CV.rest.auth(config.email, token);
    else page.CV.rest.auth(token);
  }

  /** Turn a documented call with a callback into a promise. @param {(done: (value: any) => void) => void} call */
  function answerOf(call) {
    return within10s(new Promise(call), new Trouble("trouble", TEXT.silent));
  }

  /** An answer from before the newest tick would not do; the server knows by its number. @param {string} url @param {string} query */
  function withTick(url, query) {
    const parameters = new URLSearchParams(query);
    if (tick !== null) parameters.set("tick", String(tick));
    return parameters.size ? `${url}?${parameters}` : url;
  }

  // --- where users come from: the application, or the script itself -------------

  /** @type {Source} */
  const fromServer = {
    list: (query) => request(withTick(config.users, query)),
    async find(queries) {
      /** @type {Map<string, User | null>} */
      const found = new Map();
      let rest = queries;
      let asOf = "";
      if (queries.length > 1) {
        const listing = await this.list(`page_size=${MOST}`);
        for (const query of queries) found.set(query, best(listing.users, query));
        asOf = listing.asOf;
        const all = listing.total <= listing.users.length;
        rest = all ? [] : queries.filter((query) => !found.get(query));
      }
      for (const query of rest) {
        const url = config.user.replace("{query}", encodeURIComponent(query));
        const one = await request(withTick(url, ""));
        found.set(query, one.user);
        asOf = one.asOf;
      }
      return { found, asOf };
    },
  };

  let authenticatedUntil = 0;

  async function signIn() {
    await script();
    if (Date.now() < authenticatedUntil) return;
    const { token, expiresAt } = await request(config.token, {});
    authenticate(token);
    authenticatedUntil = Date.parse(expiresAt ?? "") - 30 * SECOND || Infinity;
  }

  /** @type {Source} */
  const fromBrowser = {
    async list(query) {
      await signIn();
      const result = await answerOf((done) => page.CV.user.list(done));
      const users = Array.isArray(result)
        ? result.map(normal).filter((user) => user.visitorId)
        : [];
      return select(users, new URLSearchParams(query));
    },
    async find(queries) {
      await signIn();
      const found = await Promise.all(
        queries.map(async (query) => {
          const user = normal(
            await answerOf((done) => page.CV.user.status(query, done)),
          );
          return /** @type {[string, User | null]} */ ([
            query,
            user.visitorId ? user : null,
          ]);
        }),
      );
      return { found: new Map(found), asOf: new Date().toISOString() };
    },
  };

  const source = config.directory === "browser" ? fromBrowser : fromServer;

  /** Only what was tagged and the visitor id is documented; all else may be missing. @param {any} raw @returns {User} */
  function normal(raw) {
    const given = raw ?? {};
    const text = (/** @type {unknown} */ value) =>
      value == null || value === "" ? null : String(value);
    return {
      visitorId: text(given.visitorId) ?? "",
      id: text(given.id),
      email: text(given.email),
      firstname: text(given.firstname),
      lastname: text(given.lastname),
      gender: text(given.gender),
      labels: Array.isArray(given.labels) ? given.labels.map(String) : [],
      assignedUser: text(given.assignedUser),
      additionalTaggingData: given.additionalTaggingData ?? {},
      verified: given.verified === true,
      location: given.location ?? null,
      since: text(given.since),
      lastSeen: text(given.lastSeen),
      visible: given.visible !== false,
      inCall: given.inCall ?? null,
      waitingSince: text(given.waitingSince),
    };
  }

  /** The same selection that the server makes. @param {User[]} users @param {URLSearchParams} query @returns {Listing} */
  function select(users, query) {
    const wanted = (query.get("q") ?? "").toLowerCase();
    const label = query.get("label");
    const assigned = query.get("assigned");
    const pageSize = Number(query.get("page_size")) || 50;
    const number = Number(query.get("page")) || 1;
    const matching = users.filter(
      (user) =>
        [nameFor(user), user.email, user.id].some((text) =>
          (text ?? "").toLowerCase().includes(wanted),
        ) &&
        (!label || user.labels.includes(label)) &&
        (!assigned ||
          (assigned === "none" ? !user.assignedUser : user.assignedUser === assigned)),
    );
    const sorted = inOrder(matching, query.get("sort") || "name");
    const first = (number - 1) * pageSize;
    return {
      users: sorted.slice(first, first + pageSize),
      total: matching.length,
      page: number,
      pageSize,
      asOf: new Date().toISOString(),
    };
  }

  /** @param {User[]} users @param {string} sort */
  function inOrder(users, sort) {
    const down = sort.startsWith("-");
    /** @type {Record<string, (user: User) => string>} */
    const keys = {
      name: nameFor,
      email: (user) => user.email ?? "",
      since: (user) => user.since ?? "",
      lastSeen: (user) => user.lastSeen ?? "",
      page: (user) => user.location?.title ?? "",
    };
    const key = keys[down ? sort.slice(1) : sort] ?? nameFor;
    /** @param {User} user */
    const waiting = (user) => user.waitingSince ?? "~";
    return [...users].sort(
      (a, b) =>
        (waiting(a) < waiting(b) ? -1 : waiting(a) > waiting(b) ? 1 : 0) ||
        key(a).localeCompare(key(b)) * (down ? -1 : 1),
    );
  }

  /** Several visitors may be one user: verified first, then visible, then latest. @param {User[]} users @param {string} query */
  function best(users, query) {
    const same = query.toLowerCase();
    const rank = (/** @type {User} */ user) =>
      `${+user.verified}${+user.visible}${user.lastSeen ?? ""}`;
    return users
      .filter(
        (user) =>
          user.visitorId === query ||
          user.id === query ||
          user.email?.toLowerCase() === same,
      )
      .reduce(
        (a, b) => (a && rank(a) >= rank(b) ? a : b),
        /** @type {User | null} */ (null),
      );
  }

  // --- time ---------------------------------------------------------------------

  /** How far the server's clock is ahead of this one. */
  let ahead = 0;

  /** @param {string} asOf */
  function setClock(asOf) {
    const offset = Date.parse(asOf) - Date.now();
    // Small differences are the way the answer took, not a wrong clock.
    if (Math.abs(offset) > 2 * SECOND) ahead = offset;
  }

  /** @param {string} since @param {string | undefined} style */
  function elapsed(since, style) {
    const seconds = Math.max(
      0,
      Math.floor((Date.now() + ahead - Date.parse(since)) / SECOND),
    );
    if (style === "ago" && seconds < 10) return TEXT.now;
    const text = span(seconds);
    if (style === "ago") return TEXT.ago(text);
    return style === "lasting" ? TEXT.lasting(text) : text;
  }

  /** Tens of seconds: a number that changes each second draws the eye. @param {number} seconds */
  function span(seconds) {
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    if (!minutes) return TEXT.seconds(seconds - (seconds % 10) || seconds);
    if (!hours) return TEXT.minutes(minutes);
    return hours < 24
      ? TEXT.hours(hours, minutes % 60)
      : TEXT.days(Math.floor(hours / 24));
  }

  /** The page's language; where it names none that there is, the browser's. */
  function language() {
    try {
      return Intl.getCanonicalLocales(document.documentElement.lang)[0];
    } catch {
      return undefined;
    }
  }

  /** @param {HTMLTimeElement} time */
  function tell(time) {
    const at = new Date(time.dateTime);
    if (isNaN(at.getTime())) return;
    setText(time, elapsed(time.dateTime, time.dataset.chatvisorTime));
    const title = at.toLocaleString(language());
    if (time.title !== title) time.title = title;
  }

  function tellAll() {
    for (const time of every("time[data-chatvisor-time][datetime]"))
      tell(/** @type {HTMLTimeElement} */ (time));
  }

  // --- filling the pieces of one user ---------------------------------------------

  /** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement[]} */
  function every(selector, within = document) {
    return Array.from(within.querySelectorAll(selector));
  }

  /** Touch the page only where something changed, and keep the text node: selections live in it. @param {Element} element @param {string} text */
  function setText(element, text) {
    if (element.textContent === text) return;
    const only = element.firstChild;
    if (only instanceof Text && !only.nextSibling) only.data = text;
    else element.textContent = text;
  }

  /** @param {HTMLElement} element @param {boolean} hidden */
  function setHidden(element, hidden) {
    if (element.hidden !== hidden) element.hidden = hidden;
  }

  /** @param {Element} element @param {string} name @param {string} value */
  function setAttribute(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  /** @param {User} user */
  function nameFor(user) {
    const full = [user.firstname, user.lastname].filter(Boolean).join(" ");
    return full || user.email || user.id || TEXT.noName;
  }

  /** @param {User | null} user */
  function stateOf(user) {
    return !user ? "offline" : user.visible ? "visible" : "background";
  }

  /** @type {Record<string, string>} */
  const PRESENCE = {
    visible: TEXT.online,
    background: TEXT.background,
    offline: TEXT.offline,
    checking: TEXT.checking,
    unknown: TEXT.unknown,
  };

  /** @type {Record<string, (user: User) => string | null | undefined>} */
  const TEXTS = {
    name: nameFor,
    callee: nameFor,
    email: (user) => user.email,
    id: (user) => user.id,
    gender: (user) => user.gender,
    assignedUser: (user) => user.assignedUser,
    pageTitle: (user) => user.location?.title,
    pagePath: (user) => user.location?.path,
    callAgent: (user) => user.inCall && nameOf(user.inCall.agent),
  };

  /** @type {Record<string, (user: User) => string | null | undefined>} */
  const TIMES = {
    since: (user) => user.since,
    lastSeen: (user) => user.lastSeen,
    callSince: (user) => user.inCall?.since,
    waitingSince: (user) => user.waitingSince,
  };

  /** @type {Record<string, (user: User) => unknown>} */
  const FLAGS = {
    verified: (user) => user.verified,
    inCall: (user) => user.inCall,
    waiting: (user) => user.waitingSince && !user.inCall,
  };

  /** @param {HTMLElement} element @param {User | null} user @param {string} state */
  function fillField(element, user, state) {
    const field = element.dataset.chatvisorField ?? "";
    if (field === "presence") setText(element, PRESENCE[state]);
    if (field === "presence") setHidden(element, false);
    else if (field === "dot") setAttribute(element, "data-chatvisor-presence", state);
    else if (field in TEXTS) fillText(element, user, TEXTS[field]);
    else if (field in TIMES)
      fillTime(/** @type {HTMLTimeElement} */ (element), user && TIMES[field](user));
    else if (field in FLAGS) setHidden(element, !(user && FLAGS[field](user)));
    else if (field === "labels") fillLabels(element, user?.labels ?? []);
    else if (field === "additional")
      fillFacts(element, user?.additionalTaggingData ?? {});
  }

  /** @param {HTMLElement} element @param {User | null} user @param {(user: User) => string | null | undefined} read */
  function fillText(element, user, read) {
    // Who it was stays to be read when they have gone.
    if (!user && read === nameFor) return;
    const text = (user && read(user)) || "";
    setText(element, text);
    setHidden(element, !text);
    const pattern = element.dataset.chatvisorHref;
    if (pattern && user)
      setAttribute(
        element,
        "href",
        pattern.replace("{visitorId}", encodeURIComponent(user.visitorId)),
      );
  }

  /** @param {HTMLTimeElement} element @param {string | null | undefined} since */
  function fillTime(element, since) {
    setHidden(element, !since);
    if (!since) return;
    setAttribute(element, "datetime", since);
    tell(element);
  }

  /** @param {HTMLElement} element @param {string[]} labels */
  function fillLabels(element, labels) {
    setHidden(element, !labels.length);
    const shown = every("li", element).map((item) => item.textContent);
    if (shown.length === labels.length && shown.every((text, i) => text === labels[i]))
      return;
    element.replaceChildren(
      ...labels.map((label) => make("li", label, "chatvisor-label")),
    );
  }

  /** @param {HTMLElement} element @param {Record<string, unknown>} facts */
  function fillFacts(element, facts) {
    const entries = Object.entries(facts);
    setHidden(element, !entries.length);
    const rows = entries.map(([term, value]) => {
      const row = make("div", "", "chatvisor-fact");
      row.append(
        make("dt", term),
        make("dd", typeof value === "string" ? value : JSON.stringify(value)),
      );
      return row;
    });
    if (
      rows.map((row) => row.textContent).join() !==
      Array.from(element.children, (row) => row.textContent).join()
    )
      element.replaceChildren(...rows);
  }

  /** @param {string} tag @param {string} text @param {string} [class_] */
  function make(tag, text, class_ = "") {
    const element = document.createElement(tag);
    element.textContent = text;
    if (class_) element.className = class_;
    return element;
  }

  /** @param {HTMLElement} container @param {User | null} user @param {string} state */
  function fill(container, user, state) {
    for (const element of every("[data-chatvisor-field]", container))
      fillField(element, user, state);
    for (const button of every("[data-chatvisor-start]", container))
      fillStart(button, user);
  }

  /** A button that cannot be used stays focusable, and says why when it is pressed. @param {HTMLElement} button @param {User | null} user */
  function fillStart(button, user) {
    if (user) setAttribute(button, "data-chatvisor-start", user.visitorId);
    const why = !user
      ? TEXT.left
      : user.inCall
        ? TEXT.busy(nameOf(user.inCall.agent))
        : "";
    if (why) setAttribute(button, "aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
    // What was said beside it is about how things were.
    if ((button.dataset.chatvisorWhy ?? "") !== why) tellBeside(button, null);
    button.dataset.chatvisorWhy = why;
    const joins = user?.waitingSince && !user.inCall;
    const action = button.querySelector("[data-chatvisor-field=action]");
    if (action)
      setText(action, joins ? TEXT.join : (button.dataset.chatvisorLabel ?? ""));
  }

  /** @param {HTMLElement} container @param {string} state */
  function show(container, state) {
    setAttribute(container, "data-chatvisor-state", state);
    for (const element of every("[data-chatvisor-when]", container))
      setHidden(
        element,
        !(element.dataset.chatvisorWhen ?? "").split(" ").includes(state),
      );
  }

  // --- lists ------------------------------------------------------------------------

  /** @typedef {{users: User[], waiting: Set<string>, total: number, announced: number}} Seen */
  /** @type {WeakMap<HTMLElement, Seen>} */
  const seen = new WeakMap();

  /** @param {HTMLElement} list @param {Listing} listing */
  function showListing(list, listing) {
    const query = new URLSearchParams(list.dataset.chatvisorQuery);
    const filtered = ["q", "label", "assigned"].some((key) => query.get(key));
    const none = listing.total ? "beyond" : filtered ? "nothing" : "empty";
    const held = renderRows(list, listing.users);
    show(list, listing.users.length || held ? "ready" : none);
    const waiting = listing.users.filter(FLAGS.waiting);
    const summary = TEXT.summary(listing.total, waiting.length);
    for (const element of every("[data-chatvisor-summary]", list))
      setText(element, summary);
    for (const element of every("[data-chatvisor-pager]", list))
      showPager(element, listing);
    announce(list, listing, waiting, summary);
  }

  /** Helps at once, numbers at most every 15 seconds. @param {HTMLElement} list @param {Listing} listing @param {User[]} waiting @param {string} summary */
  function announce(list, listing, waiting, summary) {
    const before = seen.get(list);
    const now = {
      users: listing.users,
      waiting: new Set(waiting.map((user) => user.visitorId)),
    };
    const asking = before
      ? waiting.filter((user) => !before.waiting.has(user.visitorId))
      : [];
    const due =
      before &&
      before.total !== listing.total &&
      Date.now() - before.announced > 15 * SECOND;
    const message = asking.length
      ? asking.map((user) => TEXT.asks(nameFor(user))).join(" ")
      : due
        ? summary
        : "";
    for (const element of every("[data-chatvisor-announce]", list))
      if (message) setText(element, message);
    const told = !before || message;
    seen.set(list, {
      ...now,
      total: told ? listing.total : before.total,
      announced: told ? Date.now() : before.announced,
    });
  }

  /** @param {HTMLElement} pager @param {Listing} listing */
  function showPager(pager, listing) {
    const first = (listing.page - 1) * listing.pageSize + 1;
    const last = first + listing.users.length - 1;
    const shown = {
      prev: listing.page > 1,
      next: last < listing.total && listing.users.length > 0,
    };
    for (const [rel, is] of Object.entries(shown))
      for (const link of every(`[rel=${rel}]`, pager)) setHidden(link, !is);
    for (const element of every("[data-chatvisor-range]", pager))
      setText(element, TEXT.range(first, last, listing.total));
    setHidden(pager, !shown.prev && !shown.next);
  }

  /** Update, add and remove rows by visitor; the one in use stays where it is. @param {HTMLElement} list @param {User[]} users */
  function renderRows(list, users) {
    const body = list.querySelector("[data-chatvisor-rows]");
    const blank = /** @type {HTMLTemplateElement | null} */ (
      list.querySelector("template[data-chatvisor-row]")
    );
    if (!body || !blank) return null;
    const old = /** @type {HTMLElement[]} */ (Array.from(body.children));
    const rows = new Map(old.map((row) => [row.dataset.chatvisorUser ?? "", row]));
    const held = heldRow(body);
    const wanted = users.map((user) => {
      const row = rows.get(user.visitorId) ?? newRow(blank);
      rows.delete(user.visitorId);
      fillRow(row, user);
      return row;
    });
    let kept = null;
    for (const row of rows.values()) {
      if (row !== held) row.remove();
      else wanted.splice(old.indexOf(row), 0, (kept = leave(row)));
    }
    keepInPlace(held, () => arrange(body, wanted, held));
    return kept;
  }

  /** @param {HTMLTemplateElement} blank */
  function newRow(blank) {
    const copy = /** @type {DocumentFragment} */ (blank.content.cloneNode(true));
    return /** @type {HTMLElement} */ (copy.firstElementChild);
  }

  /** @param {HTMLElement} row @param {User} user */
  function fillRow(row, user) {
    setAttribute(row, "data-chatvisor-user", user.visitorId);
    row.classList.toggle("chatvisor-row-waiting", Boolean(FLAGS.waiting(user)));
    row.classList.remove("chatvisor-row-left");
    fill(row, user, stateOf(user));
  }

  /** Keep a row whose user has gone until the agent's focus leaves it. @param {HTMLElement} row */
  function leave(row) {
    row.classList.add("chatvisor-row-left");
    row.classList.remove("chatvisor-row-waiting");
    fill(row, null, "offline");
    return row;
  }

  /** The row that the agent works in: it must not move away under the hand. @param {Element} body @returns {HTMLElement | null} */
  function heldRow(body) {
    const selected = document.getSelection();
    const at = selected && !selected.isCollapsed ? selected.anchorNode : null;
    const within = [
      document.activeElement,
      at,
      body.querySelector("button:hover"),
    ].find((node) => node && body.contains(node));
    const element = within instanceof Element ? within : within?.parentElement;
    return element?.closest("[data-chatvisor-user]") ?? null;
  }

  /** @param {HTMLElement | null} held @param {() => void} change */
  function keepInPlace(held, change) {
    const before = held?.getBoundingClientRect().top ?? 0;
    change();
    const moved = (held?.getBoundingClientRect().top ?? 0) - before;
    if (moved) window.scrollBy({ top: moved, behavior: "instant" });
  }

  /** Bring rows into order; a moved element would lose focus and selection, so the held one never is. @param {Element} body @param {HTMLElement[]} wanted @param {HTMLElement | null} held */
  function arrange(body, wanted, held) {
    const fixed = held ? wanted.indexOf(held) : -1;
    let next = fixed < 0 ? null : held;
    for (const row of wanted.slice(0, fixed < 0 ? wanted.length : fixed).reverse()) {
      if (row.parentNode !== body || row.nextElementSibling !== next)
        body.insertBefore(row, next);
      next = row;
    }
    let before = held;
    for (const row of fixed < 0 ? [] : wanted.slice(fixed + 1)) {
      if (before?.nextElementSibling !== row) before?.after(row);
      before = row;
    }
  }

  // --- statuses -----------------------------------------------------------------------

  /** @param {HTMLElement} element @param {User | null} user */
  function showStatus(element, user) {
    const state = stateOf(user);
    fill(element, user, state);
    show(element, state);
    hideUnlessInUse(element, !user);
  }

  /** A Start button for somebody who is not there is hidden, but not under the hand. @param {HTMLElement} element @param {boolean} hidden */
  function hideUnlessInUse(element, hidden) {
    if ("chatvisorHides" in element.dataset)
      setHidden(element, hidden && !element.contains(document.activeElement));
  }

  // --- keeping current ------------------------------------------------------------------

  /** @type {"none" | "connecting" | "live" | "reconnecting"} */
  let socket = "none";
  /** @type {number | null} */
  let tick = null;
  /** @type {Trouble | null} */
  let trouble = null;
  let failures = 0;
  /** When what is shown was right; 0 if the page came without anything right. */
  let currentAt = document.querySelector(
    "[data-chatvisor-state=trouble], [data-chatvisor-state=unknown]",
  )
    ? 0
    : Date.now();
  let running = false;
  let wanted = false;
  let lastStart = -Infinity;
  let timer = 0;
  let due = Infinity;

  const lists = () => every("[data-chatvisor-users]");
  const watched = () => every("[data-chatvisor-watch]");

  /** @param {number} delay */
  function refreshIn(delay) {
    const at = performance.now() + Math.max(0, delay);
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(refresh, Math.max(0, delay));
  }

  /** Something changed: look soon, but at most once a second. */
  function wake() {
    wanted = true;
    if (!running) refreshIn(lastStart + gap() - performance.now());
  }

  function gap() {
    if (failures) return pause();
    return document.hidden ? 10 * SECOND : SECOND;
  }

  function pause() {
    if (failures)
      return Math.max(
        trouble?.retryAfter ?? 0,
        Math.min(30 * SECOND, POLL * 2 ** (failures - 1)),
      );
    return socket === "live" ? SAFETY : POLL;
  }

  async function refresh() {
    due = Infinity;
    if (running || (document.hidden && socket !== "live")) return;
    if (!lists().length && !watched().length) return;
    running = true;
    wanted = false;
    lastStart = performance.now();
    try {
      await Promise.all([...lists().map(refreshList), refreshWatched()]);
      recovered();
    } catch (error) {
      failed(error instanceof Trouble ? error : new Trouble("trouble", String(error)));
    }
    running = false;
    showConnection();
    refreshIn(wanted ? lastStart + gap() - performance.now() : pause());
  }

  /** @param {HTMLElement} list */
  async function refreshList(list) {
    const listing = await source.list(list.dataset.chatvisorQuery ?? "");
    setClock(listing.asOf);
    showListing(list, listing);
  }

  async function refreshWatched() {
    const queries = new Set(
      watched().map((element) => element.dataset.chatvisorWatch ?? ""),
    );
    queries.delete("");
    if (!queries.size) return;
    const { found, asOf } = await source.find([...queries]);
    setClock(asOf);
    for (const element of watched()) {
      const query = element.dataset.chatvisorWatch ?? "";
      if (found.has(query)) showStatus(element, found.get(query) ?? null);
    }
  }

  function recovered() {
    trouble = null;
    failures = 0;
    currentAt = Date.now();
  }

  /** @param {Trouble} error */
  function failed(error) {
    trouble = error;
    failures += 1;
    const out = error.kind === "signed-out" || error.kind === "denied";
    // Once, and not for a failure that passes.
    if (failures === 2 || (out && failures === 1))
      for (const element of every("[data-chatvisor-announce]"))
        setText(element, error.message);
    for (const list of lists()) showTrouble(list, error, out ? "denied" : "trouble");
    // One failure may pass; what was true half a minute ago may not be true any more.
    if (out || Date.now() - currentAt > 30 * SECOND)
      for (const element of watched()) showUnknown(element, error);
  }

  /** @param {HTMLElement} element @param {Trouble} error */
  function showUnknown(element, error) {
    fill(element, null, "unknown");
    show(element, "unknown");
    say(element, error);
    hideUnlessInUse(element, true);
  }

  /** @param {HTMLElement} list @param {Trouble} error @param {string} state */
  function showTrouble(list, error, state) {
    // An old list that says that it is old is worth more than none, but not to a stranger.
    const nothingYet = ["loading", "trouble", "denied"];
    if (state === "trouble" && !nothingYet.includes(list.dataset.chatvisorState ?? ""))
      return;
    if (state === "denied")
      list.querySelector("[data-chatvisor-rows]")?.replaceChildren();
    show(list, state);
    say(list, error);
  }

  /** @param {HTMLElement} container @param {Trouble} error */
  function say(container, error) {
    for (const element of every(
      "[data-chatvisor-trouble], [data-chatvisor-denied]",
      container,
    ))
      setText(element, error.message);
    for (const element of every("[data-chatvisor-remedy]", container))
      setText(element, error.remedy);
    if (error.kind === "signed-out")
      for (const element of every("[data-chatvisor-again]", container))
        setText(element, TEXT.signIn);
  }

  function connection() {
    if (trouble) return "stale";
    return socket === "none" ? "polling" : socket;
  }

  function showConnection() {
    const state = connection();
    const since = new Date(currentAt).toLocaleTimeString(language());
    /** @type {Record<string, string>} */
    const texts = {
      // With nothing to show there is a notice already, which says what is wrong.
      stale: currentAt ? `${TEXT.stale(since)} ${trouble?.message}` : TEXT.retrying,
      live: TEXT.live,
      polling: TEXT.polling,
      connecting: TEXT.connecting,
      reconnecting: TEXT.reconnecting,
    };
    for (const element of every("[data-chatvisor-connection]")) {
      setAttribute(element, "data-chatvisor-connection", state);
      for (const text of every("[data-chatvisor-connection-text]", element))
        setText(text, texts[state]);
    }
  }

  function connect() {
    if (!page.CV?.agent || (!lists().length && !watched().length)) return;
    socket = "connecting";
    page.CV.agent.connect(
      async () => (await request(config.token, {})).token,
      (
        /** @type {number | null} */ n,
        /** @type {"live" | "reconnecting" | undefined} */ state,
      ) => {
        const back = state === "live" && socket !== "live";
        if (state) socket = state;
        if (n !== null) tick = n;
        if (n !== null || back) wake();
        else refreshIn(POLL);
        // "Live" is what the list is, not the socket: not before its first answer.
        if (lastStart > -Infinity && !running) showConnection();
      },
    );
  }

  // --- starting calls -------------------------------------------------------------------

  /** @param {HTMLElement} button */
  async function start(button) {
    const visitorId = button.dataset.chatvisorStart ?? "";
    if (button.getAttribute("aria-disabled") === "true") {
      tellBeside(
        button,
        new Trouble("refused", button.dataset.chatvisorWhy || TEXT.busy("")),
      );
      return;
    }
    if (button.getAttribute("aria-busy") === "true") return;
    // At once, while it still counts as the agent's click: later it may be blocked.
    const opened = page.CV?.agent ? openCallWindow(visitorId) : null;
    button.setAttribute("aria-busy", "true");
    tellBeside(button, null);
    try {
      await call(visitorId);
    } catch (error) {
      opened?.close();
      tellBeside(
        button,
        error instanceof Trouble ? error : new Trouble("trouble", TEXT.failed),
      );
    }
    button.removeAttribute("aria-busy");
  }

  /** @param {string} visitorId */
  async function call(visitorId) {
    const { token } = await request(config.calls, { visitorId });
    if (!page.CV?.calling)
      throw new Trouble("trouble", TEXT.noScript, TEXT.noScriptRemedy);
    authenticate(token);
    page.CV.calling.startScreen(visitorId);
    // The token for one call has taken the place of the one for the list.
    authenticatedUntil = 0;
  }

  /** Open the call's window; one that has a page already is not ours to close. @param {string} visitorId @returns {Window | null} */
  function openCallWindow(visitorId) {
    const opened = window.open("", `chatvisor-agent-${visitorId}`);
    try {
      if (!opened || opened.location.href !== "about:blank") return null;
      opened.document.title = TEXT.starting;
      opened.document.body.textContent = TEXT.starting;
      return opened;
    } catch {
      return null;
    }
  }

  /** @param {HTMLElement} button @param {Trouble | null} error */
  function tellBeside(button, error) {
    const place = button.parentElement?.querySelector("[data-chatvisor-message]");
    if (!place) return;
    const words = error ? [error.message, error.remedy].filter(Boolean).join(" ") : "";
    place.replaceChildren(words);
    if (error?.kind !== "signed-out") return;
    const link = document.createElement("a");
    link.className = "chatvisor-link";
    link.href = location.href;
    link.textContent = TEXT.signIn;
    place.append(" ", link);
  }

  // --- beginning --------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const button = /** @type {HTMLElement | null} */ (
      target?.closest("[data-chatvisor-start]") ?? null
    );
    if (button) void start(button);
  });

  document.addEventListener("focusout", (event) => {
    const left =
      event.target instanceof Element && event.target.closest(".chatvisor-row-left");
    const list =
      left &&
      /** @type {HTMLElement | null} */ (left.closest("[data-chatvisor-users]"));
    if (list) setTimeout(wake);
  });

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refreshIn(0);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) refreshIn(0);
  });
  window.addEventListener("online", () => refreshIn(0));

  tellAll();
  setInterval(tellAll, POLL);
  whenLoaded(connect);
  refreshIn(0);
})();
