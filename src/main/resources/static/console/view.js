// Helpers that all pages use to show things. Text is only ever set as text, never as HTML.

export const byId = (id) => document.getElementById(id);

/** An element; attributes that begin with "on" are listeners. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat());
  return element;
}

export function show(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

/** Shows what is wrong; an empty text: all is well. */
export function say(text) {
  byId("trouble").hidden = !text;
  show("trouble", text);
}

export const number = (value) => (value === null || value === undefined ? "–" : Number(value).toLocaleString("en"));

/** In UTC, to the second; what is no time that the browser knows is shown as it is. */
export function time(text) {
  if (!text) return "–";
  const date = new Date(text);
  return isNaN(date) ? String(text) : date.toISOString().replace("T", " ").slice(0, 19) + "Z";
}

export function age(ms) {
  if (ms === null || ms === undefined || isNaN(ms)) return "–";
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + (s % 60) + " s";
  if (s < 86400) return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
  return Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
}

export const since = (text) => (text ? age(Date.now() - Date.parse(text)) : "–");

const KINDS = {
  good: ["healthy", "reachable", "closed", "running", "idle", "delivering", "standing by", "delivered", "fenced"],
  warn: ["not fenced", "degraded", "half open", "paused", "queue full", "waiting", "starting", "not configured", "stale", "parked", "stuck"],
  bad: ["unhealthy", "unreachable", "refuses writes", "open", "stopped", "not relaying", "failing", "dead letter"],
};

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export const words = (value) => (value ? String(value).replaceAll("_", " ") : "unknown");

/** A state as a word; its colour only repeats what the word says. */
export function showState(element, value) {
  const text = words(value);
  if (element.textContent !== text) element.textContent = text;
  element.className = "state " + (Object.keys(KINDS).find((kind) => KINDS[kind].includes(text)) || "unknown");
  return element;
}

export const state = (value) => showState(el("span"), value);

const nameOf = (element) => element.getAttribute("aria-label") || element.getAttribute("href");

/**
 * Lays out a table that exists in the page and returns what fills it. A cell that would look the same is left alone: focus and
 * selection stay.
 *
 * @param columns each a heading, what a row shows there, and a class
 * @param none what stands there without rows
 */
export function table(id, columns, none) {
  const body = el("tbody");
  const line = (text) => el("tr", {}, el("td", { colspan: columns.length, class: "empty" }, text));
  byId(id).replaceChildren(
    el("thead", {}, el("tr", {}, columns.map(([heading, , kind]) => el("th", { scope: "col", class: kind }, heading)))), body);
  body.append(line("Loading …"));
  return (rows, empty = none) => {
    const focused = body.contains(document.activeElement) && nameOf(document.activeElement);
    const wanted = rows.map((row) => el("tr", {}, columns.map(([heading, cell, kind]) =>
      el("td", { class: kind, "data-heading": heading }, cell(row) ?? "–"))));
    if (rows.length === 0) wanted.push(line(empty));
    wanted.forEach((tr, n) => {
      const old = body.rows[n];
      if (!old || old.cells.length !== tr.cells.length) old ? old.replaceWith(tr) : body.append(tr);
      else [...tr.cells].forEach((td, i) => { if (!td.isEqualNode(old.cells[i])) old.cells[i].replaceWith(td); });
    });
    while (body.rows.length > wanted.length) body.lastChild.remove();
    if (focused && !body.contains(document.activeElement)) {
      [...body.querySelectorAll("a, button")].find((e) => nameOf(e) === focused)?.focus();
    }
  };
}

/** Replaces the children, unless they would look the same: then focus and selection stay. */
export function replace(id, elements) {
  const before = [...byId(id).children];
  if (before.length !== elements.length || elements.some((e, n) => !e.isEqualNode(before[n]))) byId(id).replaceChildren(...elements);
}

/** Does the work now and at every interval; not while the page is hidden, and never twice at once. */
export function repeat(work, intervalMs) {
  let busy = false;
  const once = async () => {
    if (busy || document.hidden) return;
    busy = true;
    await work().finally(() => { busy = false; });
  };
  once();
  setInterval(once, intervalMs);
  document.addEventListener("visibilitychange", once);
  return once;
}
