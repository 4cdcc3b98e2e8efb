"use strict";
// What pages do beyond HTML and HTMX. Without this file every form and link still works.
(() => {
  document.documentElement.classList.add("js");
  const words = document.getElementById("notices").dataset;
  const said = document.getElementById("said");

  const say = (sentence) => {
    said.textContent = "";
    setTimeout(() => { said.textContent = sentence; }, 100); // a change is announced, the same text again isn't
  };

  // --- Countdown: <span data-until="2027-05-15T12:00:00Z" data-now="…" data-over="#expired">
  // data-now is the server's time when the page was made: clocks at home go wrong.
  const counted = new WeakMap();

  const count = (element) => {
    const { until, now, over } = element.dataset;
    if (counted.get(element)?.until !== until) {
      counted.set(element, { until, behind: now ? Date.parse(now) - Date.now() : 0, spoken: Infinity });
    }
    const state = counted.get(element);
    const seconds = Math.max(0, Math.ceil((Date.parse(until) - Date.now() - state.behind) / 1000));
    const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const text = seconds ? words.left.replace("{left}", left) : words.over;
    if (element.textContent !== text) element.textContent = text;
    const step = seconds === 0 ? 0 : seconds <= 60 ? 1 : seconds <= 300 ? 5 : 99;
    if (step < state.spoken) {
      const sentence = { 0: words.over, 1: words.last, 5: words.soon.replace("{minutes}", Math.ceil(seconds / 60)) };
      if (step < 99) say(sentence[step]);
      state.spoken = step;
    }
    element.closest(".hold")?.classList.toggle("is-soon", seconds <= 300);
    element.closest(".hold")?.classList.toggle("is-over", seconds === 0 && Boolean(over));
    if (seconds === 0 && over) document.querySelectorAll(over).forEach((hidden) => { hidden.hidden = false; });
  };
  const countAll = () => document.querySelectorAll("[data-until]").forEach(count);
  countAll();
  setInterval(countAll, 1000);

  // --- What needs attention after a page or a part of it has come: faults, refusals.
  const attend = (root) => {
    const first = root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]");
    first?.focus();
    first?.scrollIntoView({ block: "center" });
  };
  attend(document);
  document.addEventListener("htmx:afterSettle", (event) => {
    countAll();
    attend(event.target);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    // Old news goes when somebody does the next thing, not when a page refreshes itself.
    if (event.detail.requestConfig?.triggeringEvent?.isTrusted) document.getElementById("notices").replaceChildren();
  });

  const unreachable = () => {
    const box = document.createElement("div");
    box.className = "kern-alert kern-alert--danger";
    box.tabIndex = -1;
    const body = document.createElement("p");
    body.className = "kern-alert__header kern-body";
    body.textContent = words.offline;
    box.append(body);
    document.getElementById("notices").replaceChildren(box);
    box.focus();
  };
  document.addEventListener("htmx:sendError", unreachable);
  document.addEventListener("htmx:timeout", unreachable);

  // --- Ask before: <form data-confirm="Wirklich stornieren?" data-yes="Ja, stornieren">
  // In the question, {n} is how many boxes with data-cents are ticked in the form, {sum} what they come to.
  const dialog = document.getElementById("ask-first");
  let waiting = null;

  const question = (form) => {
    const ticked = [...form.querySelectorAll("[data-cents]:checked")];
    const euros = ticked.reduce((sum, box) => sum + Number(box.dataset.cents), 0) / 100;
    const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "EUR" });
    return form.dataset.confirm.replace("{n}", ticked.length).replace("{sum}", money.format(euros));
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.confirm || waiting?.agreed) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // before HTMX hears of it
    waiting = { form, submitter: event.submitter };
    const yes = dialog.querySelector("button[value=yes] .kern-label");
    yes.dataset.usual ??= yes.textContent;
    yes.textContent = form.dataset.yes || yes.dataset.usual;
    dialog.querySelector("#ask-first-question").textContent = question(form);
    dialog.returnValue = "";
    dialog.showModal();
  }, true);
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes" && waiting) {
      waiting.agreed = true;
      waiting.form.requestSubmit(waiting.submitter);
    }
    waiting = null;
  });

  // --- A form that changes something is sent once, however often its button is clicked; again when an answer has
  // come, when somebody comes back to the page, or when it seems lost.
  const again = () => document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if ("sent" in form.dataset) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "";
    setTimeout(() => { delete form.dataset.sent; }, 10000);
  }, true);
  window.addEventListener("pageshow", again);
  document.addEventListener("htmx:afterRequest", again);

  // --- Buttons
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (dialog.contains(button)) dialog.close(button.value);
    else if ("print" in button.dataset) window.print();
    else if ("copy" in button.dataset) {
      const address = new URL(button.dataset.copy || location.href, location.href).href;
      const done = () => { (button.querySelector(".kern-label") ?? button).textContent = words.copied; say(words.copied); };
      navigator.clipboard?.writeText(address).then(done, () => window.prompt("", address)) ?? window.prompt("", address);
    }
  });
})();
