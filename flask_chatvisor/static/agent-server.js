// @ts-check
/** Users as the application's server lists them. */

import { Trouble, config, request } from "./agent-request.js";
import { best } from "./agent-select.js";

/** @typedef {import("./agent-users.js").User} User */

const MOST = 1000;

/** The service's newest tick on this page. @type {{tick: number | null}} */
export const newest = { tick: null };

/** An answer from before the newest tick would not do; the server knows by its number. @param {string} url @param {string} query */
function withTick(url, query) {
  const parameters = new URLSearchParams(query);
  if (newest.tick !== null) parameters.set("tick", String(newest.tick));
  return parameters.size ? `${url}?${parameters}` : url;
}

/** While the service is down, a list is the last that it gave, and says so. @param {import("./agent-users.js").Listing} listing */
export function refuseOld({ trouble }) {
  if (trouble) throw new Trouble("trouble", trouble.detail, trouble.remedy);
}

/** @type {import("./agent-source.js").Source} */
export const fromServer = {
  list: (query) => request(withTick(config.users, query)),
  async find(queries) {
    /** @type {Map<string, User | null>} */
    const found = new Map();
    let rest = queries;
    let asOf = "";
    if (queries.length > 1) {
      const listing = await this.list(`page_size=${MOST}`);
      refuseOld(listing);
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
