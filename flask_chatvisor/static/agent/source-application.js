// @ts-check
/** Users from the application's server. */

import { config } from "./config.js";
import { Trouble, request } from "./request.js";
import { best } from "./select.js";

/** @typedef {import("./users.js").User} User */

/** How many users one request may name: as many as fit into a URL. */
const MOST = 100;
const LONGEST_ADDRESS = 3500;

/** The service's newest tick on this page. @type {{tick: number | null}} */
export const newest = { tick: null };

/** Add the newest tick, so that the server does not answer with older data. @param {string} url @param {string} query */
function withTick(url, query) {
  const parameters = new URLSearchParams(query);
  if (newest.tick !== null) parameters.set("tick", String(newest.tick));
  return parameters.size ? `${url}?${parameters}` : url;
}

/** While the service is down, a list is its last one, and says so. @param {import("./users.js").Listing} listing */
export function refuseOld({ trouble }) {
  if (trouble) throw new Trouble("trouble", trouble.detail, trouble.remedy);
}

/** @type {import("./source.js").Source} */
export const fromApplication = {
  list: (query) => request(withTick(config.users, query)),
  async find(queries) {
    // Only a request for a single user returns tabs and pages.
    if (queries.length === 1) return findOne(queries[0]);
    /** @type {Map<string, User | null>} */
    const found = new Map();
    let asOf = "";
    for (const some of batched(queries)) {
      const listing = await this.list(addressed(some));
      for (const query of some) found.set(query, best(listing.users, query));
      if (!asOf || listing.asOf < asOf) asOf = listing.asOf;
    }
    return { found, asOf };
  },
};

/** @param {string} query */
async function findOne(query) {
  const url = config.user.replace("{query}", encodeURIComponent(query));
  const { user, asOf } = await request(withTick(url, ""));
  return { found: new Map([[query, user]]), asOf };
}

/** @param {string[]} queries */
function addressed(queries) {
  return new URLSearchParams(queries.map((query) => ["query", query])).toString();
}

/** Split into batches that fit into a URL, like the directory. @param {string[]} queries */
function* batched(queries) {
  /** @type {string[]} */
  let some = [];
  for (const query of queries) {
    const longer = [...some, query];
    if (some.length === MOST || addressed(longer).length > LONGEST_ADDRESS) {
      yield some;
      some = [query];
    } else some = longer;
  }
  yield some;
}
