// The meeting on the screen: recording sign, tiles, controls, and beside them the host's panel and what one takes home.
// Draws from the state.
import { T } from "../i18n/i18n.ts";
import { fill, fillIfNew, h, keepFocus } from "../ui/dom.ts";
import { titleOfPage } from "../ui/frame.ts";
import { icon } from "../ui/icons.ts";
import { Asking } from "./asking.ts";
import { deviceButton, screenButton } from "./controls.ts";
import { HostPanel } from "./host_panel.ts";
import type { Meeting } from "./meeting.ts";
import type { KeptApproval } from "../store/approvals.ts";
import { beingTakenBack } from "../store/withdrawals.ts";
import { mayRemain, standingApprovals } from "./kept_withdrawals.ts";
import { RecordingSign } from "./recording_sign.ts";
import { openScopeDialog } from "./scope_dialog.ts";
import type { MeetingState } from "./state.ts";
import { inWords } from "../ui/problems.ts";
import { TakeHome } from "./take_home.ts";
import type { Tiles } from "./tiles.ts";
import { openWithdraw } from "./withdraw_dialog.ts";

export async function showMeeting(main: HTMLElement, meeting: Meeting, tiles: Tiles, leave: () => void, gone: AbortSignal): Promise<void> {
  const { store, media, place, answering } = meeting;
  const withdraw = h("button", { type: "button", testid: "withdraw", on: { click: () => {
    const recording = recordingToTakeBack(); // as it is now: while one reads on, it may be taken back from somewhere else
    openWithdraw(store.state.room.body.withdrawal_erases, () => answering.withdraw(recording));
  } } }, icon("undo"), T("withdraw_button"));
  const again = h("button", { type: "button", testid: "prompt-again", on: { click: () => asking.ask() } }, T("prompt_again"));
  const change = h("button", { type: "button", testid: "change-scope", on: { click: () => changeScope() } }, icon("pencil"), T("change_button"));
  const inSign = h("div", { class: "kept" }, again, change, withdraw);
  const sign = new RecordingSign(inSign, place.role);
  const remains = h("p", { class: "note", role: "status", testid: "approval-remains", hidden: true }, T("mine_remains"));
  const inCard = h("div", { class: "kept" }); // where the button stands while there is no sign
  let standing: KeptApproval[] = [];
  const alarm = h("section", { class: "note alarm", testid: "alarm", role: "alert", hidden: true });
  const notice = h("p", { class: "note", role: "status", testid: "notice", hidden: true });
  const mine = h("p", { class: "muted", testid: "approval-status", role: "status" });
  const publish = h("p", { class: "muted", role: "status", testid: "publish-state" });
  const home = new TakeHome(store.state.room.body, "meeting", (recording) => answering.withdraw(recording));
  const panel = meeting.duties ? new HostPanel(meeting.duties, place.roomId) : null;
  const conference = store.state.room.body.conference;
  const tell = (words: MeetingState["notice"]): void => store.set({ notice: words });
  const controls = h("div", { class: "controls", role: "group", "aria-label": T("controls_label") },
    deviceButton("microphone", media, tell), deviceButton("camera", media, tell), screenButton(media), h("span", { class: "spacer" }),
    h("button", { type: "button", testid: "leave", class: "words-stay", on: { click: leave } }, icon("leave"), h("span", {}, T("leave"))));
  const stage = h("div", {}, conference ? companion(conference) : null, tiles.element, controls);
  const side = h("aside", { class: "side", "aria-label": T("side_label") }, panel?.element ?? null,
    h("section", { class: "card" }, h("h2", {}, T("mine_title")), mine, publish, remains, inCard), home.element);

  main.classList.add("in-meeting");
  fill(main, sign.spoken, sign.element, alarm, sign.warning, notice,
    h("div", { class: "title-row" }, h("h1", { tabindex: "-1" }, store.state.room.body.title)),
    h("div", { class: "meeting with-side", testid: "meeting", data: { participant: store.state.participant, role: place.role } }, stage, side));
  titleOfPage(T("plain", { text: store.state.room.body.title }));
  main.querySelector("h1")?.focus();

  const asking = new Asking(meeting, () => standing, gone);
  let changing: { close(): void } | null = null;
  const changeScope = (): void => {
    const { request, scope } = store.state;
    if (!request) return;
    const opened = changing = openScopeDialog(request.body.scope, scope, (wished) => answering.change(wished).catch((error: unknown) => {
      if (changing !== opened) tell(inWords(error)); // nobody reads it in a dialog that is closed
      throw error;
    }));
  };
  /** Of the recording that is asked for now, or else of the latest one: the others have their own button in "To take home". */
  const recordingToTakeBack = (): string => store.state.request && covers(store.state.request.body.recording) ? store.state.request.body.recording : standing.at(-1)!.recording;
  const covers = (recording: string): boolean => canTakeBack(store.state) || standing.some((kept) => kept.recording === recording);

  const readKept = async (): Promise<void> => {
    standing = await standingApprovals(place.roomId);
    drawMine(store.state);
    await home.draw();
  };
  answering.onKept(() => void readKept());
  await readKept(); // before the prompt, which says what was approved earlier
  store.watch((state) => {
    sign.draw(state);
    panel?.draw(state);
    tiles.follow(state.roster, state.participant);
    drawMine(state);
    asking.draw(state);
  }, gone);

  function drawMine(state: MeetingState): void {
    const focused = document.activeElement;
    const live = state.answer === "approved" || state.answer === "sending";
    withdraw.hidden = !canTakeBack(state) && standing.length === 0;
    remains.hidden = live || !standing.some((kept) => mayRemain(kept) && !kept.saidWithdrawn && !beingTakenBack().has(kept.approval));
    const place = state.request ? inSign : inCard;
    if (withdraw.parentElement !== place) place.append(withdraw);
    change.hidden = !(state.request && state.answer === "approved");
    again.hidden = !(state.request && state.answer === "refused"); // a withdrawal is final for this key: FORMATS section 2
    alarm.hidden = state.alarms.length === 0;
    if (alarm.childElementCount !== state.alarms.length + 1) fill(alarm, h("h2", {}, icon("warning"), " ", T("alarm_title")), ...state.alarms.map((words) => h("p", {}, words)));
    if (state.notice?.key === "notice_less_first") { // said behind the dialog that waits for it
      changing?.close();
      changing = null;
    }
    const words = state.connection === "reconnecting" ? T("reconnecting") : state.notice;
    notice.hidden = words === null;
    if (shownNotice !== words) fill(notice, (shownNotice = words));
    const unproven = state.answer === "approved" && state.alarms.some(({ key }) => key === "alarm_proof");
    fillIfNew(mine, [state.answer, state.withdrawal, unproven], () => [T(unproven ? "mine_approved_unproven" : state.answer === "withdrawn" ? `mine_withdrawn_${state.withdrawal}` : `mine_${state.answer}`)]);
    Object.assign(mine.dataset, { state: state.answer, withdrawal: state.answer === "withdrawn" ? state.withdrawal : "" });
    publish.hidden = state.publish === "off";
    if (publish.dataset["state"] !== state.publish || shownProblem !== state.publishProblem) {
      const why = (shownProblem = state.publishProblem);
      fill(publish, state.publish === "off" ? null : why ? T("publish_failed_because", { why }) : T(`publish_${state.publish}`));
    }
    publish.dataset["state"] = state.publish;
    // Moved to its other place it loses the focus; what is hidden does, too.
    if (focused === withdraw && !withdraw.hidden) withdraw.focus({ preventScroll: true });
    else if (focused === withdraw || focused === change || focused === again) keepFocus();
  }
}

/** What was approved for this request, as long as its withdrawal is not proven: neither on its way nor on the service's word alone. */
const canTakeBack = ({ request, answer, withdrawal }: MeetingState): boolean =>
  answer === "approved" || answer === "sending" || (request !== null && answer === "withdrawn" && withdrawal !== "proven");

let shownNotice: MeetingState["notice"] = null;
let shownProblem: MeetingState["publishProblem"] = null;

function companion(url: string): HTMLElement {
  return h("section", { class: "note", testid: "companion" }, h("p", {}, T("companion_words")),
    h("a", { class: "button primary", href: url, target: "_blank", rel: "noopener noreferrer" }, T("companion_open")));
}
