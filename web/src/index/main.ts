// The start page: what this is, and the way in for hosts.
import { accountForms } from "../host/account_forms.ts";
import { T, type TextKey } from "../i18n/i18n.ts";
import { api } from "../net/api.ts";
import { fill, h } from "../ui/dom.ts";
import { ready, showPage } from "../ui/frame.ts";
import { icon, type Icon } from "../ui/icons.ts";
import { inWords } from "../ui/problems.ts";

const POINTS: [Icon, TextKey, TextKey][] = [
  ["check", "start_point_1_title", "start_point_1"],
  ["shield", "start_point_2_title", "start_point_2"],
  ["undo", "start_point_3_title", "start_point_3"],
];

const entrance = h("div", {}, h("p", { class: "muted" }, T("loading")));
showPage("index", T("start_title"),
  h("section", { class: "hero" }, h("h1", {}, T("start_title")), h("p", { class: "lead" }, T("start_lead"))),
  h("ul", { class: "points" }, ...POINTS.map(([drawing, title, text]) => h("li", {}, icon(drawing), h("h2", {}, T(title)), h("p", {}, T(text))))),
  h("p", { class: "note" }, T("start_guest")),
  entrance);

async function showEntrance(): Promise<void> {
  const [config, account] = await Promise.all([api.config(), api.account()]);
  if (account === null) fill(entrance, accountForms(config, () => location.assign("/host")));
  else fill(entrance, h("section", { class: "card" }, h("p", {}, T("logged_in_as", { user: account.user })), h("a", { class: "button primary", href: "/host" }, T("go_host"))));
}

void showEntrance().catch((error: unknown) => fill(entrance, h("p", { class: "problem", role: "alert" }, inWords(error)))).finally(ready);
