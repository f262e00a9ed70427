// A stand-in for the vendor's script: the documented calls only, recorded.
//
// Loaded as with-agent.js it has CV.agent too, as our own service and not the cloud. A test may
// set window.fakeCV = {users: […]} beforehand, and finds the calls in fakeCV.calls.
"use strict";
(() => {
  if (Object.hasOwn(window, "CV")) return;
  const fake = (window.fakeCV ??= {});
  fake.calls = [];
  fake.users ??= [];
  fake.connections = [];
  let token = null;

  const record =
    (name, act) =>
    (...args) => {
      fake.calls.push({ name, args: args.filter((arg) => typeof arg !== "function") });
      return act?.(...args);
    };
  const later = (callback, value) => queueMicrotask(() => callback(value));
  const found = (query) =>
    fake.users.find((user) => [user.id, user.email, user.visitorId].includes(query)) ??
    {};

  window.CV = {
    user: {
      tag: record("user.tag"),
      reset: record("user.reset"),
      list: record("user.list", (callback) => later(callback, token ? fake.users : [])),
      status: record("user.status", (query, callback) =>
        later(callback, token ? found(query) : {}),
      ),
    },
    rest: {
      auth: record("rest.auth", (first, second) => {
        token = typeof second === "string" ? second : first;
      }),
    },
    calling: {
      startScreen: record("calling.startScreen", (visitorId) => {
        if (window.CV.agent)
          window.open("/call-window", `chatvisor-agent-${visitorId}`);
      }),
    },
    conference: {
      start: record("conference.start"),
      join: record("conference.join", (uid, props, callback) =>
        later(callback ?? props),
      ),
      queueStatus: record("conference.queueStatus", (uid, callback) =>
        later(callback, -1),
      ),
    },
    api: {
      isAgentOnline: record("api.isAgentOnline", (callback) => later(callback, true)),
    },
  };

  const script = Reflect.get(Document.prototype, "currentScript", document);
  if (script.src.endsWith("/with-agent.js"))
    window.CV.agent = {
      connect: record("agent.connect", async (source, onTick) => {
        const connection = { onTick, closed: false };
        fake.connections.push(connection);
        try {
          connection.token = typeof source === "function" ? await source() : source;
          onTick(null, "live");
        } catch {
          onTick(null, "reconnecting");
        }
        return { close: () => (connection.closed = true) };
      }),
    };

  fake.named = (name) =>
    fake.calls.filter((call) => call.name === name).map((call) => call.args);
  fake.tick = (n) => fake.connections.forEach((one) => one.onTick(n, "live"));
  fake.turn = (state) => fake.connections.forEach((one) => one.onTick(null, state));

  if (typeof window.CVLoaded === "function") window.CVLoaded();
  window.CVLoaded = true;
})();
