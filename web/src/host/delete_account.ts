// Deleting the account: a button, then a dialog that says what is lost, and asks for the password. Nothing undoes it.
import { T, type Message } from "../i18n/i18n.ts";
import { api, Problem } from "../net/api.ts";
import { dialog } from "../ui/dialog.ts";
import { busy, field, h } from "../ui/dom.ts";
import { inWords } from "../ui/problems.ts";

/** The section of the host page with the button; `deleted` is called when the service has erased everything. */
export function deleteAccountSection(user: string, deleted: () => void): HTMLElement {
  const open = h("button", { testid: "account-delete", type: "button", on: { click: () => openDialog(user, deleted) } }, T("account_delete"));
  return h("section", {}, h("h2", {}, T("account_title")), h("p", { class: "muted" }, T("account_delete_lead")), h("p", {}, open));
}

function openDialog(user: string, deleted: () => void): void {
  const password = h("input", { testid: "account-delete-password", type: "password", autocomplete: "current-password", required: true });
  const problem = h("p", { class: "problem", role: "alert", testid: "account-delete-error" });
  const confirm = h("button", { testid: "account-delete-confirm", class: "danger" }, T("account_delete_confirm"));
  const cancel = h("button", { testid: "account-delete-cancel", type: "button", on: { click: () => box.close() } }, T("cancel"));
  const run = busy(confirm, problem, async () => {
    await api.deleteAccount(password.value);
    box.close();
    deleted();
  }, explain);
  const box = dialog("account-delete-dialog", T("account_delete_title", { user }), [
    h("p", {}, T("account_delete_erased")), h("p", {}, T("account_delete_not_erased")),
    h("form", { on: { submit: (event) => { event.preventDefault(); run(); } } },
      field(T("password"), password), problem, h("div", { class: "actions" }, cancel, confirm)),
  ], { dismiss: "escape" });
  box.open();
}

function explain(error: unknown): Message {
  return error instanceof Problem && error.code === "wrong_credentials" ? T("account_delete_wrong_password") : inWords(error);
}
