// @ts-check
/** Call windows, and the calls that agents start. */

/** @param {"agent" | "visitor"} role @param {string} visitorId */
const windowName = (role, visitorId) => `chatvisor-${role}-${visitorId}`;

/**
 * Open the call's window while the click still counts; where it goes comes later.
 *
 * @param {string} name
 */
function openWindow(name) {
  const opened = window.open("", name);
  try {
    if (opened && !opened.document.title) opened.document.title = text("window.title");
  } catch {
    // A window of that name shows a call already: it is used again.
  }
  return opened;
}

/** The call window speaks the page's language. @param {string} url */
function inLanguage(url) {
  const address = new URL(url);
  address.searchParams.set("lang", language());
  return address.href;
}

/**
 * @param {Window | null} opened
 * @param {string} name
 * @param {string} url
 */
function go(opened, name, url) {
  const href = inLanguage(url);
  try {
    if (!opened || opened.closed) throw new Failure("blocked");
    opened.location.replace(href);
  } catch {
    notify(text("notice.blocked"), { href, target: name });
  }
}

/** @param {Window} opened */
function isBlank(opened) {
  try {
    return opened.location.href === "about:blank";
  } catch {
    return false; // it is at the service
  }
}

/**
 * Say in the window that was opened for it what went wrong. One that was there before
 * may show a call, which must go on.
 *
 * @param {Window | null} opened
 * @param {string} name
 * @param {unknown} error
 */
function goNowhere(opened, name, error) {
  const code = error instanceof Failure ? error.code : "";
  const reason = code === "not-found" ? "visitor-gone" : code;
  if (reason === "busy" && visitor.call) {
    // The customer's own call, shared from a window that cannot be reached from here.
    if (opened && isBlank(opened)) opened.close();
    return notify(text("notice.elsewhere"));
  }
  const shown = ["busy", "visitor-gone"].includes(reason) ? reason : "failed";
  const end = new URL(`call/none#ended=${shown}`, BASE).href;
  if (opened && !opened.closed && isBlank(opened)) go(opened, name, end);
  else notify(text(`failed.${shown}`));
}

/**
 * @param {string} name
 * @param {Window | null} opened
 * @param {() => Promise<{callId: string, url: string}>} start
 * @returns {Promise<string | null>} the call's id
 */
async function begin(name, opened, start) {
  try {
    const { callId, url } = await start();
    go(opened, name, url);
    return callId;
  } catch (error) {
    goNowhere(opened, name, error);
    throw error;
  }
}

/** @type {Map<string, Promise<string | null>>} */
const starting = new Map();

/** @param {string} visitorId */
function startScreen(visitorId) {
  const id = String(visitorId ?? "");
  const already = starting.get(id);
  if (already) return already; // a double click is one call
  const name = windowName("agent", id);
  const opened = openWindow(name);
  try {
    if (opened) opened.opener = null; // what the customer sends is shown there
  } catch {
    // Cut off already: the window shows a call.
  }
  const token = callToken(id);
  const started = answer("calling.startScreen", null, null, () =>
    begin(name, opened, () =>
      rest("call", token, { visitorId: id, kind: "screen" }),
    ),
  ).finally(() => starting.delete(id));
  starting.set(id, started);
  return started;
}
