// A test double of the service: docs/API.md in memory, no media, no disk. It exists to do what the real one must not: `lie` changes
// what it says, so that tests can show that the pages notice. The real service is tested with these pages in tests/e2e.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import { fromBase64, randomBytes, toBase64url, toHex } from "../../../web/src/core/bytes.ts";
import { openStatement, parseEnvelope, signStatement } from "../../../web/src/core/dsse.ts";
import { KeyPairSigner } from "../../../web/src/core/ed25519.ts";
import type { Withdrawal } from "../../../web/src/core/statements.ts";
import { Erasures } from "./erasures.ts";
import { MockLedger } from "./ledger.ts";
import type { Lies, Listed, Room } from "./lies.ts";
import { problem, refuse, send } from "./replies.ts";
import { configOf, showLedger, showPage } from "./shown.ts";

interface Person { participant: string; resume: string; name: string; role: string; key: string; answer: string; approval: string | null; resting?: string | null; place?: string; socket: WebSocket | null; challenge: string }
const TOKEN = "t".repeat(43); // everybody's
const COUNTERSIGN_WITHIN_MS = 1_000; // the service waits 10 s

/** An approval whose author's connection is gone: its seat is for their key (docs/API.md). */
const rests = ({ approval, resting, socket }: Person): boolean => Boolean(approval ?? resting) && socket?.readyState !== 1;

export class MockService {
  readonly lies: Lies = {};
  /** Whose files a participant's token lists: the first digits of their approval. */
  ownPrefix = "";
  readonly posted: { kind: string; envelope: string; wrapped: string | null }[] = [];
  readonly keys = new Map<string, Uint8Array>();
  readonly countersigned: string[] = [];
  /** what was asked of the public ledger */
  readonly looks: string[] = [];
  /** how often somebody offered to send media */
  offered = 0;
  /** how often somebody connected, also while it was away */
  connected = 0;
  /** how often somebody asked to be let in */
  joined = 0;
  /** what those inside are told of STUN and TURN servers */
  ice: object[] = [];
  private readonly rooms = new Map<string, Room>();
  private readonly people: Person[] = [];
  /** recording and key of each withdrawal of everything: final */
  private readonly spent = new Set<string>();
  private readonly server: Server;
  private session = toHex(randomBytes(16));
  private request: { id: string; envelope: string; recording: string } | null = null;
  private take = 0;
  private readonly erasures: Erasures;
  private open = false;
  private named = false;
  private lastEnd = "";
  private proposal: (signature: unknown) => void = () => undefined;

  private constructor(private readonly pages: string, readonly ledger: MockLedger, readonly signer: KeyPairSigner) {
    this.erasures = new Erasures(ledger, signer, this.lies);
    this.server = createServer((request, response) => void this.http(request, response).catch((error) => problem(response, 500, "broken", String(error))));
    new WebSocketServer({ server: this.server }).on("connection", (socket) => {
      this.connected++;
      if (this.lies.away) return socket.terminate();
      socket.on("message", (data) => void this.hear(socket, JSON.parse(String(data))));
    });
  }

  static async start(pages: string, port = 0): Promise<MockService> {
    const service = new MockService(pages, await MockLedger.create("localhost/unavoce"), await KeyPairSigner.generate());
    await new Promise<void>((resolve) => service.server.listen(port, "127.0.0.1", resolve));
    return service;
  }
  get base(): string {
    return `http://localhost:${(this.server.address() as { port: number }).port}`;
  }
  stop(): void {
    this.people.forEach(({ socket }) => socket?.terminate());
    this.server.close();
    this.server.closeAllConnections();
  }
  get roomCount(): number {
    return this.rooms.size;
  }
  dropSockets(name?: string): void {
    this.people.filter((person) => name === undefined || person.name === name).forEach(({ socket }) => socket?.terminate());
  }
  /** It is killed, and starts with room on its disk: what was in effect and not in its ledger is forgotten. */
  crash(): void {
    delete this.lies.proofFollows;
    this.dropSockets();
  }
  /** Somebody's approval has expired; the question is still asked. */
  async expires(name: string): Promise<void> {
    Object.assign(this.people.find((known) => known.name === name)!, { answer: "none", approval: null });
    await this.settle("expired");
  }

  private async http(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const body = await new Promise<string>((resolve) => { let text = ""; request.on("data", (part) => { text += part; }).on("end", () => resolve(text)); });
    if (pathname.startsWith("/api/v1/")) return this.api(request.method ?? "GET", pathname.slice(7), body, request, response);
    if (pathname.startsWith("/ledger/")) {
      this.looks.push(pathname.slice(8));
      return showLedger(this.ledger, this.lies, pathname.slice(8), response);
    }
    if (pathname.startsWith("/whip/")) {
      this.offered++;
      await this.lies.holdMedia;
      return problem(response, 503, "no_media", "the test double takes no media");
    }
    showPage(this.pages, pathname, response);
  }

