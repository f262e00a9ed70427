// @ts-check
/**
 * The WebRTC side of a call. The visitor offers, the agent answers.
 *
 * There is one way to recover from anything (a network that failed, a window that was
 * loaded again on either side): the visitor makes a new connection with the tracks
 * that it has. That takes a quarter of a second and asks the visitor for nothing.
 */

/** @typedef {import("./signal.js").Message} Message */

const GRACE = 2_000; // ms: a short interruption heals by itself
const ATTEMPT = 15_000; // a relay that is down raises no event: give up by the clock
const ATTEMPTS = 3;
const REST = 1_000; // between two new connections
const MAX_BITRATE = 8_000_000; // bits/s; Chromium's default starves large screens

/** What both roles share: one connection at a time, signals one after the other. */
class Peer {
  /**
   * @param {RTCIceServer[]} iceServers
   * @param {(message: Message) => void} send
   * @param {(up: boolean) => void} onChange whether media can flow
   */
  constructor(iceServers, send, onChange) {
    this.iceServers = iceServers;
    this.send = send;
    this.onChange = onChange;
    /** @type {RTCPeerConnection | null} */
    this.connection = null;
    /** @type {MediaStreamTrack | null} */
    this.voice = null;
    this.grace = 0;
    /** @type {Promise<void>} */
    this.work = Promise.resolve();
  }

  get up() {
    return this.connection?.connectionState === "connected";
  }

  /** @param {Message} message */
  receive(message) {
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
    // One of a connection that was given up meanwhile is of no use.
    await this.connection.addIceCandidate(candidate).catch(() => {});
  }

  renew() {
    this.drop();
    const connection = new RTCPeerConnection({ iceServers: this.iceServers });
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
      if (connection === this.connection) this.changed(connection.connectionState);
    };
    this.connection = connection;
    return connection;
  }

  /** @param {RTCPeerConnectionState} state */
  changed(state) {
    clearTimeout(this.grace);
    if (state === "connected") this.connected();
    if (state === "failed") this.recover();
    if (state === "disconnected") {
      this.grace = window.setTimeout(() => this.recover(), GRACE);
    }
    this.onChange(this.up);
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

/** The visitor: sends the screen, drives every attempt to connect. */
export class Sharer extends Peer {
  /**
   * @param {RTCIceServer[]} iceServers
   * @param {(message: Message) => void} send
   * @param {(up: boolean) => void} onChange
   * @param {(stream: MediaStream) => void} onStream what the other side says
   * @param {(final: boolean) => void} onTimeout no connection has come about
   */
  constructor(iceServers, send, onChange, onStream, onTimeout) {
    super(iceServers, send, onChange);
    this.onStream = onStream;
    this.onTimeout = onTimeout;
    /** @type {MediaStream | null} */
    this.screen = null;
    this.attempts = 0;
    this.clock = 0;
    this.soon = 0;
    this.madeAt = -Infinity;
    /** Whether the other side can hear of an offer at all. */
    this.reachable = () => true;
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

  /** Make a new connection; not more than one a second, both sides may ask. */
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
    connection.ontrack = ({ track: voice }) => this.onStream(new MediaStream([voice]));
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
    // An attempt that is under way is what the other side is asking for.
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
    // Nobody there to connect to: the service counts that time, not we.
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
 * Text has to stay readable: rather fewer pictures than smaller ones. A content hint
 * would add nothing to what browsers do for captured screens by themselves, and some
 * versions of Chromium sent 5 pictures a second for "detail".
 *
 * @param {RTCRtpSender} sender
 */
async function keepText(sender) {
  const parameters = /** @type {any} */ (sender.getParameters());
  parameters.degradationPreference = "maintain-resolution";
  await sender.setParameters(parameters).catch(() => {});
}

/** The agent: receives the screen, asks for a new connection when one fails. */
export class Watcher extends Peer {
  /**
   * @param {RTCIceServer[]} iceServers
   * @param {(message: Message) => void} send
   * @param {(up: boolean) => void} onChange
   * @param {(stream: MediaStream) => void} onScreen
   * @param {(stream: MediaStream) => void} onVoice
   */
  constructor(iceServers, send, onChange, onScreen, onVoice) {
    super(iceServers, send, onChange);
    this.onScreen = onScreen;
    this.onVoice = onVoice;
    this.again = 0;
  }

  /** @param {Message} message */
  async handle(message) {
    if (message.type !== "offer") return super.handle(message);
    clearTimeout(this.again);
    const connection = this.renew();
    connection.ontrack = ({ track }) => {
      const stream = new MediaStream([track]);
      if (track.kind === "video") this.onScreen(stream);
      else this.onVoice(stream);
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

  /** Ask for an offer, and again while none brings a connection. */
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

/**
 * @typedef {{rtt: number | null, width: number, height: number, frames: number,
 *   loss: number, relay: boolean, voice: boolean}} Quality
 *
 * @param {RTCPeerConnection} connection
 * @returns {Promise<Quality>}
 */
export async function measure(connection) {
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
