// A modal dialog on the browser's own <dialog>: it keeps the focus inside, makes the rest inert and gives the focus back.
import { fill, h, keepFocus, type Child } from "./dom.ts";

/** `retitle`: what was a question is answered; its name, which is the title, says so from then on. */
export interface Dialog { element: HTMLDialogElement; retitle(title: Child): void; open(): void; close(): void }

let titles = 0;

/** `dismiss: "explicit"` for questions that need an answer: Escape does not close them. */
export function dialog(testid: string, title: Child, content: Child[], options: { dismiss: "escape" | "explicit"; class?: string }): Dialog {
  const id = `dialog-${++titles}`;
  const heading = h("h2", { id, tabindex: "-1" }, title);
  const element = h("dialog", { testid, class: `dialog ${options.class ?? ""}`, "aria-labelledby": id }, heading, ...content);
  element.addEventListener("keydown", (event) => options.dismiss === "explicit" && event.key === "Escape" && event.preventDefault());
  element.addEventListener("cancel", (event) => options.dismiss === "explicit" && event.preventDefault());
  let wanted = false;
  // Chromium closes on a second request to close (the back gesture of a phone) whatever `cancel` says; a question that needs an answer comes back.
  element.addEventListener("close", () => {
    if (options.dismiss === "explicit" && wanted && element.isConnected) element.showModal();
    else keepFocus(); // Escape; what opened the dialog may be gone
  });
  return {
    element,
    retitle: (now) => fill(heading, now),
    open: () => {
      wanted = true;
      if (!element.isConnected) document.body.append(element);
      if (!element.open) element.showModal();
      heading.focus();
      element.scrollTop = 0;
    },
    close: () => {
      wanted = false;
      if (element.open) element.close();
      element.remove();
      keepFocus();
    },
  };
}
