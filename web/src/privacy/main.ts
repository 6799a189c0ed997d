// The privacy page: who is responsible (as the service says), what is kept where and for how long, and people's rights.
import { T } from "../i18n/i18n.ts";
import { api } from "../net/api.ts";
import { fill, h } from "../ui/dom.ts";
import { ready, showPage } from "../ui/frame.ts";
import { inWords } from "../ui/problems.ts";
import { roomFacts } from "../ui/room_facts.ts";

const who = h("div", { testid: "privacy-controllers" }, h("p", { class: "muted" }, T("loading")));
showPage("privacy", T("privacy_title"), h("article", { class: "narrow prose" },
  h("h1", {}, T("privacy_title")), h("p", { class: "lead" }, T("privacy_lead")),
  h("h2", {}, T("privacy_who")), who, h("p", { class: "muted" }, T("privacy_rooms")),
  h("h2", {}, T("privacy_meeting")), h("p", {}, T("privacy_meeting_1")), h("p", {}, T("privacy_meeting_2")), h("p", {}, T("privacy_meeting_3")),
  h("h2", {}, T("privacy_recording")), h("p", {}, T("privacy_recording_1")), h("p", {}, T("privacy_recording_2")), h("p", {}, T("privacy_recording_3")),
  h("h2", {}, T("privacy_device")), h("p", {}, T("privacy_device_1")), h("p", {}, T("privacy_device_2")), h("p", {}, T("privacy_device_3")),
  h("h2", {}, T("privacy_rights")), h("p", {}, T("privacy_rights_1"))));

void api.config()
  .then((config) => fill(who, roomFacts(config)), (error: unknown) => fill(who, h("p", { class: "problem", role: "alert" }, inWords(error))))
  .finally(ready);
