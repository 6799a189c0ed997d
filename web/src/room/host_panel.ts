// The host's side of the meeting: who answered what, whether the gate is open and if not why, asking, asking differently and ending, the key check.
import { T, type Message, type TextKey } from "../i18n/i18n.ts";
import type { Answer, RosterEntry } from "../net/messages.ts";
import { dialog } from "../ui/dialog.ts";
import { busy, fill, fillIfNew, h } from "../ui/dom.ts";
import { icon, type Icon } from "../ui/icons.ts";
import { inWords } from "../ui/problems.ts";
import { roomKeyInput } from "../ui/room_key_input.ts";
import type { HostDuties } from "./host_duties.ts";
import { gateReason } from "./recording_sign.ts";
import { openRequest } from "./request_dialog.ts";
import type { MeetingState } from "./state.ts";

const ICONS: Record<Answer, Icon> = { none: "waiting", approved: "check", refused: "cross", withdrawn: "undo", hidden: "waiting" };

export class HostPanel {
  readonly element: HTMLElement;
  private readonly caption = h("caption", {});
  private readonly table = h("tbody", {});
  private readonly gate = h("div", { class: "gate", testid: "gate-state", role: "status" });
  private readonly note = h("p", { class: "note warning", testid: "host-note", role: "status", hidden: true });
  private readonly door = h("div", { class: "note", testid: "door-waiting", role: "status", hidden: true });
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private readonly ask = h("button", { type: "button", class: "primary", testid: "request-open" }, icon("record"), T("request_open"));
  private readonly change = h("button", { type: "button", testid: "request-change" }, icon("pencil"), T("request_change"));
  private readonly stop = h("button", { type: "button", class: "danger", testid: "stop-recording" });
  private readonly answers: HTMLElement;
  private readonly keyCheck = h("p", { testid: "host-key-check", role: "status", data: { state: "off" } });
  private readonly title = h("h2", { id: "host-panel-title", tabindex: "-1" }, T("host_panel"));
  /** By participant: the same button as long as the person is there, so that a dialog gives the focus back to it. */
  private readonly removers = new Map<string, HTMLElement>();
  private shown = "";

