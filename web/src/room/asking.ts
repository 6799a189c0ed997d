// Keeps the prompt open as long as this person is asked and has not answered, and closes it when the question is gone.
import type { Meeting } from "./meeting.ts";
import type { KeptApproval } from "../store/approvals.ts";
import { openPrompt } from "./prompt_view.ts";
import type { Message } from "../i18n/i18n.ts";
import type { MeetingState } from "./state.ts";

export class Asking {
  private prompt: { close(): void; tell(words: Message): void; request: string } | null = null;
  private lastAnswer = "";

  /** `standing`: what was approved here before, in this room, and may be left; see `standingApprovals`. */
  constructor(private readonly meeting: Meeting, private readonly standing: () => KeptApproval[], gone: AbortSignal) {
    gone.addEventListener("abort", () => this.close());
  }

  ask(): void {
    const { answering, store } = this.meeting;
    const { request, room, where } = store.state;
    if (!request || this.prompt?.request === request.id) return;
    this.prompt?.close();
    // Another question may have taken its place; and an approval that was overtaken by a refusal leaves it open for that.
    const answered = (): void => {
      if (this.prompt?.request === request.id && store.state.answer !== "asked") this.close();
    };
    this.prompt = { request: request.id, ...openPrompt(room, request, this.standing(), where, {
      approve: (scope) => answering.approve(scope).then(answered),
      refuse: () => answering.refuse().then(answered),
      takeBack: (recording) => answering.withdraw(recording),
    }) };
  }

  draw(state: MeetingState): void {
    if (state.answer !== this.lastAnswer || (state.answer === "asked" && this.prompt?.request !== state.request?.id)) {
      this.lastAnswer = state.answer;
      if (state.answer === "asked") this.ask();
    }
    if (state.answer === "asked" && state.notice?.key === "problem_answer_arrived") this.prompt?.tell(state.notice); // the notice itself is behind the question
    if (!state.request || state.answer === "withdrawn") this.close();
  }

  close(): void {
    this.prompt?.close();
    this.prompt = null;
  }
}