  /** Somebody's connection ends, and the service knows: they come back in front of the door, if there is one. */
  async leaves(name: string): Promise<void> {
    const person = this.people.find((known) => known.name === name)!;
    const { socket } = person;
    Object.assign(person, { socket: null, place: undefined, resting: person.approval, answer: "none", approval: null });
    await this.settle("left");
    socket?.terminate();
  }

  private async api(method: string, path: string, body: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = request.headers.cookie?.includes("unavoce_session=") ?? false;
    const input = body ? JSON.parse(body) : {};
    const answer = (status: number, value?: unknown, headers = {}): void => void response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(value === undefined ? undefined : JSON.stringify(value));
    const cookie = { "Set-Cookie": "unavoce_session=1; Path=/; HttpOnly; SameSite=Strict" };
    if (path === "/config") return answer(200, configOf(this.ledger, this.signer));
    if (path === "/accounts") return answer(201, { user: input.user }, cookie);
    if (path === "/login") return input.password === "wrong password" ? problem(response, 401, "wrong_credentials", "user or password") : answer(200, { user: input.user }, cookie);
    if (path === "/logout") return answer(204, undefined, { "Set-Cookie": "unavoce_session=; Path=/; Max-Age=0" });
    if (path === "/account" && method === "DELETE") {
      if (input.password === "wrong password") return problem(response, 401, "wrong_credentials", "user name or password is wrong");
      this.rooms.clear();
      return answer(204, undefined, { "Set-Cookie": "unavoce_session=; Path=/; Max-Age=0" });
    }
    if (path === "/account") return host ? answer(200, { user: "Miriam", email: "m@example.org", registered_ms: 0 }) : problem(response, 401, "not_logged_in", "log in first");
    if (path === "/rooms" && method === "GET") return answer(200, { rooms: [...this.rooms.values()] });
    if (path === "/rooms") return answer(201, await this.addRoom(input.envelope));
    if (path === "/statements") return this.statement(input, response);
    const receipt = /^\/statements\/([0-9a-f]{64})\/receipt$/.exec(path)?.[1];
    if (receipt) {
      const [entry] = await this.ledger.proven(this.ledger.entries.filter(({ id }) => id === receipt));
      return entry ? answer(200, { ...(this.lies.receipt ?? ((one) => one))({ entry: entry.entry, r: entry.r, proof: entry.proof }), checkpoint: await this.ledger.checkpoint() }) : problem(response, 404, "not_found", "there is no such statement, or it was erased");
    }
    if (path === "/recordings") return answer(200, { recordings: this.lies.recordings ?? [] });
    const room = /^\/rooms\/([0-9a-f]{32})$/.exec(path)?.[1];
    if (room) {
      const known = this.rooms.get(room);
      if (!known) return problem(response, 404, "not_found", "no such room");
      if (method === "PUT") return answer(200, await this.addRoom(input.envelope));
      return answer(200, this.lies.room?.(known) ?? known);
    }
    const [, recording, what, name] = /^\/recordings\/([0-9a-f]{32})(?:\/(\w+)(?:\/([\w.-]+))?)?$/.exec(path) ?? [];
    if (what === "erasure") {
      const left = await this.erasures.deletion(recording!);
      return left ? answer(200, left) : problem(response, 404, "not_found", "no recording of this id was erased as a whole");
    }
    if (recording && what === undefined && method === "DELETE") {
      if (this.lies.refuseErasing) return problem(response, { not_found: 404, gone: 410 }[this.lies.refuseErasing] ?? 409, this.lies.refuseErasing, "not now");
      await this.deleteRecording(recording, "recording_deleted");
      this.lies.recordings = this.lies.recordings?.filter((listed) => (listed as { recording: string }).recording !== recording);
      return answer(204);
    }
    if (what === "stop") { this.end("ended"); return answer(204); }
    if (what === "tracks" && name === undefined) {
      if (request.headers.authorization !== `Bearer ${TOKEN}`) return problem(response, 401, "unauthorised", "no token");
      const own = this.ownPrefix;
      return answer(200, { state: this.request ? "recording" : "sealed", tracks: [...this.lies.files ?? []].filter(([file]) => own && file.includes(own)).map(([file, bytes]) => ({ name: file, size_bytes: bytes.length })) });
    }
    if (what === "keys" || what === "tracks") {
      const refusal = what === "keys" ? await this.lies.refusesKey?.(name!) : null;
      if (refusal === 200) return void response.writeHead(200, { "Content-Length": 9_999 }).write("half of it", () => response.destroy());
      if (refusal) return problem(response, refusal, refusal === 410 ? "gone" : "unavailable", "not now");
      const bytes = what === "keys" ? this.keys.get(name!) : this.lies.files?.get(name!);
      return bytes ? void response.writeHead(200, { "Content-Length": bytes.length }).end(bytes) : problem(response, 410, "erased", "gone");
    }
    if (recording) {
      await this.lies.hold;
      if (this.lies.refusesRecording) return problem(response, this.lies.refusesRecording, "unavailable", "not now");
      const entries = this.ledger.entries.filter((entry) => entry.recording === recording);
      return answer(200, this.lies.detail ?? { recording, entries: this.lies.entries?.(entries) ?? entries });
    }
    return problem(response, 404, "not_found", path);
  }

