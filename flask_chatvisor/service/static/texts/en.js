// @ts-check
/** English. `{agent}` and `{visitor}` are names. */

import { english } from "./en-pages.js";

/** @type {Record<string, string>} */
export const texts = {
  ...english,

  // Where a name is not known
  "someone.visitor": "the customer",

  // Titles of the call window that differ from its headings
  "title.opening": "Opening …",
  "title.agent.accepted": "{visitor} is choosing …",
  "title.agent.live": "● {visitor}",
  "title.visitor.waiting": "Waiting for help",
  "title.visitor.live": "● Sharing with {agent}",
  "title.ended": "Call ended",
  "title.interrupted": "Interrupted – {title}",

  // What is going on: a heading and a sentence for each role and state
  "opening.text": "This takes a moment.",
  "agent.ringing.head": "Asking {visitor} …",
  "agent.ringing.text":
    "The request appears on every page that they have open here, with your name and e-mail address.",
  "agent.ringing.text-name":
    "The request appears on every page that they have open here, with your name.",
  "agent.waiting.head": "Joining {visitor} …",
  "agent.waiting.text": "They asked for help and are waiting for you.",
  "agent.accepted.head": "{visitor} is choosing what to share",
  "agent.accepted.text": "Their screen appears here as soon as they have chosen.",
  "agent.connecting.head": "Connecting to {visitor} …",
  "agent.connecting.text": "Their screen appears once you are connected.",
  "agent.live.head": "You are viewing the screen of {visitor}",
  "visitor.waiting.head": "Help is on its way",
  "visitor.waiting.text": "Keep this window open. Somebody will join you here.",
  "visitor.waiting.next": "You are next. Keep this window open.",
  "visitor.waiting.one": "One person is ahead of you. Keep this window open.",
  "visitor.waiting.other": "{count} people are ahead of you. Keep this window open.",
  "visitor.accepted.head": "Show {agent} your screen",
  "visitor.accepted.text":
    "{agent} is with you. Your browser now lets you choose what to share.",
  "visitor.again.head": "Choose again what to share",
  "visitor.again.text":
    "This window was reloaded, which stopped the sharing. The call continues.",
  "visitor.connecting.text": "Your screen is shared once you are connected.",
  "visitor.live.head": "{agent} can see what you share",
  "visitor.live.text":
    "Carry on in your other tab or window. You can come back here to stop at any time.",

  // What the customer should know before choosing
  "facts.chosen": "{agent} sees only what you choose: a tab, a window or your whole screen.",
  "facts.tab": "For most questions, the tab with the page in question is enough.",
  "facts.stop": "You can stop at any time, here or in the browser’s own bar.",

  "surface.browser": "a browser tab",
  "surface.window": "a window",
  "surface.monitor": "your whole screen",
  "surface.unknown": "your screen",

  // Buttons
  "share": "Choose what to share",
  "stop.waiting": "Stop waiting",
  "stop.not-now": "Not now",
  "stop.call": "End call",
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
  "verified.long": "The application vouches for who this is.",
  "unverified": "Not verified",
  "unverified.long": "Only the page says who this is; nothing confirms it.",
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
    "The connection to the service was lost. Trying again; the picture continues meanwhile.",
  "problem.media": "The connection was interrupted. Reconnecting …",
  "problem.slow":
    "Still no connection. A firewall may be blocking it, or the relay server cannot be reached. Trying again …",
  "problem.away.agent": "{agent} is not connected at the moment. Waiting …",
  "problem.away.visitor": "{visitor} is not connected at the moment. Waiting …",
  "problem.capture": "The browser could not share that. Please choose something else.",
  "problem.system":
    "Your computer does not allow this browser to record the screen. Allow it in the system’s privacy settings, then choose again.",
  "problem.microphone": "The microphone could not be used. Check the browser’s permission.",

  // How it ended; “you” is who reads it
  "ended.you-ended": "You ended the call",
  "ended.visitor-ended": "{visitor} ended the call",
  "ended.agent-ended": "{agent} ended the call",
  "ended.you-closed": "The call window was closed",
  "ended.visitor-closed": "{visitor} closed the call window",
  "ended.agent-closed": "{agent} closed the call window",
  "ended.you-gone": "The call ended because you signed out or left",
  "ended.visitor-gone": "{visitor} has left",
  "ended.failed": "No connection could be made",
  "ended.visitor.declined": "You declined",
  "ended.visitor.no-answer": "The request has expired",
  "ended.visitor.share-cancelled": "You chose not to share",
  "ended.visitor.connection-lost": "The connection was lost",
  "ended.visitor.busy": "Another call is in progress",
  "ended.agent.declined": "{visitor} declined",
  "ended.agent.no-answer": "{visitor} did not answer",
  "ended.agent.share-cancelled": "{visitor} chose not to share",
  "ended.agent.connection-lost": "The connection to {visitor} was lost",
  "ended.agent.busy": "{visitor} is in another call",
  "ended.none.other": "The call is over",

  // How it ended before anything was seen
  "early.you-ended": "You cancelled",
  "early.visitor-ended": "{visitor} cancelled",
  "early.agent-ended": "{agent} cancelled",

  "after.visitor": "Your screen is no longer shared.",
  "after.visitor.early": "Your screen was not shared.",
  "after.visitor.no-answer":
    "Your screen was not shared. Ask for a new call if you still need help.",
  "after.visitor.connection-lost":
    "It could not be restored in time. Your screen is no longer shared.",
  "after.visitor.failed":
    "A firewall may be blocking it, or the service’s relay cannot be reached. Your screen is not shared.",
  "after.visitor.unsupported":
    "This browser cannot share its screen; phones and tablets cannot at all. Please open the page in a current browser on a computer.",
  "after.visitor.insecure":
    "Browsers share a screen only on secure pages, and this page was not loaded over https.",
  "after.agent": "You can start another call from your list.",
  "after.agent.declined": "Ask whether it is a good time before you try again.",
  "after.agent.no-answer": "Nobody responded to the request on their pages.",
  "after.agent.visitor-gone": "They signed out, or closed all their pages.",
  "after.agent.connection-lost": "It could not be restored in time.",
  "after.agent.failed":
    "A firewall may be blocking it, the relay cannot be reached, or the customer’s browser cannot share its screen.",
  "after.none.busy": "Try again when that call is over.",
  "after.none.asked-recently": "Wait a little before you ask again.",
  "after.none.visitor-gone": "There is nobody left to ask.",
  "after.none.failed": "Close this window and try again. If that does not help, sign in again.",
  "elsewhere.head": "The call goes on in another window",
  "elsewhere.text": "It was opened there, so this window has left it.",
  "expired.head": "This call cannot be opened",
  "expired.text":
    "It is over, or it was already opened in another window: its link works only once.",
};
