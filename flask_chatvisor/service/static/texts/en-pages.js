// @ts-check
/**
 * English, as far as applications' pages need it: it is part of their script, so that they
 * can speak when no language can be fetched. `{agent}` is a name.
 */

/** @type {Record<string, string>} */
export const english = {
  "direction": "ltr",

  // The agent’s request
  "invitation.title": "{agent} would like to see your screen",
  "invitation.who": "{agent} ({email}) would like to help you here.",
  "invitation.who-named-by-email": "{email} would like to help you here.",
  "invitation.who-by-name": "{agent} would like to help you here.",
  "invitation.choice": "You choose what to share: a tab, a window or your whole screen.",
  "invitation.nothing": "Nothing is shared until you have chosen.",
  "facts.look": "{agent} can look, but cannot click, type or change anything.",
  "invitation.stop": "You can stop at any time.",
  "invitation.accept": "Accept",
  "invitation.decline": "Decline",
  "invitation.window": "The call opens in its own window.",
  "invitation.opened": "The call has opened in another window or tab.",

  // Where an agent’s name is not known
  "someone.agent": "Support",

  // A line in a corner
  "notice.close": "Close",
  "notice.open-call": "Open the call",
  "notice.blocked": "Your browser blocked the call window.",
  "notice.no-answer": "{agent} asked to see your screen. The request has expired.",
  "notice.agent-ended": "{agent} has withdrawn the request.",
  "notice.over": "{agent} is no longer asking to see your screen.",
  "notice.elsewhere": "The call is open in another window of this browser.",
  "ended.none.busy": "This person is in another call",
  "ended.none.visitor-gone": "This person has left",
  "ended.none.asked-recently": "This person did not accept a moment ago",
  "ended.none.failed": "The call could not be started",

  // Where the customer’s own call stands
  "own-call.label": "Your call",
  "own-call.next": "You are next.",
  "own-call.waiting": "You are number {number} in the queue.",
  "own-call.accepted": "{agent} is with you. Choose what to share in the call window.",
  "visitor.connecting.head": "Connecting to {agent} …",
  "own-call.live": "You are sharing your screen with {agent}.",
  "own-call.closed": "The call window is closed.",
  "own-call.ending": "Ending the call …",
  "own-call.back": "Show the call",
  "own-call.reopen": "Open it again",
  "own-call.move": "Move this out of the way",
  "stop.cancel": "Cancel",
  "stop.sharing": "Stop sharing",

  "opening.head": "Opening the call …",
};