  private async addRoom(envelope: string): Promise<{ room: string; id: string }> {
    const { body, id } = await openStatement("room", envelope);
    this.rooms.set(body.room, { room: body.room, title: body.title, envelope, id });
    await this.ledger.append(body.room, "room", envelope, id);
    return { room: body.room, id };
  }

  private async statement({ envelope, wrapped }: { envelope: string; wrapped: string | null }, response: ServerResponse): Promise<void> {
    const kind = /unavoce\.(\w+)\.v1/.exec(parseEnvelope(envelope).payloadType)![1] as "request" | "approval" | "refusal" | "withdrawal";
    const { body, id } = await openStatement(kind, envelope);
    const { key } = body as { key: string };
    const whole = kind === "withdrawal" && (body as { kinds: string[] }).kinds.length === 4;
    if (kind === "approval" && this.spent.has(`${body.recording} ${key}`)) return problem(response, 403, "not_permitted", "this key has withdrawn everything from this recording, for good");
    if (whole) this.spent.add(`${body.recording} ${key}`);
    this.posted.push({ kind, envelope, wrapped });
    if (kind === "approval" && this.lies.refuse) return problem(response, 409, this.lies.refuse, "no");
    if (kind === "withdrawal") await this.lies.holdWithdrawals;
    if (kind === "withdrawal" && this.lies.refusesWithdrawal) return problem(response, 403, this.lies.refusesWithdrawal, "no");
    if (kind === "withdrawal" && this.lies.proofFollows) {
      this.close("ledger_fault");
      return problem(response, 503, "proof_follows", "in effect, and not in the ledger yet");
    }
    if (kind === "withdrawal" && await this.erasures.deletion(body.recording)) return problem(response, 410, "gone", "the whole recording was erased");
    const entry = await this.ledger.append(body.recording, kind, envelope, id);
    const person = this.people.find((known) => known.key === key);
    if (wrapped) this.keys.set(id, fromBase64(wrapped));
    const publish = kind === "approval" && (body as { scope: string[] }).scope.length > 0 ? { url: `/whip/${id.slice(0, 16)}`, token: TOKEN } : null;
    const erased = kind === "withdrawal" ? await this.erasures.erase(body as Withdrawal) : null;
    const proof = await this.ledger.proof(entry.index);
    response.writeHead(201, { "Content-Type": "application/json" })
      .end(JSON.stringify({ id, kind, entry: entry.entry, r: entry.r, proof: this.lies.proof?.(proof) ?? proof, publish, erased }));
    if (kind === "approval") await this.lies.holdCounting; // what was acknowledged may be told later, on the other connection
    if (kind === "request") this.named = (body as { names_refusals: boolean }).names_refusals;
    if (kind === "request") this.ask({ id, envelope, recording: body.recording });
    else if (kind === "withdrawal" && (!whole || body.recording !== this.request?.recording)) return; // the recording goes on, with less
    else if (person) {
      Object.assign(person, { answer: { approval: "approved", refusal: "refused", withdrawal: "withdrawn" }[kind], approval: kind === "approval" ? id : null, resting: null });
      if (kind === "refusal") this.people.filter(({ role }) => role === "host").forEach((host) => send(host.socket, { type: "refused", participant: null }));
      await this.settle(kind === "withdrawal" ? "withdrawn" : kind === "refusal" ? "refused" : "new_approval");
    }
  }

  /** The end of a recording's retention, or of its room; or its host erases it. */
  deleteRecording(recording: string, reason: "retention" | "room_deleted" | "recording_deleted" = "retention"): Promise<void> {
    return this.erasures.deleteRecording(recording, reason);
  }

