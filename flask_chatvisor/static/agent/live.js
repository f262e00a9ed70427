// @ts-check
/** Keeps lists and statuses current, by ticks or by polling every five seconds. */

import { SECOND, config } from "./config.js";
import { doc, every, setAttribute, setTexts } from "./dom.js";
import { fill, hideUnlessInUse, show, showStatus } from "./fill-row.js";
import { clearListing, showListing } from "./list.js";
import { Trouble, request } from "./request.js";
import { newest, refuseOld } from "./source-application.js";
import { source } from "./source.js";
import { TEXT } from "./texts.js";
import { language, setClock } from "./time.js";
import { CV } from "./vendor-script.js";

/** @typedef {import("./users.js").User} User */

const POLL = 5 * SECOND;
/** Ticks miss nothing; this only notices that the agent was signed out. */
const SAFETY = 60 * SECOND;

/** @type {"none" | "connecting" | "live" | "reconnecting"} */
let socket = "none";
/** @type {Trouble | null} */
let trouble = null;
let failures = 0;
/** When the shown data was current; 0 if the page came without current data. */
let currentAt = doc.querySelector(
  "[data-chatvisor-state=trouble], [data-chatvisor-state=unknown]",
)
  ? 0
  : Date.now();
let running = false;
let wanted = false;
let urgent = false;
let lastStart = -Infinity;
let timer = 0;
let due = Infinity;

const lists = () => every("[data-chatvisor-users]");
const watched = () => every("[data-chatvisor-watch]");

/** @param {number} delay */
export function refreshIn(delay) {
  const at = performance.now() + Math.max(0, delay);
  if (at >= due) return;
  clearTimeout(timer);
  due = at;
  timer = setTimeout(refresh, Math.max(0, delay));
}

/** Something changed: refresh soon, but at most once a second. */
export function wake() {
  wanted = true;
  if (!running) refreshIn(lastStart + gap() - performance.now());
}

/** The agent requests another list: refresh at once. */
export function lookNow() {
  urgent = true;
  if (!running) refreshIn(0);
}

function gap() {
  if (failures) return pause();
  return doc.hidden ? 10 * SECOND : SECOND;
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
  if (running || (doc.hidden && socket !== "live")) return;
  if (!lists().length && !watched().length) return;
  running = true;
  wanted = urgent = false;
  lastStart = performance.now();
  try {
    await Promise.all([...lists().map(refreshList), refreshWatched()]);
    recovered();
  } catch (error) {
    failed(error instanceof Trouble ? error : new Trouble("trouble", String(error)));
  }
  running = false;
  showConnection();
  const delay = wanted ? lastStart + gap() - performance.now() : pause();
  refreshIn(urgent ? 0 : delay);
}

/** @param {HTMLElement} list */
async function refreshList(list) {
  const query = list.dataset.chatvisorQuery ?? "";
  const listing = await source.list(query);
  // Meanwhile the agent may have requested another list, which comes next.
  if (list.dataset.chatvisorQuery !== query) return;
  setClock(listing.asOf);
  showListing(list, listing);
  if (listing.trouble) currentAt = Date.parse(listing.asOf);
  refuseOld(listing);
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
  // Once, and not for a temporary failure.
  if (failures === 2 || (out && failures === 1))
    setTexts("[data-chatvisor-announce]", error.message);
  for (const list of lists()) showTrouble(list, error, out ? "denied" : "trouble");
  // One failure may be temporary, but data from half a minute ago may be wrong.
  if (out || Date.now() - currentAt > 30 * SECOND)
    for (const element of watched()) showUnknown(element, error);
}

/** @param {HTMLElement} element @param {Trouble} error */
function showUnknown(element, error) {
  fill(element, null, "unknown");
  show(element, "unknown");
  explain(element, error);
  hideUnlessInUse(element, true);
}

/** @param {HTMLElement} list @param {Trouble} error @param {string} state */
function showTrouble(list, error, state) {
  // A list that is marked as old is better than none, but not for a signed-out user.
  const nothingYet = ["loading", "trouble", "denied"];
  const isThere = !nothingYet.includes(list.dataset.chatvisorState ?? "");
  const isAsked = list.getAttribute("aria-busy") !== "true";
  if (state === "trouble" && isThere && isAsked) return;
  if (state === "denied") clearListing(list);
  show(list, state);
  explain(list, error);
}

/** @param {HTMLElement} container @param {Trouble} error */
function explain(container, error) {
  const places = "[data-chatvisor-trouble], [data-chatvisor-denied]";
  setTexts(places, error.message, container);
  setTexts("[data-chatvisor-remedy]", error.remedy, container);
  if (error.kind === "signed-out")
    setTexts("[data-chatvisor-again]", TEXT.signIn, container);
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
    // With nothing to show, a notice already says what is wrong.
    stale: currentAt ? `${TEXT.stale(since)} ${trouble?.message}` : TEXT.retrying,
    live: TEXT.live,
    polling: TEXT.polling,
    connecting: TEXT.connecting,
    reconnecting: TEXT.reconnecting,
  };
  for (const element of every("[data-chatvisor-connection]")) {
    setAttribute(element, "data-chatvisor-connection", state);
    setTexts("[data-chatvisor-connection-text]", texts[state], element);
  }
}

/** Subscribe to ticks, once there is something to update and a script with ticks. */
export function connect() {
  if (socket !== "none" || !CV()?.agent) return;
  if (!lists().length && !watched().length) return;
  socket = "connecting";
  CV().agent.connect(
    async () => (await request(config.token, { scope: ["presence"] })).token,
    (
      /** @type {number | null} */ n,
      /** @type {"live" | "reconnecting" | undefined} */ state,
    ) => {
      const back = state === "live" && socket !== "live";
      if (state) socket = state;
      if (n !== null) newest.tick = n;
      if (n !== null || back) wake();
      else refreshIn(POLL);
      // "Live" describes the list, not the socket, so not before its first answer.
      if (lastStart > -Infinity && !running) showConnection();
    },
  );
}
