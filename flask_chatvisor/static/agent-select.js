// @ts-check
/** Selects, sorts and finds users as the server does. */

import { config } from "./agent-request.js";
import { nameFor, waits } from "./agent-users.js";

/**
 * @typedef {import("./agent-users.js").User} User
 * @typedef {import("./agent-users.js").Listing} Listing
 */

/** The same selection that the server makes. @param {User[]} users @param {URLSearchParams} query @returns {Listing} */
export function select(users, query) {
  const wanted = (query.get("q") ?? "").toLowerCase();
  const label = query.get("label");
  const given = query.get("assigned");
  const assigned = given === "me" ? config.email : given;
  const waiting = query.get("waiting") === "1";
  const inCall = query.get("in_call") === "1";
  const pageSize = Number(query.get("page_size")) || 50;
  const number = Number(query.get("page")) || 1;
  const matching = users.filter(
    (user) =>
      [nameFor(user), user.email, user.id].some((text) =>
        (text ?? "").toLowerCase().includes(wanted),
      ) &&
      (!waiting || waits(user)) &&
      (!inCall || user.inCall) &&
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
export function best(users, query) {
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
