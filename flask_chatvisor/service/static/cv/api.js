// @ts-check
/** `window.CV`. */

import { FINAL_CODES } from "../shared/socket.js";
import { startScreen } from "./call-windows.js";
import { joinQueue, queueStatus, startConference } from "./conference.js";
import { answer, call, complain, Failure } from "./failures.js";
import { auth, forgetTokens, listUsers, userStatus } from "./rest.js";
import { makeSocket } from "./service.js";
import { visitor } from "./visitor.js";

/** @import { ActiveUser } from "./visitor.js" */
/** @typedef {"live" | "reconnecting"} AgentSocketState */

/**
 * Report at once when active users change: a number without data.
 *
 * @param {string | (() => string | Promise<string>)} token
 * @param {(n: number | null, state: AgentSocketState) => void} onTick
 */
function connectAgent(token, onTick) {
  const renewable = typeof token === "function";
  const socket = makeSocket(
    async () => ({
      type: "hello-agent",
      token: renewable ? await token() : token,
    }),
    (message) => {
      call(onTick, message.type === "tick" ? message.n : null, "live");
    },
    (code) => {
      call(onTick, null, "reconnecting");
      if (!FINAL_CODES.has(code) || (code === 4401 && renewable)) return true;
      complain("agent.connect", new Failure(`closed-${code}`));
      return false;
    },
  );
  socket.open();
  return { close: () => socket.close() };
}

export const CV = {
  user: {
    /** @param {ActiveUser} activeUser */
    tag: (activeUser) =>
      answer("user.tag", null, undefined, async () => visitor.setTag(activeUser)),
    reset: () =>
      answer("user.reset", null, undefined, async () => {
        forgetTokens();
        visitor.forget();
      }),
    /** @param {(users: ActiveUser[]) => void} callback */
    list: (callback) =>
      answer("user.list", callback, /** @type {ActiveUser[]} */ ([]), listUsers),
    /** @param {string} query @param {(user: ActiveUser) => void} callback */
    status: (query, callback) =>
      answer("user.status", callback, {}, () => userStatus(query)),
  },
  rest: {
    /** @param {string} first @param {boolean | string} [second] */
    auth: (first, second) =>
      answer("rest.auth", null, false, () => auth(first, second)),
  },
  calling: { startScreen },
  conference: { start: startConference, join: joinQueue, queueStatus },
  api: {
    /** @param {(online: boolean) => void} callback */
    isAgentOnline: (callback) =>
      answer("api.isAgentOnline", callback, false, async () => {
        const { online } = await visitor.request("agents");
        return Boolean(online);
      }),
  },
  agent: { connect: connectAgent },
};
