// @ts-check
/** The quality of the connection, and a warning when connecting takes long. */

/** @import { Call, Feature } from "./call.js" */
/** @import { State } from "./model.js" */
/** @import { Message } from "../shared/socket.js" */

const INTERVAL = 2_000; // ms between two measurements
const SLOW = 12_000; // ms; then the agent sees that there is still no connection

/** @implements {Feature} */
export class Quality {
  /** @param {Call} call */
  constructor(call) {
    this.call = call;
    this.timer = 0;
    setInterval(() => void this.measure(), INTERVAL);
  }

  /** @param {Message} _message @param {State} before */
  receive(_message, before) {
    const { call } = this;
    if (call.model.state !== "connecting" || before === "connecting") return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      call.model.trouble.slow = !call.peer?.up;
      call.show();
    }, SLOW);
  }

  async measure() {
    const { call } = this;
    const connection = call.peer?.connection;
    if (!connection || call.model.state === "ended") return;
    const stats = await read(connection);
    if (call.model.role === "agent") call.model.stats = stats;
    for (const feature of call.features) feature.measured?.(stats);
    call.show();
  }

  letGo() {
    clearTimeout(this.timer);
  }
}

/**
 * @typedef {{rtt: number | null, width: number, height: number, frames: number,
 *   loss: number, relay: boolean, voice: boolean}} Stats
 *
 * @param {RTCPeerConnection} connection
 * @returns {Promise<Stats>}
 */
async function read(connection) {
  const report = /** @type {Map<string, any>} */ (
    /** @type {unknown} */ (await connection.getStats())
  );
  const all = [...report.values()];
  const transport = all.find(({ type }) => type === "transport");
  const pair =
    report.get(transport?.selectedCandidatePairId) ??
    all.find((one) => one.type === "candidate-pair" && one.nominated);
  const inbound = all.filter(({ type }) => type === "inbound-rtp");
  const screen = inbound.find(({ kind }) => kind === "video");
  const voice = inbound.find(({ kind }) => kind === "audio");
  const ends = [pair?.localCandidateId, pair?.remoteCandidateId];
  const received = screen?.packetsReceived ?? 0;
  return {
    rtt: pair?.currentRoundTripTime ?? null,
    width: screen?.frameWidth ?? 0,
    height: screen?.frameHeight ?? 0,
    frames: screen?.framesDecoded ?? 0,
    loss: received ? Math.max(0, screen.packetsLost) / received : 0,
    voice: Boolean(voice?.packetsReceived),
    relay: ends.some((id) => report.get(id)?.candidateType === "relay"),
  };
}
