// Before the meeting: a name, a look at oneself, the privacy notice once, join.
import { T, type Message } from "../i18n/i18n.ts";
import { cleanName } from "../core/wrapped.ts";
import { checkbox, field, fill, h, type Child } from "../ui/dom.ts";
import { deviceButton } from "./controls.ts";
import type { LocalMedia } from "./media.ts";

const COOKIE = "unavoce_privacy=1";
const YEAR_S = 365 * 24 * 3600;

const privacyAccepted = (): boolean => document.cookie.split("; ").includes(COOKIE);
function acceptPrivacy(): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}; Max-Age=${YEAR_S}; Path=/; SameSite=Strict${secure}`;
}

export interface JoinWish { name: string }
/** `fail` gives the form back; `wait` says why it takes longer; `devicesAsked`: the browser has answered, so say what is missing. */
export interface JoinView { element: HTMLElement; fail(problem: Message): void; wait(words: Message): void; devicesAsked(): void }

export function joinView(title: string, about: Child[], knownName: string, media: LocalMedia, join: (wish: JoinWish) => void): JoinView {
  const name = h("input", { testid: "join-name", required: true, maxlength: "60", autocomplete: "nickname", value: knownName });
  const privacy = privacyAccepted() ? null : checkbox("join-privacy", T("join_privacy"), undefined, { required: true });
  const submit = h("button", { class: "primary", testid: "join-submit" }, T("join_submit"));
  const problem = h("p", { class: "problem", role: "alert", testid: "join-error" });
  const fail = (words: Message): void => {
    submit.removeAttribute("aria-busy");
    fill(problem, words);
  };
  const form = h("form", { class: "card", on: { submit: (event) => {
    event.preventDefault();
    if (submit.getAttribute("aria-busy") === "true") return;
    const clean = cleanName(name.value);
    if (clean === "") return fail(T("join_name_missing"));
    if (privacy) acceptPrivacy();
    submit.setAttribute("aria-busy", "true");
    fill(problem);
    join({ name: clean });
  } } },
    field(T("join_name"), name, T("join_name_hint")),
    privacy ? privacy.row : null,
    privacy ? h("p", {}, h("a", { href: "/privacy", target: "_blank", rel: "noopener" }, T("join_privacy_read"))) : null,
    problem, submit);
  const missing = h("p", { class: "note warning", role: "status", testid: "join-devices-missing", hidden: true });
  const element = h("div", {}, h("p", { class: "muted" }, T("join_to")), h("h1", { testid: "room-title-text" }, title), ...about,
    h("div", { class: "join" }, h("div", {}, preview(media), devices(media, fail), missing), form));
  let asked = false;
  const drawMissing = (): void => {
    const [microphone, camera] = [media.track("microphone") !== null, media.track("camera") !== null];
    const words = microphone && camera ? null : !microphone && !camera ? T("devices_none") : T(camera ? "mic_none" : "camera_none");
    missing.hidden = !asked || words === null;
    fill(missing, words);
  };
  media.onChange(drawMissing);
  return { element, fail, wait: (words) => fill(problem, words), devicesAsked: () => { asked = true; drawMissing(); } };
}

function preview(media: LocalMedia): HTMLElement {
  const video = h("video", { testid: "join-preview", playsinline: true, autoplay: true, "aria-label": T("join_preview"), tabindex: "-1" });
  video.muted = true;
  const words = h("p", {}, T("join_no_camera"));
  const draw = (): void => {
    const on = media.isOn("camera");
    video.hidden = !on;
    words.hidden = on;
    if (video.srcObject === null && media.track("camera")) video.srcObject = media.camera;
  };
  media.onChange(draw);
  draw();
  return h("div", { class: "preview" }, video, words);
}

function devices(media: LocalMedia, fail: (words: Message) => void): HTMLElement {
  return h("div", {}, h("div", { class: "device-row" }, deviceButton("microphone", media, fail, "join-microphone"), deviceButton("camera", media, fail, "join-camera")),
    h("p", { class: "hint" }, T("join_devices_hint")));
}
