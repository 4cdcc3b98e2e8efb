"use strict";
// The mouse in the day's table: drag a booking elsewhere, pull its lower edge, mark a while to close it. All of it only
// fills in the forms to which the links lead, so nothing happens before somebody has seen what would.
(() => {
  const table = document.querySelector(".cal-day[data-day]");
  if (!table) return;
  const QUARTER = 15;
  const ENOUGH = 6; // pixels: less is a click
  const rows = [...table.tBodies[0].rows];
  let drag = null;

  const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  const round = (minutes) => Math.round(minutes / QUARTER) * QUARTER;

  // The time at a height of the table, in minutes since midnight: rows are not all as high as they last.
  const minuteAt = (y) => {
    const row = rows.find((each) => y < each.getBoundingClientRect().bottom) ?? rows[rows.length - 1];
    const { top, height } = row.getBoundingClientRect();
    const part = height ? Math.min(1, Math.max(0, (y - top) / height)) : 0;
    return Number(row.dataset.minute) + part * Number(row.dataset.minutes);
  };
  const cellAt = (x, y) => document.elementsFromPoint(x, y).find((each) => each.matches(".cal-day td"));

  const go = (address, fields) => {
    const url = new URL(address, location.href);
    for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
    location.assign(url);
  };

  // What would be wished if the mouse was let go here.
  const wished = (event) => {
    const moved = Math.round(minuteAt(event.clientY) - drag.from);
    if (drag.kind === "length") {
      const minutes = Math.max(10, drag.minutes + round(moved));
      return { text: `${clock(drag.minute)}–${clock(drag.minute + minutes)}`, fields: { dauer: minutes } };
    }
    if (drag.kind === "close") {
      const [first, last] = [drag.from, minuteAt(event.clientY)].sort((a, b) => a - b);
      const from = Math.floor(first / QUARTER) * QUARTER;
      const until = Math.min(1440, Math.max(from + QUARTER, Math.ceil(last / QUARTER) * QUARTER));
      return { text: `${clock(from)}–${clock(until)}`, fields: { von: clock(from), bis: clock(until) } };
    }
    const cell = cellAt(event.clientX, event.clientY);
    const start = Math.min(1425, Math.max(0, drag.minute + round(moved)));
    const fields = { tag: table.dataset.day, von: clock(start) };
    if (cell && cell.dataset.resource !== drag.resource) {
      fields[cell.dataset.kind === "venue" ? "trauort" : "person"] = cell.dataset.resource;
    }
    return { text: `${clock(start)}–${clock(start + drag.minutes)}`, fields, cell };
  };

  const stop = () => {
    drag?.ghost?.remove();
    drag?.target?.classList.remove("cal-target");
    drag?.entry?.classList.remove("cal-dragged");
    document.documentElement.classList.remove("cal-dragging");
    drag = null;
  };

  const begin = () => {
    drag.ghost = document.createElement("div");
    drag.ghost.className = "cal-ghost";
    drag.ghost.setAttribute("aria-hidden", "true");
    document.body.append(drag.ghost);
    drag.entry?.classList.add("cal-dragged");
    document.documentElement.classList.add("cal-dragging");
  };

  table.addEventListener("pointerdown", (event) => {
    // A finger scrolls; who has no mouse uses the link "Ändern".
    if (event.button !== 0 || event.pointerType === "touch") return;
    const entry = event.target.closest("[data-change]");
    const cell = event.target.closest("td");
    if (!cell || (!entry && !cell.matches(".cal-piece--open, .cal-piece--shut"))) return;
    const kind = !entry ? "close" : event.target.closest(".cal-grip") ? "length" : "move";
    drag = {
      kind, entry, resource: cell.dataset.resource, x: event.clientX, y: event.clientY, from: minuteAt(event.clientY),
      minute: Number(entry?.dataset.minute), minutes: Number(entry?.dataset.minutes),
    };
    if (kind === "length") event.preventDefault();
  });

  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (!drag.ghost) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < ENOUGH) return;
      begin();
    }
    const { text, cell } = wished(event);
    drag.ghost.textContent = text;
    // Positions follow the mouse through the style object, which the Content-Security-Policy allows.
    drag.ghost.style.left = `${event.clientX + 12}px`;
    drag.ghost.style.top = `${event.clientY + 12}px`;
    drag.target?.classList.remove("cal-target");
    drag.target = cell;
    cell?.classList.add("cal-target");
  });

  document.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { kind, entry, resource, ghost } = drag;
    const { fields } = ghost ? wished(event) : {};
    stop();
    if (!fields) return;
    // The click that ends a drag opens no link.
    const swallow = (click) => { click.preventDefault(); click.stopPropagation(); };
    document.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => document.removeEventListener("click", swallow, true), 0);
    if (kind === "close") go(table.dataset.closing, { ...fields, ressource: resource, vorschau: "ja" });
    else go(entry.dataset.change, fields);
  });

  document.addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
  document.addEventListener("pointercancel", stop);
  table.addEventListener("dragstart", (event) => event.preventDefault()); // links would be dragged as links
})();
