// @ts-check
/** The call window in German. */

/** @type {Record<string, string>} */
export const de = {
  "direction": "ltr",
  "someone.agent": "Support",
  "someone.visitor": "Gegenüber",

  // Window titles
  "title.opening": "Wird geöffnet …",
  "title.agent.ringing": "Anfrage an {visitor} …",
  "title.agent.waiting": "Gespräch mit {visitor} …",
  "title.agent.accepted": "{visitor} wählt aus …",
  "title.agent.connecting": "Verbindung zu {visitor} …",
  "title.agent.live": "● {visitor}",
  "title.visitor.ringing": "Wird geöffnet …",
  "title.visitor.waiting": "Warten auf Hilfe",
  "title.visitor.accepted": "Auswählen, was Sie zeigen",
  "title.visitor.connecting": "Verbindung zu {agent} …",
  "title.visitor.live": "● Geteilt mit {agent}",
  "title.ended": "Gespräch beendet",
  "title.interrupted": "Unterbrochen – {title}",

  // What is going on: a heading and a sentence for each role and state
  "opening.head": "Das Gespräch wird geöffnet …",
  "opening.text": "Einen Augenblick, bitte.",
  "agent.ringing.head": "Anfrage an {visitor} …",
  "agent.ringing.text":
    "Die Frage erscheint auf jeder Seite, die dort geöffnet ist. Ihr Name und Ihre E-Mail-Adresse stehen dabei.",
  "agent.waiting.head": "Gespräch mit {visitor} …",
  "agent.waiting.text": "Dort wurde um Hilfe gebeten und wird auf Sie gewartet.",
  "agent.accepted.head": "{visitor} wählt aus, was Sie sehen",
  "agent.accepted.text": "Das Bild erscheint hier, sobald die Auswahl getroffen ist.",
  "agent.connecting.head": "Verbindung zu {visitor} …",
  "agent.connecting.text": "Das Bild erscheint, sobald die Verbindung steht.",
  "agent.live.head": "Sie sehen den Bildschirm von {visitor}",
  "visitor.ringing.head": "Das Gespräch wird geöffnet …",
  "visitor.ringing.text": "Einen Augenblick, bitte.",
  "visitor.waiting.head": "Hilfe ist unterwegs",
  "visitor.waiting.text":
    "Lassen Sie dieses Fenster offen. Gleich ist hier jemand für Sie da.",
  "visitor.waiting.next": "Sie sind als Nächstes dran. Lassen Sie dieses Fenster offen.",
  "visitor.waiting.one": "Eine Person ist vor Ihnen dran. Lassen Sie dieses Fenster offen.",
  "visitor.waiting.other":
    "{count} Personen sind vor Ihnen dran. Lassen Sie dieses Fenster offen.",
  "visitor.accepted.head": "Zeigen Sie {agent} Ihren Bildschirm",
  "visitor.accepted.text":
    "{agent} ist für Sie da. Ihr Browser lässt Sie jetzt auswählen, was Sie zeigen.",
  "visitor.again.head": "Noch einmal auswählen, was Sie zeigen",
  "visitor.again.text":
    "Dieses Fenster wurde neu geladen; dadurch wird nichts mehr gezeigt. Das Gespräch geht weiter.",
  "visitor.connecting.head": "Verbindung zu {agent} …",
  "visitor.connecting.text": "Ihr Bildschirm wird gezeigt, sobald die Verbindung steht.",
  "visitor.live.head": "{agent} sieht, was Sie zeigen",
  "visitor.live.text":
    "Machen Sie in Ihrem anderen Tab oder Fenster weiter; hier können Sie jederzeit aufhören.",

  // What the visitor should know before choosing
  "facts.chosen":
    "{agent} sieht nur, was Sie auswählen: einen Tab, ein Fenster oder den ganzen Bildschirm.",
  "facts.tab": "Für die meisten Fragen genügt der Tab mit der Seite, um die es geht.",
  "facts.look": "{agent} kann zusehen, aber nichts anklicken, eingeben oder ändern.",
  "facts.stop": "Sie können jederzeit aufhören, hier oder in der Leiste des Browsers.",

  "surface.browser": "einen Browser-Tab",
  "surface.window": "ein Fenster",
  "surface.monitor": "Ihren ganzen Bildschirm",
  "surface.unknown": "Ihren Bildschirm",

  // Buttons
  "share": "Auswählen, was Sie zeigen",
  "stop.visitor.waiting": "Nicht länger warten",
  "stop.visitor.accepted": "Jetzt nicht",
  "stop.visitor.connecting": "Nichts mehr zeigen",
  "stop.visitor.live": "Nichts mehr zeigen",
  "stop.agent.ringing": "Abbrechen",
  "stop.agent.accepted": "Abbrechen",
  "stop.agent.connecting": "Gespräch beenden",
  "stop.agent.live": "Gespräch beenden",
  "stop": "Gespräch beenden",
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
  "unverified.long": "Wer das ist, sagt nur die Seite; niemand verbürgt sich dafür.",
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
    "Noch ist keine Verbindung zustande gekommen. Vielleicht verhindert es eine Firewall, oder der Vermittlungsserver ist nicht erreichbar. Es wird weiter versucht …",
  "problem.away.agent": "{agent} ist gerade nicht verbunden. Bitte warten …",
  "problem.away.visitor": "{visitor} ist gerade nicht verbunden. Bitte warten …",
  "problem.capture": "Das konnte der Browser nicht zeigen. Bitte wählen Sie etwas anderes.",
  "problem.system":
    "Ihr Computer erlaubt diesem Browser nicht, den Bildschirm aufzunehmen. Erlauben Sie es in den Datenschutz-Einstellungen des Systems und wählen Sie dann noch einmal.",
  "problem.microphone":
    "Das Mikrofon ließ sich nicht verwenden. Prüfen Sie die Berechtigung im Browser.",

  // How it ended
  "ended.visitor.visitor-ended": "Sie haben das Gespräch beendet",
  "ended.visitor.agent-ended": "{agent} hat das Gespräch beendet",
  "ended.visitor.declined": "Sie haben abgelehnt",
  "ended.visitor.no-answer": "Die Anfrage ist abgelaufen",
  "ended.visitor.share-cancelled": "Sie haben nichts zum Zeigen ausgewählt",
  "ended.visitor.visitor-closed": "Das Gesprächsfenster wurde geschlossen",
  "ended.visitor.agent-closed": "{agent} hat das Gesprächsfenster geschlossen",
  "ended.visitor.connection-lost": "Die Verbindung ist abgebrochen",
  "ended.visitor.visitor-gone":
    "Das Gespräch ist beendet, weil Sie sich abgemeldet haben oder gegangen sind",
  "ended.visitor.busy": "Ein anderes Gespräch läuft schon",
  "ended.visitor.failed": "Es kam keine Verbindung zustande",
  "ended.agent.visitor-ended": "{visitor} hat das Gespräch beendet",
  "ended.agent.agent-ended": "Sie haben das Gespräch beendet",
  "ended.agent.declined": "{visitor} hat abgelehnt",
  "ended.agent.no-answer": "{visitor} hat nicht geantwortet",
  "ended.agent.share-cancelled": "{visitor} möchte nichts zeigen",
  "ended.agent.visitor-closed": "{visitor} hat das Gesprächsfenster geschlossen",
  "ended.agent.agent-closed": "Sie haben das Gesprächsfenster geschlossen",
  "ended.agent.connection-lost": "Die Verbindung zu {visitor} ist abgebrochen",
  "ended.agent.visitor-gone": "{visitor} ist nicht mehr da",
  "ended.agent.busy": "{visitor} ist in einem anderen Gespräch",
  "ended.agent.failed": "Es kam keine Verbindung zustande",
  "ended.none.busy": "Diese Person ist in einem anderen Gespräch",
  "ended.none.visitor-gone": "Diese Person ist nicht mehr da",
  "ended.none.failed": "Das Gespräch ließ sich nicht beginnen",
  "ended.none.other": "Das Gespräch ist zu Ende",

  // How it ended before anything was seen
  "early.visitor.visitor-ended": "Sie haben abgebrochen",
  "early.visitor.agent-ended": "{agent} hat abgebrochen",
  "early.agent.visitor-ended": "{visitor} hat abgebrochen",
  "early.agent.agent-ended": "Sie haben abgebrochen",

  "after.visitor": "Von Ihrem Bildschirm wird nichts mehr gezeigt.",
  "after.visitor.early": "Von Ihrem Bildschirm wurde nichts gezeigt.",
  "after.visitor.no-answer":
    "Von Ihrem Bildschirm wurde nichts gezeigt. Bitten Sie um ein neues Gespräch, wenn Sie noch Hilfe brauchen.",
  "after.visitor.connection-lost":
    "Sie ließ sich nicht rechtzeitig wiederherstellen. Von Ihrem Bildschirm wird nichts mehr gezeigt.",
  "after.visitor.failed":
    "Vielleicht verhindert es eine Firewall, oder die Vermittlung des Dienstes ist nicht erreichbar. Von Ihrem Bildschirm wird nichts gezeigt.",
  "after.visitor.unsupported":
    "Dieser Browser kann seinen Bildschirm nicht teilen; auf Telefonen und Tablets geht es überhaupt nicht. Bitte öffnen Sie die Seite in einem aktuellen Browser auf einem Computer.",
  "after.visitor.insecure":
    "Browser teilen den Bildschirm nur auf sicheren Seiten, und diese wurde nicht über https geladen.",
  "after.agent": "Aus Ihrer Liste können Sie ein neues Gespräch beginnen.",
  "after.agent.declined": "Fragen Sie, ob es gerade passt, bevor Sie es noch einmal versuchen.",
  "after.agent.no-answer": "Auf die Frage auf den Seiten hat niemand reagiert.",
  "after.agent.visitor-gone":
    "Diese Person hat sich abgemeldet oder alle Seiten geschlossen.",
  "after.agent.connection-lost": "Sie kam nicht rechtzeitig wieder zustande.",
  "after.agent.failed":
    "Vielleicht verhindert es eine Firewall, die Vermittlung ist nicht erreichbar, oder der andere Browser kann seinen Bildschirm nicht teilen.",
  "after.none.busy": "Versuchen Sie es wieder, wenn jenes Gespräch zu Ende ist.",
  "after.none.visitor-gone": "Es ist niemand mehr da, der gefragt werden könnte.",
  "after.none.failed":
    "Schließen Sie dieses Fenster und versuchen Sie es noch einmal. Wenn das nicht hilft, melden Sie sich neu an.",
  "elsewhere.head": "Das Gespräch geht in einem anderen Fenster weiter",
  "elsewhere.text": "Es wurde dort geöffnet; dieses Fenster hat es verlassen.",
  "expired.head": "Dieses Gespräch lässt sich nicht öffnen",
  "expired.text":
    "Es ist zu Ende, oder es wurde schon in einem anderen Fenster geöffnet: Sein Link gilt nur einmal.",
};
