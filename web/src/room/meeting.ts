// The meeting: hears the service, checks what it says, keeps the state the views show, and carries out what people choose.
// One per page. Messages are handled strictly one after the other (checking signatures takes time, order must not change).
import { T, type Message } from "../i18n/i18n.ts";
import { noticeIsOurs } from "../i18n/notice.ts";
import { openCheckpoint } from "../core/proof.ts";
import type { Asked, LedgerWatch } from "../ledger/watch.ts";
import { Mesh, type MeshEvents } from "../net/mesh.ts";
import type { Gate, RequestNotice, RosterEntry, ServerMessage, Welcome, Whereabouts } from "../net/messages.ts";
import { problemFrom, type Problem } from "../net/api.ts";
import { RoomSocket, type SocketStatus } from "../net/socket.ts";
import { keepSeat, leaveSeat } from "../store/keys.ts";
import { inWords } from "../ui/problems.ts";
import { Answering } from "./answering.ts";
import { checkNextRoom, checkRequest, checkRoomAgain, checkTake, seenTake } from "./checks.ts";
import { HostDuties } from "./host_duties.ts";
import type { LocalMedia } from "./media.ts";
import { newsOfMine, type OwnEntry } from "./own_answer.ts";
import { Publisher } from "./publisher.ts";
import { Store, type MeetingState, type Place } from "./state.ts";

const TAKE_MUST_BE_SHOWN_MS = 2_000;
const NEXT_QUESTION_MS = 2_000;

/**
 * How joining goes on: entered once, waiting in front of the door of a room with a lobby, refused for good, or waiting for the service; that
 * a host ended it; and that the service does not let in again a page that was in.
 */
export interface Entry { entered(): void; atTheDoor(): void; refused(problem: Message): void; waits(words: Message): void; removed(): void; shutOut(why: Message): void }

