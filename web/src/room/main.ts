// The room page: checks the invitation against the room, lets people join, and shows the meeting.
import { randomBytes, toHex } from "../core/bytes.ts";
import { BadSignature, type Signed } from "../core/dsse.ts";
import { KeyPairSigner } from "../core/ed25519.ts";
import { parseInvitation } from "../core/invitation.ts";
import type { Room } from "../core/statements.ts";
import { T, type Message } from "../i18n/i18n.ts";
import { api, Problem, type Config } from "../net/api.ts";
import { Ledgers } from "../ledger/ledgers.ts";
import { forgetSaved } from "../store/approvals.ts";
import { hostKey, keepSeatKey, readSeat, takeUpSeatKey, type Seat } from "../store/keys.ts";
import { fill, h } from "../ui/dom.ts";
import { ledgerAlarm } from "../ui/ledger_alarm.ts";
import { prefixTitle, ready, showPage, titleOfPage } from "../ui/frame.ts";
import { icon } from "../ui/icons.ts";
import { inWords } from "../ui/problems.ts";
import { checkRoom } from "./checks.ts";
import { showDoor } from "./door_view.ts";
import { joinView } from "./join_view.ts";
import { lookForDeleted, takeBack } from "./kept_withdrawals.ts";
import { LocalMedia } from "./media.ts";
import { initialState, Meeting } from "./meeting.ts";
import { showMeeting } from "./meeting_view.ts";
import { sentAgain } from "./sent_again.ts";
import { Store } from "./state.ts";
import { TakeHome } from "./take_home.ts";
import { Tiles } from "./tiles.ts";

const ledgers = new Ledgers();
/** Has whatever shows what this browser keeps show it anew. */
let keptChanged: () => void = () => undefined;
const main = showPage("room", T("join_title"), h("p", { class: "muted" }, T("loading")));

function stop(title: Message, words: Message | string, testid = "fingerprint-error"): void {
  titleOfPage(title);
  fill(main, h("section", { class: "note alarm", role: "alert", testid }, h("h1", {}, icon("warning"), " ", title), h("p", {}, words)));
}

async function start(): Promise<void> {
  const invitation = parseInvitation(location.pathname, location.hash);
  if (!invitation || invitation.fingerprint === null) return stop(T("stop_title"), T("stop_no_fingerprint"));
  const [config, answer] = await Promise.all([api.config(), api.room(invitation.room)]);
  try {
    const room = await checkRoom(answer.envelope, invitation.room, invitation.fingerprint);
    await offerJoin(config, room, invitation.fingerprint);
  } catch (error) {
    if (!(error instanceof BadSignature)) throw error;
    stop(T("stop_title"), T("stop_fingerprint"));
  }
}

/** Whether the person logged in owns the room, and the host key of this browser, if the room names one. */
async function ownership(room: Signed<Room>): Promise<{ owns: boolean; signer: KeyPairSigner | null }> {
  const kept = await hostKey(room.body.room);
  const signer = kept && room.body.host_keys.some(({ key }) => key === kept.publicKey) ? kept : null;
  const rooms = (await api.account()) ? await api.rooms() : [];
  const owns = rooms.some((mine) => mine.room === room.body.room);
  return { owns, signer: owns ? signer : null };
}

interface Sitting { signer: KeyPairSigner; slot: string; seat: Seat | null }

/** The key of this session: fresh, or (after a reload of this tab) the one it had. */
async function sit(room: string): Promise<Sitting> {
  const seat = readSeat(room);
  const kept = seat && await takeUpSeatKey(seat);
  if (seat && kept) return { signer: kept, slot: seat.slot, seat };
  const signer = await KeyPairSigner.generate();
  const slot = toHex(randomBytes(16));
  await keepSeatKey(slot, signer);
  return { signer, slot, seat: null };
}

