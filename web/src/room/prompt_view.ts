// The prompt: everything the person decides about, in plain words, before they decide. Approve and refuse look the same;
// nothing is ticked beforehand (a pre-ticked box is no consent: CJEU C-673/17). The meeting goes on behind it.
import type { Signed } from "../core/dsse.ts";
import type { MediaKind } from "../core/shape.ts";
import type { Request, Room } from "../core/statements.ts";
import { currentLanguage, T, type Language, type Message } from "../i18n/i18n.ts";
import { noticeIsOurs, noticeText } from "../i18n/notice.ts";
import type { Whereabouts } from "../net/messages.ts";
import { dialog } from "../ui/dialog.ts";
import type { KeptApproval } from "../store/approvals.ts";
import { busy, fill, fillIfNew, h, type Child } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";
import { mayRemain, type TakenBack } from "./kept_withdrawals.ts";
import { scopeChoice } from "./scope_choice.ts";
import { openWithdraw } from "./withdraw_dialog.ts";
import { inWords } from "../ui/problems.ts";
import { controllersOf, facts } from "../ui/room_facts.ts";
import { bind } from "../i18n/i18n.ts";

export interface Answers { approve(scope: MediaKind[]): Promise<void>; refuse(): Promise<void>; takeBack(recording: string): Promise<TakenBack> }

/**
 * `standing`: what was approved here before, in this room, and not taken back. The prompt must not stand in the way of that. It stays open until
 * it is closed from outside; `tell` says something beside its buttons.
 */
export function openPrompt(room: Signed<Room>, request: Signed<Request>, standing: KeptApproval[], where: Whereabouts, answers: Answers): { close(): void; tell(words: Message): void } {
  const { body } = request;
  const problem = h("p", { class: "problem", role: "alert", testid: "prompt-error" });
  const scope = scopeChoice("prompt", T("prompt_scope_title"), body.scope, null);
  const approve = h("button", { type: "button", testid: "prompt-approve" }, icon("check"), T("prompt_approve"));
  const refuse = h("button", { type: "button", testid: "prompt-refuse" }, icon("cross"), T("prompt_refuse"));
  const box = dialog("prompt", T("prompt_title"), [
    h("p", {}, T(where === "lobby" ? "prompt_lead_door" : "prompt_lead", { host: holderOf(room.body, body.key) })),
    earlier(request, room.body.withdrawal_erases, standing, answers),
    facts([
      [T("prompt_what"), T("prompt_what_kinds", { kinds: body.scope.map((kind) => T(`kind_${kind}`)) })],
      [T("prompt_why"), body.purpose, "prompt-purpose"],
      [T("prompt_who"), recipients(room.body), "prompt-recipients"],
      [T("prompt_until"), T("prompt_until_date", { date: new Date(body.delete_after_ms) }), "prompt-until"],
      [T("prompt_where"), T("prompt_where_words", { location: room.body.location || T("fact_not_stated") })],
      [T("fact_processors"), room.body.processors.length === 0 ? T("fact_processors_none") : room.body.processors.join(", ")],
      [T("fact_controllers"), controllersOf(room.body)],
      [T("fact_authority"), room.body.authority || T("fact_not_stated")],
    ]),
    h("h3", {}, T("prompt_back_title")),
    h("p", {}, T("prompt_back")), h("p", {}, T("prompt_back_limits")),
    room.body.withdrawal_erases === "whole_takes" ? h("p", {}, T("prompt_whole_takes")) : null,
    h("p", { class: "note", testid: "prompt-refusals", data: { named: String(body.names_refusals) } }, T(body.names_refusals ? "prompt_refusal_named" : "prompt_refusal_unnamed"), body.names_refusals ? null : [" ", T("prompt_refusal_evidence"), " ", T("prompt_refusal_two")]),
    fullNotice(body),
    scope.element, problem,
    h("div", { class: "actions" }, refuse, approve),
  ], { dismiss: "explicit", class: "wide prompt" });

  approve.addEventListener("click", busy(approve, problem, async () => {
    const chosen = scope.chosen();
    if (chosen === null) {
      scope.element.querySelector("input")?.focus();
      return fill(problem, T("prompt_choose"));
    }
    await answers.approve(chosen);
  }, inWords));
  refuse.addEventListener("click", busy(refuse, problem, answers.refuse, inWords));
  box.open();
  return { close: () => box.close(), tell: (words) => fillIfNew(problem, words, () => [words]) };
}

/** What was approved before this question, with a button for each recording; this one's first. That something is left is said only where something was recorded. */
function earlier({ body }: Signed<Request>, erases: Room["withdrawal_erases"], standing: KeptApproval[], answers: Answers): HTMLElement | null {
  const recordings = [...new Set(standing.map(({ recording }) => recording))].sort((a, b) => Number(b === body.recording) - Number(a === body.recording));
  if (recordings.length === 0) return null;
  return h("section", { class: "note", testid: "prompt-earlier" }, h("p", {}, T(standing.some(mayRemain) ? "prompt_earlier" : "prompt_earlier_nothing_seen")), h("div", { class: "kept" }, ...recordings.map((recording) => {
    const button: HTMLButtonElement = h("button", { type: "button", testid: "prompt-withdraw", data: { recording },
      on: { click: () => openWithdraw(erases, () => answers.takeBack(recording).then((done) => (done.confirmed.length === done.sent && button.remove(), done))) } },
    icon("undo"), T(recording === body.recording ? "prompt_earlier_this" : "prompt_earlier_other"));
    return button;
  })));
}

function holderOf(room: Room, key: string): string {
  return room.host_keys.find((host) => host.key === key)?.holder ?? "?";
}

function recipients({ recipients: list }: Room): Child {
  return h("ul", { class: "plain" }, ...list.map(({ holder, role, recipient }) =>
    h("li", {}, holder, " (", T(`recipient_${role}`), ") ", h("span", { class: "mono muted" }, `${recipient.slice(0, 12)}…${recipient.slice(-6)}`))));
}

/** In the reader's language. What is signed is the wording in the host's language: where that is the other one, it can be read, too. */
function fullNotice({ notice }: Request): HTMLElement {
  const text = document.createTextNode("");
  const paragraphs = h("div", {});
  const signed = h("div", { lang: notice.language });
  const original = h("details", { testid: "prompt-notice-signed", hidden: true }, h("summary", {}, T("prompt_notice_signed")), signed);
  const wording = (language: Language): HTMLElement[] => (noticeText(notice.version, language) ?? "").split("\n").map((line) => h("p", {}, line));
  let ours = false;
  const render = (): void => {
    fill(paragraphs, ...wording(currentLanguage()));
    original.hidden = !ours || notice.language === currentLanguage();
  };
  bind(text, render);
  void noticeIsOurs(notice).then((known) => {
    ours = known;
    if (known) fill(signed, ...wording(notice.language as Language));
    render();
  });
  return h("details", { testid: "prompt-notice" }, h("summary", {}, T("prompt_notice")), paragraphs, original, text);
}