export class Meeting {
  readonly publisher: Publisher;
  readonly answering: Answering;
  readonly duties: HostDuties | null;
  private readonly socket: RoomSocket;
  private mesh: Mesh | null = null;
  private queue: Promise<void> = Promise.resolve();
  private left = false;
  private shown: Whereabouts | null = null;
  /** of the last welcome: relays, too, with what lets us in there */
  private ice: RTCIceServer[];
  /** what was known of the ledger when the connection was begun: its welcome cannot show less */
  private before: Promise<Asked | null> = Promise.resolve(null);
  /** what the last roster of this connection said of this person's answer */
  private own: OwnEntry | null = null;
  private lapse: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly place: Place, readonly store: Store, readonly media: LocalMedia, private readonly meshEvents: Omit<MeshEvents, "signal">,
    resume: string | null, private readonly entry: Entry) {
    this.ice = place.config.ice_servers;
    this.publisher = new Publisher(media, () => this.ice, (publish, why) => store.set({ publish, publishProblem: why ?? null }));
    this.answering = new Answering(place, store, this.publisher, (message) => this.socket.send(message));
    const url = `${location.origin.replace(/^http/, "ws")}/api/v1/rooms/${place.roomId}/ws`;
    const joinAs = { name: place.name, key: place.signer.publicKey, role: place.role };
    this.socket = new RoomSocket(url, joinAs, resume, (message) => this.hear(message), (connection) => this.status(connection));
    const gave = (approval: string): boolean => store.state.approval === null || this.answering.namedIn([approval]) !== null;
    this.duties = place.hostSigner ? new HostDuties(place, store, (message) => this.socket.send(message), gave) : null;
    media.onChange(() => this.mesh?.publish(media.sent()));
    place.ledgers.onAlarm((alarm) => store.alarm(alarm));
  }

  join(): void {
    this.socket.connect();
  }

  async leave(): Promise<void> {
    this.end();
    await leaveSeat(this.place.roomId);
  }

  /** From here on this page sends nothing to anybody, and hears nothing. */
  private end(): void {
    this.left = true;
    clearTimeout(this.lapse);
    this.publisher.close();
    this.socket.leave();
    this.restartMesh();
    this.media.close();
  }

  /** The service does not let this page in again: it is open in another tab, or there is no room for it. A reload may try again, in its seat. */
  private shutOut(): void {
    if (this.left) return; // the person left, or a host ended it
    const { participant, notice } = this.store.state;
    this.store.set({ connection: "closed" });
    if (participant === "") return; // `refused` gave the form back
    this.end();
    this.entry.shutOut(notice ?? T("problem_unavailable"));
  }

  private status(connection: SocketStatus): void {
    if (this.left) return;
    if (connection === "closed") { // behind the message that says why
      this.queue = this.queue.then(() => this.shutOut());
      return;
    }
    if (connection !== "connected") {
      clearTimeout(this.lapse);
      this.answering.connectionLost();
    }
    if (connection === "connecting" || connection === "reconnecting") this.before = this.ledger.asking().catch(() => null);
    if (connection === "reconnecting" && this.store.state.participant === "") this.entry.waits(T("join_waits"));
    this.store.set({ connection });
  }

  private hear(message: ServerMessage): void {
    this.queue = this.queue.then(() => this.handle(message)).catch((error: unknown) => {
      console.error("a message of the service was not accepted:", error);
      this.store.alarm(T("alarm_not_accepted", { detail: inWords(error) }));
    });
  }

  private async handle(message: ServerMessage): Promise<void> {
    const { store } = this;
    if (this.left) return;
    switch (message.type) {
      case "signal": return this.mesh?.receive(message.from, message.data); // behind the welcome that makes the mesh
      case "welcome": return this.welcome(message);
      case "roster": return this.rosterChanged(message.roster);
      case "request": return this.request(message.request, message.challenge);
      case "challenge": return store.set({ challenge: message.challenge });
      case "entered": return this.entered(message.roster, message.gate, message.ice_servers);
      case "confirmed": return this.answering.confirmed(message.approval, message.publish);
      case "gate": return this.gate(message.gate);
      case "take_proposal": return this.proposed(message.take_id, message.envelope);
      case "take": return this.take(message.envelope);
      case "proven": return this.answering.proven(message.id);
      case "room_changed": return this.roomChanged(message.envelope);
      case "recording_ended": return this.isOurs(message.recording) ? this.ended(message.reason) : undefined;
      case "problem": return message.problem?.code === "removed" ? this.entry.removed() : this.problem(problemFrom(message.problem));
      default: return;
    }
  }

  private async welcome(welcome: Welcome): Promise<void> {
    const room = await checkRoomAgain(welcome.room_envelope, this.store.state.room, this.place.fingerprint).catch((error: unknown) => {
      console.error("the room's statement was not accepted:", error);
      return null;
    });
    if (!room) return this.alarmAndStop(T("alarm_room"));
    const again = this.store.state.participant !== "";
    keepSeat(this.place.roomId, { slot: this.place.slot, resume: welcome.resume, name: this.place.name });
    const { checkpoint } = welcome;
    const watch = this.place.ledgers.of(room.body.ledger);
    if (typeof checkpoint === "string" && checkpoint !== "") await watch.saw({ ...(await openCheckpoint(checkpoint, watch.ledger)), note: checkpoint }, await this.before);
    if (again && welcome.participant !== this.store.state.participant) this.restartMesh();
    this.ice = welcome.ice_servers;
    this.store.set({ room, session: welcome.session, participant: welcome.participant, challenge: welcome.challenge, where: welcome.place });
    if (welcome.place === "lobby") this.restartMesh();
    this.roster(welcome.roster);
    if (welcome.request) {
      await this.request(welcome.request, welcome.challenge);
      void this.duties?.lookBack(); // not waited for: it only names a button
    }
    else if (this.store.state.request) this.ended("ended");
    this.own = null; // what an older connection said is no measure for this one
    await this.ownAnswer(welcome.roster);
    await this.answering.cameBack();
    if (welcome.place === "lobby") return this.atTheDoor();
    this.inside(welcome.gate);
  }

  private atTheDoor(): void {
    if (this.shown === "lobby") return;
    this.shown = "lobby";
    this.entry.atTheDoor();
  }

  /** From here on others are seen and heard, and what the gate does is our business. */
  private inside(gate: Gate): void {
    if (this.store.state.room.body.conference === null) this.mesh ??= this.newMesh();
    this.roster([...this.store.state.roster, ...this.store.state.door]);
    this.gate(gate);
    if (this.shown === "room") return;
    this.shown = "room";
    this.entry.entered();
  }

  /** Answered in front of the door, or nothing is asked any more. */
  private async entered(roster: RosterEntry[], gate: Gate, ice: RTCIceServer[]): Promise<void> {
    this.ice = ice;
    const { answer } = this.store.state;
    // What was asked at the door may be over: `recording_ended` comes when everything is sealed.
    this.store.set({ where: "room", answer: gate.reason === "no_request" && answer === "asked" ? "none" : answer });
    await this.rosterChanged(roster);
    this.inside(gate);
  }

  private get ledger(): LedgerWatch {
    return this.place.ledgers.of(this.store.state.room.body.ledger);
  }

  private newMesh(): Mesh {
    const mesh = new Mesh(() => this.ice, this.store.state.participant, {
      ...this.meshEvents, signal: (to, data) => this.socket.send({ type: "signal", to, data }),
    });
    mesh.publish(this.media.sent());
    return mesh;
  }

  private restartMesh(): void {
    this.mesh?.close();
    this.mesh = null;
  }

  private roster(all: RosterEntry[]): void {
    const roster = all.filter(({ place }) => place !== "lobby"); // whoever is not said to wait outside counts
    this.store.set({ roster, door: all.filter(({ place }) => place === "lobby") });
    this.mesh?.follow(roster.map(({ participant }) => participant));
    this.duties?.followRoster(roster);
    this.publisher.misses(roster.find(({ participant }) => participant === this.store.state.participant)?.lost_kinds ?? []);
  }

  private rosterChanged(all: RosterEntry[]): Promise<void> {
    this.roster(all);
    return this.ownAnswer(all);
  }

  /** An answer can be taken back, or end, without this page: by a key file anywhere, in another tab, by the operator, with time. */
  private async ownAnswer(all: RosterEntry[]): Promise<void> {
    const { participant, approval } = this.store.state;
    const now = all.find((entry) => entry.participant === participant);
    if (!now) return; // in front of the door nobody is seen
    const news = newsOfMine(this.own, now, approval);
    this.own = now;
    if (news === "taken_back") this.answering.takenBack();
    if (news === "lapsed") this.lapsed(approval);
  }

  /** Expired, unless the whole question is over or another one is asked: then a message says so in a moment, and this says nothing. */
  private lapsed(approval: string | null): void {
    clearTimeout(this.lapse);
    this.lapse = setTimeout(() => {
      const { state } = this.store;
      if (state.approval === approval && this.own?.answer === "none" && state.gate.reason !== "no_request") this.answering.expired();
    }, NEXT_QUESTION_MS);
  }

  private async request(notice: RequestNotice, challenge: string): Promise<void> {
    const { store } = this;
    if (store.state.request?.id === notice.id) return store.set({ challenge });
    const request = await checkRequest(notice, store.state.room, store.state.session, Date.now());
    this.publisher.stop();
    this.answering.askedAnew();
    const known = await noticeIsOurs(request.body.notice);
    const takingBack = this.answering.isTakingBack(request.body.recording);
    store.set({
      request, challenge, answer: takingBack ? "withdrawn" : "asked", withdrawal: takingBack ? "sending" : store.state.withdrawal, approval: null, scope: [], take: null, hasRecorded: false, halted: false, keyChecks: new Map(),
      notice: known ? null : T("notice_unknown"),
    });
    if (takingBack) this.answering.goOnTakingBack(request.body.recording);
  }

  private gate(gate: Gate): void {
    this.store.set({ gate, hasRecorded: this.store.state.hasRecorded || gate.state === "open" });
    if (gate.state !== "open") return;
    setTimeout(() => this.gateNeedsTake(gate.take), TAKE_MUST_BE_SHOWN_MS);
  }

  /** A gate that is open without a take that names us is wrong, whoever says so. */
  private gateNeedsTake(number: number | null): void {
    const { gate, take } = this.store.state;
    if (this.left || gate.state !== "open" || gate.take !== number || take?.number === number) return;
    this.alarmAndStop(T("alarm_no_take"));
  }

  /** Not waited for: the checks ask the service, and what it says meanwhile must be heard. */
  private proposed(takeId: string, envelope: string): void {
    void this.duties?.countersign(takeId, envelope).catch((error: unknown) => {
      console.error("a take was not countersigned:", error);
      this.store.alarm(T("alarm_proposal"));
    });
  }

  private async take(envelope: string): Promise<void> {
    const { room, request } = this.store.state;
    if (!request) return this.alarmAndStop(T("alarm_no_request"));
    const take = await checkTake(envelope, room, request.body.recording).catch((error: unknown) => {
      this.alarmAndStop(T("alarm_take_bad"));
      throw error;
    });
    const mine = this.answering.namedIn(take.body.approvals);
    if (mine === null) return this.alarmAndStop(T("alarm_take_without_me"));
    await this.answering.wasNamed(mine);
    this.store.set({ take: await seenTake(take), hasRecorded: true });
    await this.ledger.saw({ ...take.body.checkpoint, note: null }, null); // it may have been on its way for a while
  }

  /** The room as its host changed it. What was approved under the old statement ends; one that does not fit is believed by nobody here. */
  private async roomChanged(envelope: string): Promise<void> {
    const { room } = this.store.state;
    try {
      const next = await checkNextRoom(envelope, room, this.place.fingerprint);
      this.publisher.stop();
      this.store.set({ room: next, notice: T("room_changed") });
    } catch (error) {
      console.error("the room's new statement was not accepted:", error);
      this.alarmAndStop(T("alarm_room"));
    }
  }

  private alarmAndStop(alarm: Message): void {
    this.publisher.stop();
    this.store.set({ halted: true });
    this.store.alarm(alarm);
  }

  /** Not of an older request that this one replaced: its end is told when it is sealed. */
  private isOurs(recording: string): boolean {
    const { request } = this.store.state;
    return request === null || request.body.recording === recording;
  }

  private ended(reason: string): void {
    this.publisher.stop();
    const { answer, hasRecorded } = this.store.state;
    this.store.set({
      request: null, approval: null, take: null, hasRecorded: false, answer: answer === "withdrawn" ? "withdrawn" : "none",
      notice: T(reason === "expired" ? "ended_expired" : hasRecorded ? "ended" : "ended_request"),
    });
  }

  private problem(problem: Problem): void {
    // Before the welcome there is no confirmation on this connection that it could be about.
    if (this.store.state.connection === "connected" && this.answering.wasNotConfirmed(problem.code)) return;
    const words = inWords(problem);
    if (this.store.state.participant === "") this.entry.refused(words);
    else this.store.set({ notice: words });
  }
}

export function initialState(room: MeetingState["room"]): MeetingState {
  return {
    room, participant: "", session: "", connection: "connecting", where: "room", roster: [], door: [], request: null, challenge: "",
    gate: { state: "closed", take: null, reason: "", waiting_for: [], answers: { people: 0, approved: 0, refused: null } }, hasRecorded: false, answer: "none", withdrawal: "proven", scope: [], approval: null, take: null,
    publish: "off", publishProblem: null, alarms: [], halted: false, notice: null, keyChecks: new Map(),
  };
}
