// @ts-check
/** `window.CV`, and what happens when the script has loaded. */

/**
 * Hear at once when active users change: a number, no data.
 *
 * @param {string | (() => string | Promise<string>)} token
 * @param {(n: number | null, state: AgentSocketState) => void} onTick
 */
function connectAgent(token, onTick) {
  const renewable = typeof token === "function";
  const socket = new Socket(
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

scope.CV = {
  user: {
    /** @param {ActiveUser} activeUser */
    tag: (activeUser) =>
      answer("user.tag", null, undefined, async () => visitor.setTag(activeUser)),
    reset: () => answer("user.reset", null, undefined, async () => visitor.forget()),
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

followPage(visitor);
// Who was here before is still here; a browser that nobody tagged needs no socket.
if (visitor.known) visitor.socket.open();

// From now on truthy; what a page sets later all the same is called all the same.
const waiting = scope.CVLoaded;
Object.defineProperty(window, "CVLoaded", {
  configurable: true,
  enumerable: true,
  get: () => true,
  set: (callback) => call(callback),
});
call(waiting);
