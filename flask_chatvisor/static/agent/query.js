// @ts-check
/** The address of a list: what it is filtered and sorted by, and which page it is. */

import { FILTERS } from "./users.js";

const KEYS = [...FILTERS, "sort", "page", "page_size"];
/** What need not be said. @type {Record<string, string>} */
const USUAL = { page: "1", page_size: "50" };

/** Take from a query what a list understands. @param {URLSearchParams} given */
export function listQuery(given) {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    const value = given.get(key)?.trim();
    if (value && value !== USUAL[key]) query.set(key, value);
  }
  return query;
}

/** Build the address of this list with changes; its first page by default. @param {URLSearchParams} query @param {Record<string, string>} changes */
export function linkTo(query, changes) {
  const wanted = new URLSearchParams(query);
  wanted.delete("page");
  for (const [key, value] of Object.entries(changes)) wanted.set(key, value);
  const text = listQuery(wanted).toString();
  // In full: a path may begin with two slashes, and <base> may lead elsewhere.
  return location.origin + location.pathname + (text && `?${text}`);
}
