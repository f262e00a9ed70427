// @ts-check
/** The REST API and its tokens. */

import { toJson } from "../shared/socket.js";
import { Failure } from "./failures.js";
import { address } from "./service.js";
import { local, session } from "./storage.js";

/** @import { ActiveUser } from "./visitor.js" */

const TOKEN_KEY = "chatvisor-token";

/** A token bound to one visitor is kept for one call, and not stored. */
let boundToken = "";

/**
 * The claims of a token, unverified: only the service can verify them.
 *
 * @param {string} token
 * @returns {{sub?: string, visitorId?: string}}
 */
function claimsOf(token) {
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}

/**
 * `auth(token, persist)` or the older `auth(email, token)`.
 *
 * @param {string} first
 * @param {boolean | string} [second]
 */
export async function auth(first, second = false) {
  const token = typeof second === "string" ? second : first;
  const email = typeof second === "string" ? first : null;
  const claims = claimsOf(token);
  const other = email !== null && claims.sub !== undefined;
  if (other && claims.sub?.toLowerCase() !== String(email).toLowerCase()) {
    setToken("", false);
    throw new Failure("email-mismatch", "the token belongs to another e-mail address");
  }
  if (typeof claims.visitorId === "string") boundToken = token;
  else setToken(token, second === true);
  return true;
}

/** @param {string} token @param {boolean} persist */
function setToken(token, persist) {
  boundToken = "";
  session.set(TOKEN_KEY, token && !persist ? token : null);
  local.set(TOKEN_KEY, token && persist ? token : null);
}

/** Forget all tokens: the next user of this browser must not have them. */
export const forgetTokens = () => setToken("", false);

const pageToken = () => session.get(TOKEN_KEY) ?? local.get(TOKEN_KEY) ?? "";

/** @param {string} visitorId */
export function callToken(visitorId) {
  const token = boundToken;
  boundToken = "";
  return token && claimsOf(token).visitorId === visitorId ? token : pageToken();
}

/**
 * @param {string} path
 * @param {string} token
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function rest(path, token, body) {
  if (!token) throw new Failure("token-missing", "call CV.rest.auth first");
  /** @type {Record<string, string>} */
  const headers = { Authorization: `Bearer ${token}`, Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(address(`rest/v1/${path}`), {
    method: body ? "POST" : "GET",
    headers,
    body: body ? toJson(body) : null,
    credentials: "omit",
    cache: "no-store",
    signal: AbortSignal.timeout(15_000),
  }).catch(() => {
    throw new Failure("unreachable", "the service does not answer");
  });
  const data = await response.json().catch(() => ({}));
  if (response.ok) return data;
  throw new Failure(data.code ?? `http-${response.status}`, data.detail);
}

/** @returns {Promise<ActiveUser[]>} */
export async function listUsers() {
  const token = pageToken();
  /** @type {Map<string, ActiveUser>} */
  const users = new Map();
  for (let number = 1; ; number++) {
    const path = `customerstatus?pageNumber=${number}&pageSize=1000`;
    const { results, total } = await rest(path, token);
    for (const user of results) users.set(user.visitorId, user);
    if (!results.length || number * 1000 >= total) return [...users.values()];
  }
}

/**
 * @param {string} query
 * @returns {Promise<ActiveUser>}
 */
export async function userStatus(query) {
  const asked = String(query ?? "");
  // As a path segment, these would mean another address.
  if (["", ".", ".."].includes(asked)) return {};
  try {
    return await rest(`customerstatus/${encodeURIComponent(asked)}`, pageToken());
  } catch (error) {
    if (error instanceof Failure && error.code === "not-found") return {};
    throw error;
  }
}
