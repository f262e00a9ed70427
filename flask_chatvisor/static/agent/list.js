// @ts-check
/** A list: its rows, its numbers and its announcements. */

import { alertAgent } from "./alerts.js";
import { SECOND } from "./config.js";
import { every, setAttribute, setHidden, setTexts } from "./dom.js";
import { show } from "./fill-row.js";
import { linkTo } from "./query.js";
import { renderRows } from "./rows.js";
import { TEXT } from "./texts.js";
import { FILTERS, nameFor, waits } from "./users.js";

/**
 * @typedef {import("./users.js").User} User
 * @typedef {import("./users.js").Listing} Listing
 */

/** @typedef {{users: User[], waiting: Set<string>, total: number, announced: number}} Seen */
/** @type {WeakMap<HTMLElement, Seen>} */
const seen = new WeakMap();

/** @param {HTMLElement} list @param {Listing} listing */
export function showListing(list, listing) {
  const query = new URLSearchParams(list.dataset.chatvisorQuery);
  const filtered = FILTERS.some((key) => query.get(key));
  const none = listing.total ? "beyond" : filtered ? "nothing" : "empty";
  const held = renderRows(list, listing.users);
  show(list, listing.users.length || held ? "ready" : none);
  const waiting = listing.users.filter(waits);
  const summary = TEXT.summary(listing.total, waiting.length);
  setTexts("[data-chatvisor-summary]", summary, list);
  for (const element of every("[data-chatvisor-pager]", list))
    showPager(element, query, listing);
  announce(list, listing, waiting, summary);
  list.removeAttribute("aria-busy");
}

/** Empty a list that the agent may not see. @param {HTMLElement} list */
export function clearListing(list) {
  list.querySelector("[data-chatvisor-rows]")?.replaceChildren();
  setTexts("[data-chatvisor-summary]", "", list);
  for (const element of every("[data-chatvisor-pager]", list)) setHidden(element, true);
  alertAgent([], []);
}

/** Announce help requests at once, and numbers at most every 15 seconds. @param {HTMLElement} list @param {Listing} listing @param {User[]} waiting @param {string} summary */
function announce(list, listing, waiting, summary) {
  const before = seen.get(list);
  const now = {
    users: listing.users,
    waiting: new Set(waiting.map((user) => user.visitorId)),
  };
  // The agent has requested another list and is waiting for it.
  const asked = list.getAttribute("aria-busy") === "true";
  const asking =
    before && !asked
      ? waiting.filter((user) => !before.waiting.has(user.visitorId))
      : [];
  alertAgent(waiting, asking);
  const due =
    before &&
    before.total !== listing.total &&
    Date.now() - before.announced > 15 * SECOND;
  const message = asking.length
    ? asking.map((user) => TEXT.asks(nameFor(user))).join(" ")
    : due || asked
      ? summary
      : "";
  if (message) setTexts("[data-chatvisor-announce]", message, list);
  const told = !before || message;
  seen.set(list, {
    ...now,
    total: told ? listing.total : before.total,
    announced: told ? Date.now() : before.announced,
  });
}

/** @param {HTMLElement} pager @param {URLSearchParams} query @param {Listing} listing */
function showPager(pager, query, listing) {
  const first = (listing.page - 1) * listing.pageSize + 1;
  const last = first + listing.users.length - 1;
  const shown = {
    prev: listing.page > 1,
    next: last < listing.total && listing.users.length > 0,
  };
  for (const [rel, is] of Object.entries(shown))
    for (const link of every(`[rel=${rel}]`, pager)) {
      const page = listing.page + (rel === "next" ? 1 : -1);
      setAttribute(link, "href", linkTo(query, { page: String(page) }));
      setHidden(link, !is);
    }
  const range = TEXT.range(first, last, listing.total);
  setTexts("[data-chatvisor-range]", range, pager);
  setHidden(pager, !shown.prev && !shown.next);
}
