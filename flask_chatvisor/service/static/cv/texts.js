// @ts-check
/** What the script says, in the language of the page. */

/** By language tag in lower case. @type {Map<string, Record<string, string>>} */
const LANGUAGES = new Map([
  [
    "en",
    {
      "direction": "ltr",
      "invitation.title": "{name} asks to see your screen",
      "invitation.who": "{name} ({email}) would like to help you here.",
      "invitation.who-named-by-email": "{email} would like to help you here.",
      "invitation.choice": "You choose what to show: a tab, a window or the screen.",
      "invitation.nothing": "Nothing is shown before you have chosen.",
      "invitation.view-only": "They can look, but cannot click or type for you.",
      "invitation.stop": "You can stop at any moment.",
      "invitation.accept": "Accept",
      "invitation.decline": "Decline",
      "invitation.window": "The call opens in a window of its own.",
      "invitation.opened": "The call has been opened in another window or tab.",
      "notice.close": "Close",
      "notice.open-call": "Open the call",
      "notice.blocked": "The browser has not let the call’s window open.",
      "notice.no-answer": "{name} asked to see your screen. The request has expired.",
      "notice.agent-ended": "{name} has taken the request back.",
      "notice.over": "{name} no longer asks to see your screen.",
      "notice.elsewhere": "The call is open in another window of this browser.",
      "sign.label": "Your call",
      "sign.next": "You are next.",
      "sign.waiting": "You are number {number} in the queue.",
      "sign.accepted": "{name} is with you. Choose in the call’s window what to show.",
      "sign.connecting": "Connecting to {name} …",
      "sign.live": "Your screen is shown to {name}.",
      "sign.closed": "The call’s window was closed.",
      "sign.ending": "Ending the call …",
      "sign.back": "Show the call",
      "sign.reopen": "Open it again",
      "sign.cancel": "Cancel",
      "sign.stop": "Stop sharing",
      "sign.move": "Move this out of the way",
      "failed.busy": "There is a call already.",
      "failed.visitor-gone": "This person has left.",
      "failed.failed": "The call could not be started.",
      "window.title": "Opening the call …",
    },
  ],
  [
    "de",
    {
      "direction": "ltr",
      "invitation.title": "{name} möchte Ihren Bildschirm sehen",
      "invitation.who": "{name} ({email}) möchte Ihnen hier helfen.",
      "invitation.who-named-by-email": "{email} möchte Ihnen hier helfen.",
      "invitation.choice":
        "Sie wählen aus, was Sie zeigen: einen Tab, ein Fenster oder den Bildschirm.",
      "invitation.nothing": "Bevor Sie etwas ausgewählt haben, wird nichts gezeigt.",
      "invitation.view-only":
        "Ihr Gegenüber kann zusehen, aber nichts für Sie anklicken oder eingeben.",
      "invitation.stop": "Sie können jederzeit aufhören.",
      "invitation.accept": "Annehmen",
      "invitation.decline": "Ablehnen",
      "invitation.window": "Das Gespräch öffnet sich in einem eigenen Fenster.",
      "invitation.opened":
        "Das Gespräch wurde in einem anderen Fenster oder Tab geöffnet.",
      "notice.close": "Schließen",
      "notice.open-call": "Gespräch öffnen",
      "notice.blocked":
        "Der Browser hat verhindert, dass sich das Gesprächsfenster öffnet.",
      "notice.no-answer":
        "{name} wollte Ihren Bildschirm sehen. Die Anfrage ist abgelaufen.",
      "notice.agent-ended": "{name} hat die Anfrage zurückgezogen.",
      "notice.over": "{name} möchte Ihren Bildschirm nicht mehr sehen.",
      "notice.elsewhere":
        "Das Gespräch ist in einem anderen Fenster dieses Browsers geöffnet.",
      "sign.label": "Ihr Gespräch",
      "sign.next": "Sie sind als Nächstes dran.",
      "sign.waiting": "Sie sind Nummer {number} in der Warteschlange.",
      "sign.accepted":
        "{name} ist bei Ihnen. Wählen Sie im Gesprächsfenster aus, was Sie zeigen.",
      "sign.connecting": "Verbindung zu {name} …",
      "sign.live": "Ihr Bildschirm wird {name} gezeigt.",
      "sign.closed": "Das Gesprächsfenster wurde geschlossen.",
      "sign.ending": "Das Gespräch wird beendet …",
      "sign.back": "Gespräch anzeigen",
      "sign.reopen": "Wieder öffnen",
      "sign.cancel": "Abbrechen",
      "sign.stop": "Nichts mehr zeigen",
      "sign.move": "Dies aus dem Weg räumen",
      "failed.busy": "Es läuft schon ein Gespräch.",
      "failed.visitor-gone": "Diese Person ist nicht mehr da.",
      "failed.failed": "Das Gespräch ließ sich nicht beginnen.",
      "window.title": "Das Gespräch wird geöffnet …",
    },
  ],
]);

/** @param {string} tag */
const textsIn = (tag) =>
  LANGUAGES.get(tag.toLowerCase()) ??
  LANGUAGES.get(tag.toLowerCase().split("-")[0] ?? "");

/** The first that is known: the page's, then those of the browser. */
function language() {
  const declared = document.documentElement.lang.replaceAll("_", "-");
  const wanted = [declared, ...navigator.languages];
  return wanted.find((tag) => textsIn(tag)) ?? "en";
}

/** @param {string} key */
const template = (key) =>
  textsIn(language())?.[key] ?? LANGUAGES.get("en")?.[key] ?? key;

/**
 * @param {string} key
 * @param {Record<string, string>} [values]
 */
function text(key, values = {}) {
  return template(key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/**
 * A text for an element: a name may be written the other way round than its sentence.
 *
 * @param {string} key
 * @param {Record<string, string>} values
 */
function phrase(key, values) {
  return template(key)
    .split(/\{(\w+)\}/)
    .map((piece, index) => (index % 2 ? element("bdi", {}, values[piece] ?? "") : piece));
}