  constructor(private readonly duties: HostDuties, room: string) {
    this.ask.addEventListener("click", () => openRequest(duties.maxDays, null, (wish) => duties.ask(wish)));
    this.change.addEventListener("click", () => openRequest(duties.maxDays, duties.standing(), (wish) => duties.ask(wish)));
    this.stop.addEventListener("click", busy(this.stop, this.problem, () => duties.stop(), inWords));
    this.answers = h("table", { testid: "answers-table" }, this.caption,
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, T("answers_person")), h("th", { scope: "col" }, T("answers_answer")))), this.table);
    const key = h("details", {}, h("summary", {}, T("key_check_title")), h("p", { class: "muted" }, T("key_check_lead")),
      roomKeyInput("host-room-key", room, T("key_check_file"), async (key) => duties.useRoomKey(key)), this.keyCheck);
    this.element = h("section", { class: "card", "aria-labelledby": "host-panel-title" },
      this.title, this.gate, this.note, this.door, this.problem, h("div", { class: "kept" }, this.ask, this.change, this.stop), this.answers, key);
  }

  draw(state: MeetingState): void {
    const { roster, door, request, gate, answer, withdrawal, keyChecks, hasRecorded } = state;
    const key = JSON.stringify([roster, door, request?.id, gate, answer, withdrawal, hasRecorded, [...keyChecks], this.duties.hasRoomKey()]);
    if (key === this.shown) return;
    this.shown = key;
    const ended = request === null && (document.activeElement === this.stop || document.activeElement === this.change);
    this.ask.hidden = request !== null;
    this.change.hidden = this.stop.hidden = request === null;
    fillIfNew(this.stop, hasRecorded, () => [T(hasRecorded ? "stop_recording" : "stop_request")]);
    if (ended) this.ask.focus({ preventScroll: true }); // the button that had it is gone
    this.answers.hidden = request === null;
    Object.assign(this.gate.dataset, { state: gate.state, reason: gate.reason, take: String(gate.take ?? "") });
    const why = gate.state === "open" ? null : request ? gateReason(state) : T("reason_no_request");
    fillIfNew(this.gate, [gate.state, why], () => [icon(gate.state === "open" ? "record" : "shield"), h("div", {}, h("strong", {}, T(gate.state === "open" ? "gate_open" : "gate_closed")), " ", why)]);
    const { people, approved, refused } = gate.answers;
    const counted = request !== null && !request.body.names_refusals && approved < people;
    fill(this.caption, counted ? T("answers_caption_counts", { people, approved, refused: refused ?? 0 }) : T("answers_caption"));
    this.keepingFocus(() => {
      for (const participant of this.removers.keys()) if (![...roster, ...door].some((entry) => entry.participant === participant)) this.removers.delete(participant);
      this.drawNote(state);
      fill(this.table, ...roster.map((entry) => this.row(entry, state)));
    });
    this.drawKeyCheck(state);
  }

  /** What is taken out of the document loses the focus, even if it is put back; with its person gone, the panel's title has it. */
  private keepingFocus(redraw: () => void): void {
    const focused = [...this.removers.values()].find((button) => button === document.activeElement);
    redraw();
    (focused?.isConnected ? focused : focused && this.title)?.focus({ preventScroll: true });
  }

  private drawNote(state: MeetingState): void {
    const { door } = state;
    this.door.hidden = door.length === 0;
    fillIfNew(this.door, door.map(({ participant, name }) => [participant, name]),
      () => [h("p", {}, T("door_waits")), h("ul", { class: "plain" }, ...door.map((entry) => h("li", {}, entry.name, " ", this.removeButton(entry))))]);
    const words = this.noteOf(state);
    this.note.hidden = words.length === 0;
    fillIfNew(this.note, words, () => words.map((one) => h("p", {}, one)));
  }

  /** What keeps the gate closed as far as it is the host's to decide: their own answer, and refusals, with what can be done about them. */
  private noteOf({ request, answer, withdrawal, gate, roster, participant, hasRecorded }: MeetingState): Message[] {
    if (!request) return [];
    const own = answer === "asked" ? T(this.duties.isOwn(request.body) ? "host_must_answer" : "host_must_answer_other")
      : answer === "refused" ? T("host_refused") : answer === "withdrawn" ? T(withdrawal === "proven" ? "host_withdrew" : "host_withdrew_unproven") : null;
    const refusals = gate.state === "closed" ? (gate.answers.refused ?? 0) : 0;
    const others = refusals - (answer === "refused" ? 1 : 0);
    const names = roster.flatMap((entry) => (entry.answer === "refused" && entry.participant !== participant ? [T("plain", { text: entry.name })] : []));
    const refused = others <= 0 ? null : request.body.names_refusals ? T("refused_by", { names }) : T("refused_somebody");
    const stuck = refused !== null || answer === "refused" || answer === "withdrawn";
    const choices = stuck ? T("host_choices", { end: T(hasRecorded ? "host_choice_end_recording" : "host_choice_end_request") }) : null;
    return [own, refused, choices].filter((words) => words !== null);
  }

  private row({ participant, name, role, answer, approval, media_lost }: RosterEntry, { participant: me, keyChecks }: MeetingState): HTMLElement {
    const check = approval === null ? undefined : keyChecks.get(approval);
    const extra = check === "opens" ? T("check_opens") : check === "failed" ? T("check_failed") : null;
    return h("tr", { testid: "answer-row", data: { participant, answer } },
      h("th", { scope: "row" }, name, participant === me ? h("span", { class: "muted" }, " (", T("you"), ")") : null, role === "host" ? h("span", { class: "muted" }, " · ", T("role_host")) : null),
      h("td", {}, h("span", { class: "answer", data: { answer } }, icon(ICONS[answer]), T(`answer_${answer}` as TextKey)),
        extra ? h("div", { class: check === "failed" ? "problem" : "hint" }, extra) : null,
        media_lost ? h("div", { class: "hint", testid: "media-lost" }, T("media_lost", { name })) : null,
        role === "host" ? null : this.removeButton({ participant, name })));
  }

  private removeButton({ participant, name }: Pick<RosterEntry, "participant" | "name">): HTMLElement {
    const known = this.removers.get(participant);
    if (known) return known;
    const button = h("button", { type: "button", testid: "remove", "aria-label": T("remove_person", { name }), on: { click: () => this.remove(participant, name) } }, icon("leave"), T("remove"));
    this.removers.set(participant, button);
    return button;
  }

  private remove(participant: string, name: string): void {
    const box = dialog("remove-dialog", T("remove_title", { name }), [
      h("p", {}, T("remove_words")),
      h("div", { class: "actions" }, h("button", { type: "button", testid: "remove-cancel", on: { click: () => box.close() } }, T("cancel")),
        h("button", { type: "button", class: "danger", testid: "remove-confirm", on: { click: () => { this.duties.remove(participant); box.close(); } } }, T("remove"))),
    ], { dismiss: "escape" });
    box.open();
  }

  private drawKeyCheck({ keyChecks, request }: MeetingState): void {
    const checks = [...keyChecks.values()];
    const state = checks.includes("failed") ? "failed" : !this.duties.hasRoomKey() ? "off" : request && checks.includes("opens") ? "opens" : "loaded";
    this.keyCheck.dataset["state"] = state;
    fillIfNew(this.keyCheck, state, () => [state === "off" ? null : T(`key_check_${state}` as TextKey)]);
  }
}
