// Mute, camera, screen, leave: buttons whose words say what they do next, to everybody. That is why none is a toggle: "Unmute, pressed" would say both.
import { T, type Message, type TextKey } from "../i18n/i18n.ts";
import { fill, h } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";
import type { Device, LocalMedia } from "./media.ts";

const WORDS: Record<Device, { testid: string; on: TextKey; off: TextKey; none: TextKey }> = {
  microphone: { testid: "mute", on: "mic_mute", off: "mic_unmute", none: "mic_none" },
  camera: { testid: "camera", on: "camera_off", off: "camera_on", none: "camera_none" },
};

/** A button that turns a device off and on. It looks turned while it is off. */
export function deviceButton(device: Device, media: LocalMedia, tell: (words: Message) => void, testid = WORDS[device].testid): HTMLElement {
  const words = WORDS[device];
  const button = h("button", { type: "button", testid });
  const draw = (): void => {
    const on = media.isOn(device);
    button.classList.toggle("turned", !on);
    button.dataset["state"] = on ? "on" : media.track(device) ? "off" : "none";
    fill(button, icon(device), h("span", {}, T(on ? words.on : words.off)));
  };
  button.addEventListener("click", () => void media.turn(device, media.isOn(device) ? "off" : "on").then((there) => there || tell(T(words.none))));
  media.onChange(draw);
  draw();
  return button;
}

export function screenButton(media: LocalMedia): HTMLElement {
  const button = h("button", { type: "button", testid: "screen-share" });
  const draw = (): void => {
    button.classList.toggle("turned", media.screen !== null);
    button.dataset["state"] = media.screen ? "on" : "off";
    fill(button, icon("screen"), h("span", {}, T(media.screen ? "screen_stop" : "screen_share")));
  };
  button.addEventListener("click", () => {
    if (media.screen) media.stopScreen();
    else void media.shareScreen().catch(() => undefined); // the person closed the browser's chooser
  });
  media.onChange(draw);
  draw();
  return button;
}
