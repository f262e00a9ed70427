// @ts-check
/** Selects, sorts and finds users as the server does. */

import { config } from "./config.js";
import { nameFor, waits } from "./users.js";

/**
 * @typedef {import("./users.js").User} User
 * @typedef {import("./users.js").Listing} Listing
 */

/** The same selection as the service's. @param {User[]} users @param {URLSearchParams} query @returns {Listing} */
export function select(users, query) {
  const pageSize = Number(query.get("page_size")) || 50;
  const number = Number(query.get("page")) || 1;
  const matching = users.filter(matcher(query));
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

/** @param {URLSearchParams} query @returns {(user: User) => unknown} */
function matcher(query) {
  const lower = (/** @type {string} */ key) => (query.get(key) ?? "").toLowerCase();
  const words = lower("q").split(/\s+/);
  const label = lower("label").trim();
  const given = lower("assigned").trim();
  const assigned = given === "me" ? config.email.toLowerCase() : given;
  return (user) =>
    words.every((word) => textOf(user).includes(word)) &&
    (query.get("waiting") !== "1" || waits(user)) &&
    (query.get("in_call") !== "1" || user.inCall) &&
    (!label || user.labels.some((one) => one.toLowerCase() === label)) &&
    (!assigned || (user.assignedUser ?? "none").toLowerCase() === assigned);
}

/** The text that searches look through. @param {User} user */
function textOf(user) {
  const { firstname, lastname, gender, assignedUser, location } = user;
  const extra = Object.entries(user.additionalTaggingData).flat();
  return [user.id, user.email, firstname, lastname, gender, ...user.labels]
    .concat([assignedUser, ...extra.map(String), user.visitorId])
    .concat([location?.title ?? "", location?.path ?? ""])
    .join(" ")
    .toLowerCase();
}

/** Users who are waiting come first, the longest wait on top; the visitor id breaks ties. @param {User[]} users @param {string} sort */
function inOrder(users, sort) {
  const down = sort.startsWith("-");
  /** @type {Record<string, (user: User) => string>} */
  const keys = {
    name: (user) => nameFor(user).toLowerCase(),
    email: (user) => (user.email ?? "").toLowerCase(),
    since: (user) => user.since ?? "",
    lastSeen: (user) => user.lastSeen ?? "",
    page: (user) => user.location?.path ?? "",
  };
  const key = keys[down ? sort.slice(1) : sort] ?? keys.name;
  const wait = (/** @type {User} */ user) => user.waitingSince ?? "~";
  return [...users].sort(
    (a, b) =>
      order(wait(a), wait(b)) ||
      order(key(a), key(b)) * (down ? -1 : 1) ||
      order(a.visitorId, b.visitorId),
  );
}

/** Compare by characters, like the service, not by a language's rules. @param {string} a @param {string} b */
function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Fold the case of ASCII letters only: other letters distinguish e-mail addresses. @param {string} email */
function foldEmail(email) {
  return email.replace(/[A-Z]+/g, (some) => some.toLowerCase());
}

/** Find the user of a query: by visitorId, else by e-mail or id, whichever it looks like. If several visitors match, prefer verified, then visible, then latest. @param {User[]} users @param {string} query */
export function best(users, query) {
  const email = foldEmail(query);
  const [asEmail, asId] = query.includes("@") ? [2, 1] : [1, 2];
  const meaning = (/** @type {User} */ user) => {
    if (user.visitorId === query) return 3;
    const isEmail = user.email && foldEmail(user.email) === email;
    return Math.max(isEmail ? asEmail : 0, user.id === query ? asId : 0);
  };
  const rank = (/** @type {User} */ user) =>
    `${meaning(user)}${+user.verified}${+user.visible}${user.lastSeen ?? user.since ?? ""}`;
  return users
    .filter((user) => query && meaning(user))
    .reduce(
      (a, b) => (a && rank(a) >= rank(b) ? a : b),
      /** @type {User | null} */ (null),
    );
}
