// Log in, and create an account: used by the start page and by the host page while nobody is logged in.
import { T } from "../i18n/i18n.ts";
import { api, type Config } from "../net/api.ts";
import { busy, field, h } from "../ui/dom.ts";
import { inWords } from "../ui/problems.ts";

/** Calls `entered` after a successful login or registration. */
export function accountForms(config: Config, entered: () => void): HTMLElement {
  return h("div", { class: "pair" }, loginForm(entered), config.registration === "closed" ? closed() : registerForm(config, entered));
}

function loginForm(entered: () => void): HTMLElement {
  const user = h("input", { testid: "login-user", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: "false" });
  const password = h("input", { testid: "login-password", type: "password", autocomplete: "current-password", required: true });
  const submit = h("button", { testid: "login-submit", class: "primary" }, T("login_submit"));
  const problem = h("p", { testid: "login-error", class: "problem", role: "alert" });
  const run = busy(submit, problem, async () => {
    await api.login(user.value.trim().toLowerCase(), password.value);
    entered();
  }, inWords);
  return h("form", { class: "card", "aria-labelledby": "login-title", on: { submit: (event) => { event.preventDefault(); run(); } } },
    h("h2", { id: "login-title" }, T("login_title")), field(T("user"), user), field(T("password"), password), problem, submit);
}

function registerForm(config: Config, entered: () => void): HTMLElement {
  const user = h("input", { testid: "register-user", autocomplete: "username", required: true, maxlength: "40", autocapitalize: "none", spellcheck: "false" });
  const email = h("input", { testid: "register-email", type: "email", autocomplete: "email", required: true });
  const password = h("input", { testid: "register-password", type: "password", autocomplete: "new-password", required: true, minlength: "10" });
  const invitation = config.registration === "invitation" ? h("input", { testid: "register-invitation", required: true, autocomplete: "off" }) : null;
  const submit = h("button", { testid: "register-submit", class: "primary" }, T("register_submit"));
  const problem = h("p", { testid: "register-error", class: "problem", role: "alert" });
  const run = busy(submit, problem, async () => {
    await api.register(user.value.trim().toLowerCase(), email.value.trim(), password.value, invitation?.value.trim() ?? null);
    entered();
  }, inWords);
  return h("form", { class: "card", "aria-labelledby": "register-title", on: { submit: (event) => { event.preventDefault(); run(); } } },
    h("h2", { id: "register-title" }, T("register_title")), h("p", { class: "muted" }, T("register_lead")),
    field(T("user"), user, T("user_hint")), field(T("email"), email), field(T("password"), password, T("password_hint")),
    invitation ? field(T("invitation"), invitation) : null, problem, submit);
}

function closed(): HTMLElement {
  return h("section", { class: "card" }, h("h2", {}, T("register_title")), h("p", {}, T("register_closed")));
}
