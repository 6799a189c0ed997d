// The recording sign: colour, icon, words, the document's title and a spoken announcement; never colour alone.
// It follows the gate as the service tells it, so it is red from the opening to the closing instant.
import type { Role } from "../core/statements.ts";
import { sayDate, T, type Message, type TextKey } from "../i18n/i18n.ts";
import { TEXTS } from "../i18n/texts/index.ts";
import { fill, fillIfNew, h, type Child } from "../ui/dom.ts";
import { prefixTitle } from "../ui/frame.ts";
import { icon } from "../ui/icons.ts";
import type { MeetingState } from "./state.ts";

export type SignState = "off" | "waiting" | "recording" | "paused";

export function signState({ request, gate, hasRecorded }: MeetingState): SignState {
  if (gate.state === "open") return "recording";
  if (!request) return "off";
  return hasRecorded ? "paused" : "waiting";
}

/** Names of those the gate waits for, as far as the roster knows them. */
export function waitingFor({ gate, roster, participant }: MeetingState): Message[] {
  return gate.waiting_for.flatMap((id) => {
    if (id === participant) return [T("you")];
    const name = roster.find((entry) => entry.participant === id)?.name;
    return name === undefined ? [] : [T("plain", { text: name })];
  });
}

/** Why the gate is closed, and who has not approved yet where that is the reason. The words are listed in docs/API.md. */
export function gateReason(state: MeetingState): Message {
  const { reason } = state.gate;
  const names = reason === "no_request" || reason === "no_host" ? [] : waitingFor(state);
  const key = `reason_${reason}`;
  const why = key in TEXTS && key !== "reason_waiting" ? T(key as TextKey) : null;
  const { people, approved } = state.gate.answers;
  if (state.request && !state.request.body.names_refusals && approved < people && reason !== "no_host") {
    return why ? T("reason_and_counts", { why, approved, people }) : T("reason_counts", { approved, people });
  }
  if (names.length === 0) return why ?? T("reason_waiting");
  return why ? T("reason_and_waiting_for", { why, names }) : T("reason_waiting_for", { names });
}

/** The number of the take that is recorded, if no host countersigned it: who is in it is the service's word only (docs/adr/0001). */
function unconfirmedTake({ gate, take }: MeetingState): number | null {
  return gate.state === "open" && take !== null && take.number === gate.take && !take.countersigned ? take.number : null;
}

export class RecordingSign {
  readonly element = h("section", { class: "recording-sign", testid: "recording-sign", data: { state: "off" }, hidden: true, "aria-label": T("sign_label") });
  private readonly words = h("div", { class: "words" });
  /** Announced once per change, not on every redraw. */
  readonly spoken = h("div", { class: "visually-hidden", role: "status", "aria-live": "assertive" });
  /** That no host's page countersigned the take that is recorded, and what to do then. Spoken once per take. */
  readonly warning = h("p", { class: "note warning", testid: "not-countersigned", role: "alert", hidden: true });
  private shown = "";

  constructor(withdraw: HTMLElement, private readonly role: Role) {
    this.element.append(this.words, withdraw);
    // It stays in front of what is scrolled under it; style/base.css keeps what has the focus out from there.
    new ResizeObserver(() => document.documentElement.style.setProperty("--sign-height", `${this.element.offsetHeight}px`)).observe(this.element);
  }

  draw(state: MeetingState): void {
    const now = signState(state);
    const key = JSON.stringify([now, state.gate, state.take, state.answer, state.scope, state.request?.id, state.roster]);
    if (key === this.shown) return;
    const before = this.element.dataset["state"];
    this.shown = key;
    Object.assign(this.element.dataset, { state: now, reason: state.gate.reason });
    this.element.hidden = now === "off";
    prefixTitle(now === "recording" ? T("title_recording") : null);
    fill(this.words, ...this.say(now, state));
    if (before !== now) fill(this.spoken, T(`spoken_${now}`));
    this.warn(unconfirmedTake(state));
  }

  private warn(take: number | null): void {
    this.warning.hidden = take === null;
    fillIfNew(this.warning, take, () => (take === null ? [] : [icon("warning"), " ", T(`not_countersigned_${this.role}`)]));
  }

  private say(now: SignState, state: MeetingState): Child[] {
    if (now === "off") return [];
    if (now !== "recording") return [icon(now === "paused" ? "pause" : "waiting"), h("div", {}, h("strong", {}, T(`sign_${now}`)), gateReason(state))];
    const code = state.take
      ? h("span", {}, T("short_code"), " ", h("span", { class: "short-code", testid: "short-code" }, state.take.code), " ", h("small", { testid: "short-code-hint" }, T("short_code_hint")))
      : null;
    const vouched = state.take?.countersigned ?? false;
    const word = state.take ? h("span", { testid: "countersigned", data: { state: vouched ? "yes" : "no" } }, T(vouched ? "countersigned" : "not_countersigned")) : null;
    return [icon("record"), h("div", {}, h("strong", {}, T("sign_recording")), this.ofMe(state), code ? h("span", {}, " · ", code) : null, word ? h("span", {}, " · ", word) : null)];
  }

  private ofMe({ scope, request }: MeetingState): Child {
    const kinds = scope.map((kind) => T(`kind_${kind}`));
    const until = request ? sayDate(new Date(request.body.delete_after_ms)) : "";
    return kinds.length === 0 ? T("sign_nothing_of_you") : T("sign_of_you", { kinds, until });
  }
}
