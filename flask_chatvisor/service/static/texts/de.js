// @ts-check
/** German. `{agent}` and `{visitor}` are names. */

/** @type {Record<string, string>} */
export const texts = {
  "direction": "ltr",

  // The agent’s request
  "invitation.title": "{agent} möchte Ihren Bildschirm sehen",
  "invitation.who": "{agent} ({email}) möchte Ihnen hier helfen.",
  "invitation.who-named-by-email": "{email} möchte Ihnen hier helfen.",
  "invitation.who-by-name": "{agent} möchte Ihnen hier helfen.",
  "invitation.choice":
    "Sie wählen aus, was Sie zeigen: einen Tab, ein Fenster oder den ganzen Bildschirm.",
  "invitation.nothing": "Es wird nichts gezeigt, bevor Sie etwas ausgewählt haben.",
  "facts.look": "{agent} kann zusehen, aber nichts anklicken, eingeben oder ändern.",
  "invitation.stop": "Sie können jederzeit aufhören.",
  "invitation.accept": "Annehmen",
  "invitation.decline": "Ablehnen",
  "invitation.window": "Das Gespräch öffnet sich in einem eigenen Fenster.",
  "invitation.opened": "Das Gespräch wurde in einem anderen Fenster oder Tab geöffnet.",

  // A line in a corner
  "notice.close": "Schließen",
  "notice.open-call": "Gespräch öffnen",
  "notice.blocked": "Ihr Browser hat das Gesprächsfenster blockiert.",
  "notice.no-answer": "{agent} wollte Ihren Bildschirm sehen. Die Anfrage ist abgelaufen.",
  "notice.agent-ended": "{agent} hat die Anfrage zurückgezogen.",
  "notice.over": "{agent} möchte Ihren Bildschirm nicht mehr sehen.",
  "notice.elsewhere": "Das Gespräch ist in einem anderen Fenster dieses Browsers geöffnet.",
  "ended.none.busy": "Diese Person ist in einem anderen Gespräch",
  "ended.none.visitor-gone": "Diese Person ist nicht mehr da",
  "ended.none.asked-recently": "Diese Person hat eben nicht angenommen",
  "ended.none.failed": "Das Gespräch konnte nicht begonnen werden",

  // Where the customer’s own call stands
  "own-call.label": "Ihr Gespräch",
  "own-call.next": "Sie sind als Nächstes dran.",
  "own-call.waiting": "Sie sind Nummer {number} in der Warteschlange.",
  "own-call.accepted":
    "{agent} ist für Sie da. Wählen Sie im Gesprächsfenster aus, was Sie zeigen.",
  "visitor.connecting.head": "Verbindung zu {agent} …",
  "own-call.live": "Sie zeigen {agent} Ihren Bildschirm.",
  "own-call.closed": "Das Gesprächsfenster ist geschlossen.",
  "own-call.ending": "Das Gespräch wird beendet …",
  "own-call.back": "Gespräch anzeigen",
  "own-call.reopen": "Wieder öffnen",
  "own-call.move": "Dies aus dem Weg räumen",
  "stop.cancel": "Abbrechen",
  "stop.sharing": "Nichts mehr zeigen",

  "opening.head": "Das Gespräch wird geöffnet …",

  // Where a name is not known
  "someone.agent": "Support",
  "someone.visitor": "Gegenüber",

  // Titles of the call window that differ from its headings
  "title.opening": "Wird geöffnet …",
  "title.agent.accepted": "{visitor} wählt aus …",
  "title.agent.live": "● {visitor}",
  "title.visitor.waiting": "Warten auf Hilfe",
  "title.visitor.live": "● Geteilt mit {agent}",
  "title.ended": "Gespräch beendet",
  "title.interrupted": "Unterbrochen – {title}",

  // What is going on: a heading and a sentence for each role and state
  "opening.text": "Einen Augenblick, bitte.",
  "agent.ringing.head": "Anfrage an {visitor} …",
  "agent.ringing.text":
    "Die Anfrage erscheint auf jeder Seite, die dort geöffnet ist, mit Ihrem Namen und Ihrer E-Mail-Adresse.",
  "agent.ringing.text-name":
    "Die Anfrage erscheint auf jeder Seite, die dort geöffnet ist, mit Ihrem Namen.",
  "agent.waiting.head": "Gespräch mit {visitor} …",
  "agent.waiting.text": "Diese Person hat um Hilfe gebeten und wartet auf Sie.",
  "agent.accepted.head": "{visitor} wählt aus, was Sie sehen",
  "agent.accepted.text": "Das Bild erscheint hier, sobald die Auswahl getroffen ist.",
  "agent.connecting.head": "Verbindung zu {visitor} …",
  "agent.connecting.text": "Das Bild erscheint, sobald Sie verbunden sind.",
  "agent.live.head": "Sie sehen den Bildschirm von {visitor}",
  "visitor.waiting.head": "Hilfe ist unterwegs",
  "visitor.waiting.text":
    "Lassen Sie dieses Fenster offen. Gleich ist hier jemand für Sie da.",
  "visitor.waiting.next": "Sie sind als Nächstes dran. Lassen Sie dieses Fenster offen.",
  "visitor.waiting.one": "Eine Person ist vor Ihnen dran. Lassen Sie dieses Fenster offen.",
  "visitor.waiting.other":
    "{count} Personen sind vor Ihnen dran. Lassen Sie dieses Fenster offen.",
  "visitor.accepted.head": "Zeigen Sie {agent} Ihren Bildschirm",
  "visitor.accepted.text":
    "{agent} ist für Sie da. In Ihrem Browser können Sie jetzt auswählen, was Sie zeigen.",
  "visitor.again.head": "Noch einmal auswählen, was Sie zeigen",
  "visitor.again.text":
    "Dieses Fenster wurde neu geladen; dadurch wird nichts mehr gezeigt. Das Gespräch geht weiter.",
  "visitor.connecting.text": "Ihr Bildschirm wird gezeigt, sobald Sie verbunden sind.",
  "visitor.live.head": "{agent} sieht, was Sie zeigen",
  "visitor.live.text":
    "Machen Sie in Ihrem anderen Tab oder Fenster weiter; hier können Sie jederzeit aufhören.",

  // What the customer should know before choosing
  "facts.chosen":
    "{agent} sieht nur, was Sie auswählen: einen Tab, ein Fenster oder den ganzen Bildschirm.",
  "facts.tab": "Für die meisten Fragen genügt der Tab mit der Seite, um die es geht.",
  "facts.stop": "Sie können jederzeit aufhören, hier oder in der Leiste des Browsers.",

  "surface.browser": "einen Browser-Tab",
  "surface.window": "ein Fenster",
  "surface.monitor": "Ihren ganzen Bildschirm",
  "surface.unknown": "Ihren Bildschirm",

  // Buttons
  "share": "Auswählen, was Sie zeigen",
  "stop.waiting": "Nicht länger warten",
  "stop.not-now": "Jetzt nicht",
  "stop.call": "Gespräch beenden",
  "microphone.on": "Mikrofon einschalten",
  "microphone.off": "Mikrofon ausschalten",
  "microphone.is-on": "Ihr Mikrofon ist an",
  "sound": "Ton einschalten",
  "size.fit": "An das Fenster anpassen",
  "size.full": "Tatsächliche Größe",
  "fullscreen": "Vollbild",
  "close": "Dieses Fenster schließen",
  "close.by-hand": "Sie können diesen Tab oder dieses Fenster jetzt schließen.",

  // The bar while sharing, and the agent’s facts
  "bar.sharing": "Sie zeigen {agent} {surface}",
  "verified": "Bestätigt",
  "verified.long": "Die Anwendung verbürgt sich dafür, wer das ist.",
  "unverified": "Nicht bestätigt",
  "unverified.long": "Nur die Seite sagt, wer das ist; bestätigt ist es nicht.",
  "on-page": "Auf {page}",
  "duration": "Dauer",
  "screen-of": "Der Bildschirm von {visitor}",
  "preview": "Was Sie zeigen",
  "quality.good": "Gute Verbindung",
  "quality.fair": "Mäßige Verbindung",
  "quality.poor": "Schlechte Verbindung",
  "quality.none": "Keine Verbindung",
  "quality.relay": "vermittelt",
  "quality.direct": "direkt",

  // What is wrong at the moment
  "restored": "Die Verbindung steht wieder.",
  "problem.signal": "Die Verbindung zum Dienst ist abgebrochen. Neuer Versuch …",
  "problem.signal-live":
    "Die Verbindung zum Dienst ist abgebrochen. Neuer Versuch; das Bild läuft unterdessen weiter.",
  "problem.media": "Die Verbindung ist unterbrochen. Sie wird wiederhergestellt …",
  "problem.slow":
    "Noch keine Verbindung. Vielleicht verhindert es eine Firewall, oder der Relay-Server ist nicht erreichbar. Es wird weiter versucht …",
  "problem.away.agent": "{agent} ist gerade nicht verbunden. Bitte warten …",
  "problem.away.visitor": "{visitor} ist gerade nicht verbunden. Bitte warten …",
  "problem.capture": "Das konnte der Browser nicht zeigen. Bitte wählen Sie etwas anderes.",
  "problem.system":
    "Ihr Computer erlaubt diesem Browser nicht, den Bildschirm aufzunehmen. Erlauben Sie es in den Datenschutz-Einstellungen des Systems und wählen Sie dann noch einmal.",
  "problem.microphone":
    "Das Mikrofon ließ sich nicht verwenden. Prüfen Sie die Berechtigung im Browser.",

  // How it ended; “you” is who reads it
  "ended.you-ended": "Sie haben das Gespräch beendet",
  "ended.visitor-ended": "{visitor} hat das Gespräch beendet",
  "ended.agent-ended": "{agent} hat das Gespräch beendet",
  "ended.you-closed": "Das Gesprächsfenster wurde geschlossen",
  "ended.visitor-closed": "{visitor} hat das Gesprächsfenster geschlossen",
  "ended.agent-closed": "{agent} hat das Gesprächsfenster geschlossen",
  "ended.you-gone":
    "Das Gespräch ist beendet, weil Sie sich abgemeldet haben oder gegangen sind",
  "ended.visitor-gone": "{visitor} ist nicht mehr da",
  "ended.failed": "Es kam keine Verbindung zustande",
  "ended.visitor.declined": "Sie haben abgelehnt",
  "ended.visitor.no-answer": "Die Anfrage ist abgelaufen",
  "ended.visitor.share-cancelled": "Sie haben nichts zum Zeigen ausgewählt",
  "ended.visitor.connection-lost": "Die Verbindung ist abgebrochen",
  "ended.visitor.busy": "Ein anderes Gespräch läuft schon",
  "ended.agent.declined": "{visitor} hat abgelehnt",
  "ended.agent.no-answer": "{visitor} hat nicht geantwortet",
  "ended.agent.share-cancelled": "{visitor} möchte nichts zeigen",
  "ended.agent.connection-lost": "Die Verbindung zu {visitor} ist abgebrochen",
  "ended.agent.busy": "{visitor} ist in einem anderen Gespräch",
  "ended.none.other": "Das Gespräch ist zu Ende",

  // How it ended before anything was seen
  "early.you-ended": "Sie haben abgebrochen",
  "early.visitor-ended": "{visitor} hat abgebrochen",
  "early.agent-ended": "{agent} hat abgebrochen",

  "after.visitor": "Ihr Bildschirm wird nicht mehr gezeigt.",
  "after.visitor.early": "Ihr Bildschirm wurde nicht gezeigt.",
  "after.visitor.no-answer":
    "Ihr Bildschirm wurde nicht gezeigt. Bitten Sie um ein neues Gespräch, wenn Sie noch Hilfe brauchen.",
  "after.visitor.connection-lost":
    "Sie ließ sich nicht rechtzeitig wiederherstellen. Ihr Bildschirm wird nicht mehr gezeigt.",
  "after.visitor.failed":
    "Vielleicht verhindert es eine Firewall, oder das Relay des Dienstes ist nicht erreichbar. Ihr Bildschirm wird nicht gezeigt.",
  "after.visitor.unsupported":
    "Dieser Browser kann seinen Bildschirm nicht teilen; auf Telefonen und Tablets geht es überhaupt nicht. Bitte öffnen Sie die Seite in einem aktuellen Browser auf einem Computer.",
  "after.visitor.insecure":
    "Browser teilen den Bildschirm nur auf sicheren Seiten, und diese wurde nicht über https geladen.",
  "after.agent": "Aus Ihrer Liste können Sie ein neues Gespräch beginnen.",
  "after.agent.declined": "Fragen Sie, ob es gerade passt, bevor Sie es noch einmal versuchen.",
  "after.agent.no-answer": "Auf die Anfrage hat dort niemand reagiert.",
  "after.agent.visitor-gone": "Diese Person hat sich abgemeldet oder alle Seiten geschlossen.",
  "after.agent.connection-lost": "Sie ließ sich nicht rechtzeitig wiederherstellen.",
  "after.agent.failed":
    "Vielleicht verhindert es eine Firewall, das Relay ist nicht erreichbar, oder der andere Browser kann seinen Bildschirm nicht teilen.",
  "after.none.busy": "Versuchen Sie es noch einmal, wenn das andere Gespräch zu Ende ist.",
  "after.none.asked-recently": "Warten Sie etwas, bevor Sie noch einmal fragen.",
  "after.none.visitor-gone": "Es ist niemand mehr da, der gefragt werden könnte.",
  "after.none.failed":
    "Schließen Sie dieses Fenster und versuchen Sie es noch einmal. Wenn das nicht hilft, melden Sie sich neu an.",
  "elsewhere.head": "Das Gespräch geht in einem anderen Fenster weiter",
  "elsewhere.text": "Es wurde dort geöffnet; dieses Fenster hat es verlassen.",
  "expired.head": "Dieses Gespräch lässt sich nicht öffnen",
  "expired.text":
    "Es ist zu Ende, oder es wurde schon in einem anderen Fenster geöffnet: Sein Link gilt nur einmal.",
};
