// @ts-check
/**
 * The WebRTC side of a call. The visitor offers, the agent answers.
 *
 * There is one way to recover from everything, such as a network failure or a reloaded
 * window on either side: the visitor makes a new connection with its existing tracks.
 * That takes a quarter of a second and needs no action of the visitor.
 */

/** @import { Message } from "../shared/socket.js" */

/**
 * What a connection needs of its window.
 *
 * @typedef {object} Ends
 * @property {(message: Message) => void} send
 * @property {(up: boolean) => void} changed whether media can flow
 * @property {(voice: MediaStream) => void} hear the other side's voice
 */

const GRACE = 2_000; // ms; short interruptions recover automatically
const ATTEMPT = 15_000; // ms; a relay that is down raises no event, so give up by the clock
const ATTEMPTS = 3;
const REST = 1_000; // between two new connections
const MAX_BITRATE = 8_000_000; // bits/s; Chromium's default starves large screens

/** The part that both roles share: one connection at a time, signals in order. */
class Peer {
  /** @type {RTCIceServer[]} */
  iceServers = [];
  /** @type {RTCIceTransportPolicy} */
  icePolicy = "all";
  /** @type {RTCPeerConnection | null} */
  connection = null;
  /** @type {MediaStreamTrack | null} */
  voice = null;
  grace = 0;
  /** @type {Promise<void>} */
  work = Promise.resolve();

  /** @param {Ends} ends */
  constructor(ends) {
    this.send = ends.send;
    this.changed = ends.changed;
    this.hear = ends.hear;
  }

  get up() {
    return this.connection?.connectionState === "connected";
  }

  /** @param {Message} message */
  receive(message) {
    // Credentials of relays end, so new ones come while the call goes on.
    if (message.iceServers) this.iceServers = message.iceServers;
    if (message.icePolicy) this.icePolicy = message.icePolicy;
    this.enqueue(message.type, () => this.handle(message));
  }

  /** @param {string} what @param {() => Promise<void>} task */
  enqueue(what, task) {
    this.work = this.work
      .then(task)
      .catch((error) => console.warn(`chatvisor: ${what}: ${error.message}`));
  }

  /** @param {Message} message @returns {Promise<void>} */
  async handle(message) {
    if (message.type !== "candidate" || !this.connection?.remoteDescription) return;
    const { type, ...candidate } = message;
    // Ignore a candidate of a connection that was given up meanwhile.
    await this.connection.addIceCandidate(candidate).catch(() => {});
  }

  renew() {
    this.drop();
    const connection = new RTCPeerConnection({
      iceServers: this.iceServers,
      iceTransportPolicy: this.icePolicy,
    });
    connection.onicecandidate = ({ candidate }) => {
      if (!candidate || connection !== this.connection) return;
      const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
      this.send({
        type: "candidate",
        candidate: candidate.candidate,
        sdpMid,
        sdpMLineIndex,
        usernameFragment,
      });
    };
    connection.onconnectionstatechange = () => {
      if (connection === this.connection) this.stateChanged(connection.connectionState);
    };
    this.connection = connection;
    return connection;
  }

  /** @param {RTCPeerConnectionState} state */
  stateChanged(state) {
    clearTimeout(this.grace);
    if (state === "connected") this.connected();
    if (state === "failed") this.recover();
    if (state === "disconnected") {
      this.grace = window.setTimeout(() => this.recover(), GRACE);
    }
    this.changed(this.up);
  }

  connected() {}

  recover() {}

  /** @param {MediaStreamTrack | null} track the microphone, or silence */
  async speak(track) {
    this.voice = track;
    await voiceSender(this.connection)?.replaceTrack(track);
  }

  drop() {
    clearTimeout(this.grace);
    this.connection?.close();
    this.connection = null;
  }
}

/** @param {RTCPeerConnection | null} connection */
function voiceSender(connection) {
  const all = connection?.getTransceivers() ?? [];
  return all.find(({ receiver }) => receiver.track.kind === "audio")?.sender;
}

/** The visitor: sends the screen and starts every attempt to connect. */
export class Sharer extends Peer {
  /** @type {MediaStream | null} */
  screen = null;
  attempts = 0;
  clock = 0;
  soon = 0;
  madeAt = -Infinity;

  /**
   * `timedOut`: there is still no connection. `reachable`: whether the other side can
   * receive an offer at all.
   *
   * @param {Ends & {timedOut: (final: boolean) => void, reachable: () => boolean}} ends
   */
  constructor(ends) {
    super(ends);
    this.onTimeout = ends.timedOut;
    this.reachable = ends.reachable;
  }