  private ask(request: { id: string; envelope: string; recording: string }): void {
    this.request = request;
    this.lastEnd = "";
    for (const person of this.people) {
      Object.assign(person, { answer: "none", approval: null, challenge: toBase64url(randomBytes(32)) });
      send(person.socket, { type: "request", request, challenge: person.challenge });
    }
    void this.settle("new_approval");
  }

  /** The host's program changes the room: a new version, or what `lies` makes of it. */
  async changeRoom(envelope: string): Promise<void> {
    await this.addRoom(envelope);
    this.tell({ type: "room_changed", envelope });
    if (this.request) this.end("room_changed");
  }

  end(reason: string): void {
    if (this.request) this.tell({ type: "recording_ended", recording: this.request.recording, reason });
    this.request = null;
    this.close(reason);
    void this.settle(reason);
  }

  private close(ended: string): void {
    if (this.open) this.lastEnd = ended;
    this.open = false;
    this.tellEach((person) => ({ type: "gate", gate: this.gate(person) }));
  }
  /** The reason in the words of the service: why closed, and while answers are missing what ended the last take. */
  private gate(viewer: Person): object {
    const here = this.request ? this.inside() : [];
    const count = (wanted: string): number => here.filter(({ answer }) => answer === wanted).length;
    const answers = { people: here.length, approved: count("approved"), refused: viewer.role === "host" || this.named ? count("refused") : null };
    const missing = this.request ? this.inside().filter(({ answer }) => answer !== "approved").map(({ participant }) => participant) : [];
    const hostHere = this.people.some(({ role, socket }) => socket && role === "host");
    const closed = !this.request ? "no_request" : !hostHere ? "no_host" : missing.length === 0 ? "preparing" : this.lastEnd || "waiting";
    return { state: this.open ? "open" : "closed", take: this.open ? this.take : null, reason: this.open ? "open" : closed, answers, waiting_for: missing.filter((id) => !this.hides() || id === viewer.participant) };
  }

  private async settle(reason: string): Promise<void> {
    for (const person of this.people.filter(({ place, answer }) => place === "lobby" && (answer === "approved" || !this.request))) {
      person.place = "room";
      send(person.socket, { type: "entered", roster: this.roster(person), gate: this.gate(person), ice_servers: this.ice });
    }
    const here = this.inside();
    this.tellRoster();
    const complete = this.request !== null && here.length > 0 && here.every(({ answer }) => answer === "approved");
    if (!complete) return this.close(reason);
    const approvals = here.map(({ approval }) => approval!).sort();
    const honest = { approvals, recording: this.request!.recording };
    const { envelope, id } = await signStatement("take", { ...(this.lies.take?.(honest) ?? honest), take: ++this.take, checkpoint: await this.ledger.head(), key: this.signer.publicKey, start_ms: Date.now() }, this.signer);
    const number = this.take;
    const signature = await new Promise<unknown>((resolve) => {
      setTimeout(resolve, COUNTERSIGN_WITHIN_MS);
      this.proposal = resolve;
      here.filter(({ role }) => role === "host").forEach(({ socket }) => send(socket, { type: "take_proposal", take_id: id, envelope }));
    });
    if (number !== this.take || here.some((person) => !person.socket || person.answer !== "approved")) return; // overtaken
    const parts = JSON.parse(envelope);
    if (signature) parts.signatures.push(signature);
    if (!this.lies.openWithoutTake) this.tellEach(() => ({ type: "take", envelope: JSON.stringify(parts) }));
    this.open = true;
    const files = approvals.map((id) => `t${String(number).padStart(3, "0")}-${id.slice(0, 16)}-f001.webm.age`);
    this.erasures.wrote(honest.recording, files);
    this.tellEach((person) => ({ type: "gate", gate: this.gate(person) }));
  }

  private async hear(socket: WebSocket, message: { type: string; [key: string]: any }): Promise<void> {
    const person = this.people.find((known) => known.socket === socket);
    if (message.type === "join") return this.join(socket, message as never);
    if (message.type === "ping") return send(socket, { type: "pong" });
    if (message.type === "countersign") {
      this.countersigned.push(message["take_id"]);
      return this.proposal({ keyid: message["keyid"], sig: message["sig"] });
    }
    if (message.type === "signal") return send(this.people.find(({ participant }) => participant === message["to"])?.socket ?? null, { type: "signal", from: person?.participant, data: message["data"] });
    if (message.type === "confirm" && person) return this.confirm(person, message["envelope"]);
    if (message.type === "remove" && person?.role === "host") {
      const gone = this.people.find(({ participant }) => participant === message["participant"])!;
      send(gone.socket, { type: "problem", problem: { code: "removed", status: 409, detail: "a host had you leave" } });
      this.people.splice(this.people.indexOf(gone), 1);
      return this.settle("left");
    }
    if (message.type === "leave" && person) {
      this.people.splice(this.people.indexOf(person), 1);
      await this.settle("left");
    }
  }

