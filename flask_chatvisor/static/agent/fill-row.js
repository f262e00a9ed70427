// @ts-check
/** Fills one user's fields, which templates mark. */

import { address } from "./config.js";
import { doc, every, make, setAttribute, setHidden, setText } from "./dom.js";
import { fillStart } from "./start-button.js";
import { TEXT } from "./texts.js";
import { tell } from "./time.js";
import { isAsked, nameFor, nameOf, presenceOf, waits } from "./users.js";

/** @typedef {import("./users.js").User} User */

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
  doubt: (user) => (user.verified ? null : `, ${TEXT.doubtful}`),
  identity: (user) => (user.verified ? TEXT.verified : TEXT.unverified),
  asking: (user) =>
    isAsked(user) ? TEXT.asking(nameOf(user.inCall?.agent ?? "")) : null,
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
  unverified: (user) => !user.verified,
  inCall: (user) => user.inCall && !isAsked(user),
  waiting: waits,
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
  else if (field === "tabs") fillVisit(element, user?.tabs ?? [], tabItem);
  else if (field === "pages") fillVisit(element, user?.pages ?? [], pageItem);
  else if (field === "additional")
    fillFacts(element, user?.additionalTaggingData ?? {});
}

/** @param {HTMLElement} element @param {User | null} user @param {(user: User) => string | null | undefined} read */
function fillText(element, user, read) {
  // Keep the name readable when the user has left.
  if (!user && read === nameFor) return;
  const text = (user && read(user)) || "";
  setText(element, text);
  setHidden(element, !text);
  const pattern = element.dataset.chatvisorHref;
  if (pattern && user) fillLink(element, pattern, user.visitorId);
}

/** @param {HTMLElement} element @param {string} pattern @param {string} visitorId */
function fillLink(element, pattern, visitorId) {
  const path = pattern.replace("{visitorId}", encodeURIComponent(visitorId));
  try {
    setAttribute(element, "href", address(path));
  } catch {
    element.removeAttribute("href"); // it is not one of the templates'
  }
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

/**
 * @template T
 * @param {HTMLElement} element @param {T[]} entries @param {(entry: T) => Element[]} draw
 */
function fillVisit(element, entries, draw) {
  const section = /** @type {HTMLElement | null} */ (
    element.closest("[data-chatvisor-visit]")
  );
  if (section) setHidden(section, !entries.length);
  const data = JSON.stringify(entries);
  if (element.dataset.chatvisorShown === data) return;
  element.dataset.chatvisorShown = data;
  const items = entries.map((entry) => {
    const item = make("li", "", "chatvisor-page-item");
    for (const piece of draw(entry)) item.append(piece, " ");
    return item;
  });
  element.replaceChildren(...items);
}

/** @param {NonNullable<User["tabs"]>[number]} tab */
function tabItem(tab) {
  const state = make("span", "", "chatvisor-presence");
  state.dataset.chatvisorPresence = presenceOf(tab);
  const dot = make("span", "", "chatvisor-dot");
  dot.ariaHidden = "true";
  state.append(dot, tab.visible ? TEXT.front : TEXT.background);
  return [state, ...pageOf(tab)];
}

/** @param {NonNullable<User["pages"]>[number]} entry */
function pageItem(entry) {
  const time = /** @type {HTMLTimeElement} */ (make("time", "", "chatvisor-minor"));
  time.dataset.chatvisorTime = "ago";
  time.dateTime = entry.at ?? "";
  tell(time);
  return [time, ...pageOf(entry)];
}

/** @param {{title: string, path: string | null}} page */
function pageOf(page) {
  return [
    make("span", page.title),
    make("span", page.path ?? "", "chatvisor-minor chatvisor-path"),
  ];
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

/** @param {HTMLElement} container @param {User | null} user @param {string} state */
export function fill(container, user, state) {
  for (const element of every("[data-chatvisor-field]", container))
    fillField(element, user, state);
  for (const button of every("[data-chatvisor-start]", container))
    fillStart(button, user);
}

/** @param {HTMLElement} container @param {string} state */
export function show(container, state) {
  setAttribute(container, "data-chatvisor-state", state);
  for (const element of every("[data-chatvisor-when]", container))
    setHidden(
      element,
      !(element.dataset.chatvisorWhen ?? "").split(" ").includes(state),
    );
}

/** @param {HTMLElement} element @param {User | null} user */
export function showStatus(element, user) {
  const state = user ? presenceOf(user) : "offline";
  fill(element, user, state);
  show(element, state);
  hideUnlessInUse(element, !user);
}

/** Hide the Start button of a user who is not active, but not while it is in use. @param {HTMLElement} element @param {boolean} hidden */
export function hideUnlessInUse(element, hidden) {
  if ("chatvisorHides" in element.dataset)
    setHidden(element, hidden && !element.contains(doc.activeElement));
}