  /** @param {MediaStream} screen */
  share(screen) {
    this.screen = screen;
    this.attempts = 0;
    this.madeAt = -Infinity;
    this.offer();
  }

  get trying() {
    return ["new", "connecting"].includes(this.connection?.connectionState ?? "");
  }

  /** Make a new connection; at most one a second, because both sides may ask. */
  offer() {
    clearTimeout(this.soon);
    if (!this.screen) return;
    const wait = this.madeAt + REST - performance.now();
    if (wait > 0) {
      this.soon = window.setTimeout(() => this.trying || this.offer(), wait);
      return;
    }
    this.madeAt = performance.now();
    this.enqueue("offer", () => this.makeOffer());
    clearTimeout(this.clock);
    this.clock = window.setTimeout(() => this.timedOut(), ATTEMPT);
  }

  async makeOffer() {
    const [track] = this.screen?.getVideoTracks() ?? [];
    if (!track || !this.screen) return;
    const connection = this.renew();
    connection.ontrack = ({ track: voice }) => this.hear(new MediaStream([voice]));
    const { sender } = connection.addTransceiver(track, {
      direction: "sendonly",
      streams: [this.screen],
      sendEncodings: [{ maxBitrate: MAX_BITRATE }],
    });
    const voice = connection.addTransceiver("audio", { direction: "sendrecv" });
    await voice.sender.replaceTrack(this.voice);
    await keepText(sender);
    await connection.setLocalDescription();
    const sdp = connection.localDescription?.sdp;
    if (connection === this.connection && sdp) this.send({ type: "offer", sdp });
  }

  /** @param {Message} message */
  async handle(message) {
    // If an attempt is in progress, the other side is asking for that one.
    if (message.type === "restart") return this.trying ? undefined : this.offer();
    if (message.type !== "answer") return super.handle(message);
    if (this.connection?.signalingState !== "have-local-offer") return;
    await this.connection.setRemoteDescription({ type: "answer", sdp: message.sdp });
  }

  connected() {
    clearTimeout(this.clock);
    this.attempts = 0;
  }

  recover() {
    this.offer();
  }

  timedOut() {
    if (this.up || !this.screen) return;
    // The other side is away: the service limits that time, not this window.
    if (this.reachable()) this.attempts++;
    const final = this.attempts >= ATTEMPTS;
    this.onTimeout(final);
    if (!final) this.offer();
  }

  stop() {
    clearTimeout(this.clock);
    clearTimeout(this.soon);
    for (const track of this.screen?.getTracks() ?? []) track.stop();
    this.screen = null;
    this.drop();
  }
}

/**
 * Text must stay readable, so prefer fewer pictures to smaller ones. A content hint adds
 * nothing to the browsers' own settings for captured screens, and some versions of
 * Chromium sent 5 pictures a second for "detail".
 *
 * @param {RTCRtpSender} sender
 */
async function keepText(sender) {
  const parameters = /** @type {any} */ (sender.getParameters());
  parameters.degradationPreference = "maintain-resolution";
  await sender.setParameters(parameters).catch(() => {});
}

/** The agent: receives the screen and asks for a new connection when one fails. */
export class Watcher extends Peer {
  again = 0;

  /** @param {Ends & {see: (screen: MediaStream) => void}} ends */
  constructor(ends) {
    super(ends);
    this.see = ends.see;
  }

  /** @param {Message} message */
  async handle(message) {
    if (message.type !== "offer") return super.handle(message);
    clearTimeout(this.again);
    const connection = this.renew();
    connection.ontrack = ({ track }) => {
      const stream = new MediaStream([track]);
      if (track.kind === "video") this.see(stream);
      else this.hear(stream);
    };
    await connection.setRemoteDescription({ type: "offer", sdp: message.sdp });
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.receiver.track.kind === "audio") transceiver.direction = "sendrecv";
    }
    await voiceSender(connection)?.replaceTrack(this.voice);
    await connection.setLocalDescription();
    const sdp = connection.localDescription?.sdp;
    if (connection === this.connection && sdp) this.send({ type: "answer", sdp });
  }

  recover() {
    this.ask();
  }

  /** Ask for an offer, repeatedly until there is a connection. */
  ask() {
    clearTimeout(this.again);
    if (this.up) return;
    this.send({ type: "restart" });
    this.again = window.setTimeout(() => this.ask(), ATTEMPT / 2);
  }

  stop() {
    clearTimeout(this.again);
    this.drop();
  }
}