  /** Whoever came back: their approval counts again, if they signed for it under their key and challenge. */
  private async confirm(person: Person, envelope: string): Promise<void> {
    const { body } = await openStatement("confirmation", envelope);
    if ((this.lies.losesConfirmations ?? 0) > 0) {
      this.lies.losesConfirmations!--;
      return person.socket?.terminate();
    }
    if (this.lies.beforeConfirming) {
      send(person.socket, this.lies.beforeConfirming);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    const fits = body.key === person.key && body.challenge === person.challenge && body.approval === person.resting && !this.lies.confirmsNobody;
    person.challenge = toBase64url(randomBytes(32));
    if (!fits) send(person.socket, { type: "problem", problem: { code: "unknown_reference", status: 409, detail: "there is no approval of yours to confirm" } });
    if (fits) {
      Object.assign(person, { answer: "approved", approval: person.resting });
      send(person.socket, { type: "confirmed", approval: person.approval, publish: { url: `/whip/${toHex(randomBytes(16))}`, token: TOKEN } });
    }
    send(person.socket, { type: "challenge", challenge: person.challenge });
    await this.settle("new_approval");
  }

  private async join(socket: WebSocket, { name, key, role, resume }: { name: string; key: string; role: string; resume: string | null }): Promise<void> {
    this.joined++;
    await this.lies.holdJoins;
    const { refuses } = this.lies;
    const refused = refuses?.name === name ? refuses.codes.shift() : undefined;
    if (refused !== undefined) return refuse(socket, refused);
    const back = this.people.find((known) => (resume === null ? known.key === key && known.role === role && rests(known) : known.resume === resume));
    if (this.people.some((known) => known !== back && known.key === key && known.socket?.readyState === 1)) return refuse(socket, "key_in_use");
    back?.socket?.terminate(); // a newer connection takes the place of the older one
    const person: Person = back ?? { participant: toHex(randomBytes(16)), resume: "", name, role, key, answer: "none", approval: null, socket, challenge: "" };
    if (!back) this.people.push(person);
    Object.assign(person, { socket, resume: toBase64url(randomBytes(32)), challenge: toBase64url(randomBytes(32)), answer: "none", resting: person.approval ?? person.resting, approval: null });
    const room = [...this.rooms.values()].at(-1)!;
    const { body } = await openStatement("room", room.envelope);
    person.place = body.lobby && this.request && role !== "host" && back?.place !== "room" ? "lobby" : "room";
    send(socket, { type: "welcome", place: person.place, session: this.session, participant: person.participant, resume: person.resume, challenge: person.challenge, roster: this.roster(person), request: this.request, gate: this.gate(person), checkpoint: await this.ledger.checkpoint(), room_envelope: (this.lies.room?.(room) ?? room).envelope,
      ice_servers: person.place === "lobby" ? [] : this.ice });
    await this.settle("late_join");
  }

  /** As the rules of the service have it: while refusals are not named and somebody is missing, only one's own answer. */
  private hides(): boolean {
    return this.request !== null && !this.named && this.inside().some(({ answer }) => answer !== "approved");
  }
  /** Who is here, as each may see it. */
  tellRoster(): void {
    this.tellEach((person) => ({ type: "roster", roster: this.roster(person) }));
  }
  private roster(viewer: Person): Listed[] {
    if (viewer.place === "lobby") return [];
    const seen = this.people.filter(({ socket, place }) => socket && (place === "room" || viewer.role === "host"));
    const roster = seen.map(({ participant, name, role, answer, approval, place = "room" }) => (this.hides() || place === "lobby") && participant !== viewer.participant
      ? { participant, name, role, place, answer: "hidden", approval: null, media_lost: false, lost_kinds: [] } : { participant, name, role, place, answer, approval, media_lost: false, lost_kinds: [] });
    return this.lies.roster?.(roster) ?? roster;
  }
  private inside(): Person[] {
    return this.people.filter(({ socket, place }) => socket && place === "room");
  }
  private tellEach(message: (person: Person) => object): void {
    this.inside().forEach((person) => send(person.socket, message(person)));
  }
  tell(message: object): void {
    this.people.forEach(({ socket }) => send(socket, message));
  }
}
