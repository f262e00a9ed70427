// @ts-check
/** The call window in English. `{agent}` and `{visitor}` are names. */

/** @type {Record<string, string>} */
export const en = {
  "direction": "ltr",
  "someone.agent": "the agent",
  "someone.visitor": "the customer",

  // Window titles
  "title.opening": "Opening …",
  "title.agent.ringing": "Asking {visitor} …",
  "title.agent.waiting": "Joining {visitor} …",
  "title.agent.accepted": "{visitor} is choosing …",
  "title.agent.connecting": "Connecting to {visitor} …",
  "title.agent.live": "● {visitor}",
  "title.visitor.ringing": "Opening …",
  "title.visitor.waiting": "Waiting for help",
  "title.visitor.accepted": "Choose what to share",
  "title.visitor.connecting": "Connecting to {agent} …",
  "title.visitor.live": "● Sharing with {agent}",
  "title.ended": "Call ended",
  "title.interrupted": "Interrupted – {title}",

  // What is going on: a heading and a sentence for each role and state
  "opening.head": "Opening the call …",
  "opening.text": "This takes a moment.",
  "agent.ringing.head": "Asking {visitor} …",
  "agent.ringing.text":
    "They are being asked on every page that they have open here. Your name and e-mail address are shown to them.",
  "agent.waiting.head": "Joining {visitor} …",
  "agent.waiting.text": "They asked for help and are waiting for you.",
  "agent.accepted.head": "{visitor} is choosing what to share",
  "agent.accepted.text": "Their picture appears here as soon as they have chosen.",
  "agent.connecting.head": "Connecting to {visitor} …",
  "agent.connecting.text": "The picture appears as soon as the connection stands.",
  "agent.live.head": "You see the screen of {visitor}",
  "visitor.ringing.head": "Opening the call …",
  "visitor.ringing.text": "This takes a moment.",
  "visitor.waiting.head": "Help is on its way",
  "visitor.waiting.text": "Keep this window open. Somebody will be with you here.",
  "visitor.waiting.next": "You are next. Keep this window open.",
  "visitor.waiting.one": "One person is before you. Keep this window open.",
  "visitor.waiting.other": "{count} people are before you. Keep this window open.",
  "visitor.accepted.head": "Show {agent} your screen",
  "visitor.accepted.text":
    "{agent} is with you. Your browser now lets you choose what to show.",
  "visitor.again.head": "Choose again what to share",
  "visitor.again.text":
    "This window was loaded anew, which stopped the sharing. The call goes on.",
  "visitor.connecting.head": "Connecting to {agent} …",
  "visitor.connecting.text": "Your screen is shown as soon as the connection stands.",
  "visitor.live.head": "{agent} sees what you share",
  "visitor.live.text":
    "Go on in your other tab or window; you can come back here to stop at any moment.",

  // What the visitor should know before choosing
  "facts.chosen": "{agent} sees only what you choose: one tab, one window, or the whole screen.",
  "facts.tab": "For most questions the tab with the page in question is enough.",
  "facts.look": "{agent} can look, but cannot click, type or change anything.",
  "facts.stop": "You can stop at any moment, here or in the browser’s own bar.",

  "surface.browser": "a browser tab",
  "surface.window": "a window",
  "surface.monitor": "your whole screen",
  "surface.unknown": "your screen",

  // Buttons
  "share": "Choose what to share",
  "stop.visitor.waiting": "Stop waiting",
  "stop.visitor.accepted": "Not now",
  "stop.visitor.connecting": "Stop sharing",
  "stop.visitor.live": "Stop sharing",
  "stop.agent.ringing": "Cancel",
  "stop.agent.accepted": "Cancel",
  "stop.agent.connecting": "End call",
  "stop.agent.live": "End call",
  "stop": "End call",
  "microphone.on": "Turn microphone on",
  "microphone.off": "Turn microphone off",
  "microphone.is-on": "Your microphone is on",
  "sound": "Turn on sound",
  "size.fit": "Fit to window",
  "size.full": "Actual size",
  "fullscreen": "Full screen",
  "close": "Close this window",
  "close.by-hand": "You can close this tab or window now.",

  // The bar while sharing, and the agent’s facts
  "bar.sharing": "You are sharing {surface} with {agent}",
  "verified": "Verified",
  "verified.long": "The application has vouched for who this is.",
  "unverified": "Not verified",
  "unverified.long": "The page says who this is; nothing vouches for it.",
  "on-page": "On {page}",
  "duration": "Duration",
  "screen-of": "The screen of {visitor}",
  "preview": "What you share",
  "quality.good": "Good connection",
  "quality.fair": "Fair connection",
  "quality.poor": "Poor connection",
  "quality.none": "No connection",
  "quality.relay": "relayed",
  "quality.direct": "direct",

  // What is wrong at the moment
  "restored": "The connection is back.",
  "problem.signal": "The connection to the service was lost. Trying again …",
  "problem.signal-live":
    "The connection to the service was lost. Trying again; the picture goes on meanwhile.",
  "problem.media": "The connection was interrupted. It is being restored …",
  "problem.slow":
    "No connection has come about yet. A firewall may block it, or the relay server cannot be reached. Still trying …",
  "problem.away.agent": "{agent} is not connected at the moment. Waiting …",
  "problem.away.visitor": "{visitor} is not connected at the moment. Waiting …",
  "problem.capture": "The browser could not show that. Please choose something else.",
  "problem.system":
    "Your computer does not allow this browser to record the screen. Allow it in the system’s privacy settings, then choose again.",
  "problem.microphone": "The microphone could not be used. Check the browser’s permission.",

  // How it ended
  "ended.visitor.visitor-ended": "You ended the call",
  "ended.visitor.agent-ended": "{agent} ended the call",
  "ended.visitor.declined": "You declined",
  "ended.visitor.no-answer": "The request has expired",
  "ended.visitor.share-cancelled": "You chose not to share",
  "ended.visitor.visitor-closed": "The call window was closed",
  "ended.visitor.agent-closed": "{agent} closed the call window",
  "ended.visitor.connection-lost": "The connection was lost",
  "ended.visitor.visitor-gone": "The call ended because you signed out or left",
  "ended.visitor.busy": "Another call is going on",
  "ended.visitor.failed": "No connection could be made",
  "ended.agent.visitor-ended": "{visitor} ended the call",
  "ended.agent.agent-ended": "You ended the call",
  "ended.agent.declined": "{visitor} declined",
  "ended.agent.no-answer": "{visitor} did not answer",
  "ended.agent.share-cancelled": "{visitor} chose not to share",
  "ended.agent.visitor-closed": "{visitor} closed the call window",
  "ended.agent.agent-closed": "You closed the call window",
  "ended.agent.connection-lost": "The connection to {visitor} was lost",
  "ended.agent.visitor-gone": "{visitor} has left",
  "ended.agent.busy": "{visitor} is in another call",
  "ended.agent.failed": "No connection could be made",
  "ended.none.busy": "This person is in another call",
  "ended.none.visitor-gone": "This person has left",
  "ended.none.failed": "The call could not be started",
  "ended.none.other": "The call is over",

  // How it ended before anything was seen
  "early.visitor.visitor-ended": "You have cancelled",
  "early.visitor.agent-ended": "{agent} has cancelled",
  "early.agent.visitor-ended": "{visitor} has cancelled",
  "early.agent.agent-ended": "You have cancelled",

  "after.visitor": "Nothing of your screen is shown any more.",
  "after.visitor.early": "Nothing of your screen was shown.",
  "after.visitor.no-answer": "Nothing of your screen was shown. Ask for a new call if you still need help.",
  "after.visitor.connection-lost":
    "It could not be restored in time. Nothing of your screen is shown any more.",
  "after.visitor.failed":
    "A firewall may block it, or the service’s relay cannot be reached. Nothing of your screen is shown.",
  "after.visitor.unsupported":
    "This browser cannot share its screen; phones and tablets cannot at all. Please open the page in a current browser on a computer.",
  "after.visitor.insecure":
    "Browsers share a screen on secure pages only, and this page was not loaded over https.",
  "after.agent": "You can start another call from your list.",
  "after.agent.declined": "Ask whether it suits them before you try again.",
  "after.agent.no-answer": "Nobody reacted to the question on their pages.",
  "after.agent.visitor-gone": "They signed out, or closed all their pages.",
  "after.agent.connection-lost": "It did not come back in time.",
  "after.agent.failed":
    "A firewall may block it, the relay cannot be reached, or the customer’s browser cannot share its screen.",
  "after.none.busy": "Try again when that call is over.",
  "after.none.visitor-gone": "Nobody is there to be asked any more.",
  "after.none.failed": "Close this window and try again. If that does not help, sign in anew.",
  "elsewhere.head": "The call goes on in another window",
  "elsewhere.text": "It was opened there; this window has left it.",
  "expired.head": "This call cannot be opened",
  "expired.text":
    "It is over, or it was opened in another window already: its link works once.",
};
