// @ts-check
/** The styles of the visitor's elements, in shadow roots. */

export const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
  /* Important, because that is the only way to prevail over a page that says so; and
     without a box of its own, so that nothing can be done to it. */
  :host { all: initial !important; display: contents !important; }
  /* Sizes are in em of the browser's own size: the page's rem may be anything. */
  :host {
    --surface: #ffffff; --text: #17212b; --muted: #56636f; --line: #d7dde3;
    --accent: #0b6b63; --accent-hover: #08554f; --on-accent: #ffffff; --soft: #e8f3f1;
    --backdrop: rgb(15 23 30 / 45%);
    color-scheme: light dark;
  }
  @media (prefers-color-scheme: dark) {
    :host {
      --surface: #1b242c; --text: #edf2f6; --muted: #a9b6c1; --line: #3a4854;
      --accent: #4fc3b6; --accent-hover: #74d5ca; --on-accent: #06211e; --soft: #22353a;
      --backdrop: rgb(0 0 0 / 60%);
    }
  }
  * { box-sizing: border-box; }
  dialog, .notice {
    margin: auto; padding: 0; border: 1px solid var(--line); border-radius: 14px;
    background: var(--surface); color: var(--text);
    font: 400 medium/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
    box-shadow: 0 18px 50px rgb(10 20 30 / 28%);
    overflow-wrap: anywhere;
  }
  dialog {
    inline-size: min(27em, calc(100vw - 2em));
    max-block-size: calc(100dvh - 2em); overflow: auto;
    padding: 1.5em;
  }
  dialog:focus { outline: none; }
  dialog::backdrop { background: var(--backdrop); }
  .from { display: flex; gap: 0.875em; align-items: center; }
  .face {
    flex: none; inline-size: 2.6em; block-size: 2.6em; border-radius: 50%;
    display: grid; place-items: center; background: var(--soft); color: var(--accent);
    font-weight: 650; font-size: 1.05em;
  }
  h2 { margin: 0; font-size: 1.2em; line-height: 1.3; font-weight: 650; }
  p { margin: 0.875em 0 0; color: var(--muted); }
  ul { margin: 0.875em 0 0; padding: 0; list-style: none; display: grid; gap: 0.4em; }
  li { padding-inline-start: 1.6em; position: relative; }
  li::before {
    content: ""; position: absolute; inset-inline-start: 0.15em; inset-block-start: 0.4em;
    inline-size: 0.45em; block-size: 0.75em; border: solid var(--accent);
    border-width: 0 2px 2px 0; transform: rotate(42deg);
  }
  .actions {
    display: flex; flex-wrap: wrap; gap: 0.75em; margin-block-start: 1.375em;
  }
  .actions > * { flex: 1 1 8em; }
  button, a.button {
    appearance: none; cursor: pointer; text-align: center; text-decoration: none;
    font: inherit; font-weight: 600; padding: 0.65em 1em; min-block-size: 2.75em;
    border: 1px solid var(--line); border-radius: 9px;
    background: transparent; color: var(--text);
  }
  button:hover { background: var(--soft); }
  a.button {
    background: var(--accent); border-color: var(--accent); color: var(--on-accent);
  }
  a.button:hover { background: var(--accent-hover); border-color: var(--accent-hover); }
  button:focus-visible, a:focus-visible {
    outline: 3px solid var(--accent); outline-offset: 2px;
  }
  .small { font-size: 0.875em; margin-block-start: 0.75em; text-align: center; }
  .notice {
    position: fixed; inset: auto; inset-inline-end: 1em; margin: 0;
    z-index: 2147483647;
    display: flex; flex-wrap: wrap; gap: 0.75em 1em; align-items: center;
    max-inline-size: min(26em, calc(100vw - 2em)); padding: 0.875em 1em;
  }
  .notice p { margin: 0; color: var(--text); flex: 1 1 12em; }
  .notice button { padding: 0.4em 0.75em; min-block-size: 2.25em; }
  .sign {
    display: inline-flex; flex-wrap: wrap; gap: 0.25em 0.5em; align-items: center;
    max-inline-size: min(46em, calc(100vw - 2em)); padding: 0.375em 0.75em;
    border: 1px solid var(--line); border-radius: 12px;
    background: var(--surface); color: var(--text);
    font: 400 0.9375em/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
    text-align: start; overflow-wrap: anywhere;
  }
  .sign[popover] {
    position: fixed; inset: auto; margin: 0; z-index: 2147483647;
    box-shadow: 0 6px 24px rgb(10 20 30 / 22%);
  }
  .sign[popover]:not([data-shown]) { display: none; }
  :is(.sign, .notice)[data-at~="bottom"] { inset-block-end: 1em; }
  :is(.sign, .notice)[data-at~="top"] { inset-block-start: 1em; }
  .sign[data-at~="start"] { inset-inline-start: 1em; }
  .sign[data-at~="end"] { inset-inline-end: 1em; }
  .sign p {
    margin: 0; color: var(--text); flex: 1 1 auto;
    position: relative; padding-inline-start: 1.1em;
  }
  .sign p::before {
    content: ""; position: absolute; inset-inline-start: 0; inset-block-start: 0.4em;
    inline-size: 0.6em; block-size: 0.6em; border-radius: 50%; background: var(--muted);
  }
  .sign[data-state="live"] p::before { background: #d92d20; }
  .sign .tools { display: flex; flex-wrap: wrap; gap: 0.25em 0.375em; }
  .sign button { padding: 0.25em 0.625em; min-block-size: 2em; }
  .sign [aria-disabled="true"] { opacity: 0.6; cursor: default; }
  .sign:not([popover]) {
    font-size: 0.875em; padding-block: 0.25em; padding-inline: 0.75em 0.25em;
  }
  .sign:not([popover]) [data-chatvisor-move] { display: none; }
  .sign:not([popover]) p::before { content: none; }
  .sign:not([popover]) p { padding: 0; }
  @media print { .sign { display: none; } }
  @media (prefers-reduced-motion: no-preference) {
    dialog[open], .notice { animation: arrive 180ms ease-out; }
    @keyframes arrive { from { opacity: 0; transform: translateY(8px); } }
  }
`);