async function offerJoin(config: Config, room: Signed<Room>, fingerprint: string): Promise<void> {
  await forgetSaved(room.body.room);
  const watch = ledgers.of(room.body.ledger);
  const { owns, signer: host } = await ownership(room);
  const holder = room.body.host_keys.find(({ key }) => key === host?.publicKey)?.holder ?? "";
  const media = new LocalMedia();
  const about = [
    ledgerAlarm(ledgers),
    host ? h("p", { class: "note", testid: "join-as-host" }, T("join_as_host")) : null,
    owns && !host ? h("div", { class: "note warning", role: "status", testid: "join-not-host" }, h("p", {}, T("join_not_host")),
      h("p", {}, h("a", { class: "button", testid: "join-add-browser", href: `/host#room-${room.body.room}` }, T("join_add_browser")))) : null,
    room.body.conference ? h("p", { class: "note" }, T("join_companion", { url: room.body.conference })) : null,
  ];
  const view = joinView(room.body.title, about, readSeat(room.body.room)?.name ?? holder, media, ({ name }) => void join(name));
  titleOfPage(T("plain", { text: room.body.title }));
  const home = new TakeHome(room.body, "outside", (recording) => takeBack(room.body, recording, watch));
  const service = { watch, serviceKey: room.body.service_key };
  keptChanged = () => void home.draw();
  fill(main, sentAgain(room.body.room, async () => service, () => keptChanged()), view.element, home.element);
  void home.draw();
  void lookForDeleted(room.body.room, service).then(() => keptChanged()).catch((error: unknown) => console.warn("what is kept here cannot be read:", error));
  await media.openBoth();
  view.devicesAsked();

  async function join(name: string): Promise<void> {
    const { signer, slot, seat } = await sit(room.body.room);
    const place = { config, roomId: room.body.room, fingerprint, signer, slot, name, role: host ? "host" as const : "participant" as const, hostSigner: host, ledgers };
    const tiles = new Tiles();
    const store = new Store(initialState(room));
    const meeting: Meeting = new Meeting(place, store, media, {
      stream: (participant, role, stream) => tiles.show(participant, role, stream),
      picture: (participant, picture) => tiles.picture(participant, picture),
      state: () => undefined,
    }, seat?.resume ?? null, { entered: () => enter(meeting, tiles), atTheDoor: () => void showDoor(main, meeting, () => void leave(meeting), nextView()), refused: view.fail, waits: view.wait, removed: () => void leave(meeting, "removed"), shutOut: (why) => void showShutOut(meeting, why) });
    keptChanged = () => meeting.answering.kept();
    meeting.join();
  }
}

/** What is shown of the meeting: the door, or the inside. A new view ends the one before it, with its watchers and questions. */
let view = new AbortController();
function nextView(): AbortSignal {
  view.abort();
  view = new AbortController();
  for (const open of document.querySelectorAll("dialog")) open.remove();
  return view.signal;
}

function enter(meeting: Meeting, tiles: Tiles): void {
  const { store, media } = meeting;
  const showOwn = (): void => {
    const me = store.state.participant;
    tiles.show(me, "camera", media.camera.getTracks().length > 0 ? media.camera : null);
    tiles.show(me, "screen", media.screen);
    tiles.picture(me, media.sent().picture);
  };
  // Before any tile is made: only one's own is muted, and whose it is has to be known by then.
  tiles.follow(store.state.roster, store.state.participant);
  void showMeeting(main, meeting, tiles, () => void leave(meeting), nextView());
  showOwn();
  media.onChange(showOwn);
}

async function leave(meeting: Meeting, how: "left" | "removed" = "left"): Promise<void> {
  nextView();
  await meeting.leave();
  await showOutside(meeting, T(`${how}_title`), T(`${how}_words`));
}

/** The meeting goes on, perhaps in another tab; this page is not in it any more. */
async function showShutOut(meeting: Meeting, why: Message): Promise<void> {
  nextView();
  await showOutside(meeting, T("shut_out_title"), T("shut_out_words", { why }));
}

async function showOutside(meeting: Meeting, title: Message, words: Message): Promise<void> {
  prefixTitle(null);
  main.classList.remove("in-meeting");
  const room = meeting.store.state.room.body;
  const watch = ledgers.of(room.ledger);
  const home = new TakeHome(room, "outside", (recording) => takeBack(room, recording, watch));
  keptChanged = () => void home.draw();
  fill(main, h("section", { class: "narrow", testid: "left" }, h("h1", { tabindex: "-1" }, title), h("p", {}, words), ledgerAlarm(ledgers),
    h("p", {}, h("button", { type: "button", class: "primary", testid: "rejoin", on: { click: () => location.reload() } }, T("rejoin"))), home.element));
  main.querySelector("h1")?.focus();
  await home.draw();
}

const noSuchRoom = (error: unknown): boolean => error instanceof Problem && (error.status === 404 || error.code === "malformed");
void start().catch((error: unknown) => stop(T("stop_other_title"), noSuchRoom(error) ? T("stop_no_such_room") : inWords(error), "page-error")).finally(ready);
