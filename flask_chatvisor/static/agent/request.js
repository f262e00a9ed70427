// @ts-check
/** Sends requests to the application, and describes errors in words. */

import { SECOND, address } from "./config.js";
import { TEXT } from "./texts.js";
import { nameOf } from "./users.js";

/** What went wrong, in words for the agent. */
export class Trouble extends Error {
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
export async function request(url, body) {
  const response = await send(url, body);
  // Some applications redirect every signed-out request to their sign-in page.
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
    return await fetch(address(url), {
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
