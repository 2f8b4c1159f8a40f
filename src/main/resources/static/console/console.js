// The console. Polls the endpoints under outbox/ and shows what they say; text is only ever set as text.
"use strict";

const POLL_MS = 2000;
/** At 2 s a point: an hour. */
const MOST_POINTS = 1800;
/** Of a poll; a database that does not answer takes the service 7 s at most to find out. */
const LONGEST_POLL_MS = 10000;

const byId = (id) => document.getElementById(id);

// ---- asking the service ------------------------------------------------------------------------------------------

async function ask(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  const key = sessionStorage.getItem("api-key");
  if (key) {
    headers["X-API-Key"] = key;
  }
  const response = await fetch(path, {
    ...options, headers, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(LONGEST_POLL_MS),
  });
  const body = await response.json().catch(() => null);
  return { status: response.status, ok: response.ok, body };
}

function trouble(answer) {
  if (answer.status === 401) {
    return "The API key is not known (401). Enter another one above.";
  }
  if (answer.status === 403) {
    return "The API key does not have the scope for this (403): outbox:read to look, outbox:operate to change.";
  }
  return (answer.body && answer.body.detail) || "The service answered " + answer.status + ".";
}

// ---- showing -----------------------------------------------------------------------------------------------------

const number = (value) => (value === null || value === undefined ? "–" : Number(value).toLocaleString("en"));

function age(ms) {
  if (!ms) return "–";
  const s = Math.floor(ms / 1000);
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + (s % 60) + " s";
  if (s < 86400) return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
  return Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
}

const time = (text) => (text ? new Date(text).toISOString().replace("T", " ").slice(0, 19) + "Z" : "–");

const KINDS = {
  good: ["healthy", "reachable", "closed", "running", "idle", "delivering", "standing by"],
  warn: ["degraded", "half open", "paused", "queue full", "waiting", "starting", "not configured", "stale", "parked"],
  bad: ["unhealthy", "unreachable", "open", "stopped", "not_relaying", "failing"],
};

function words(value) {
  return value ? String(value).replaceAll("_", " ") : "unknown";
}

function showWord(element, value) {
  const text = words(value);
  if (element.textContent !== text) element.textContent = text;
  const kind = Object.keys(KINDS).find((k) => KINDS[k].includes(text)) || "unknown";
  element.className = "word " + kind;
  return element;
}

const word = (value) => showWord(document.createElement("span"), value);

function show(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

function button(text, label, onClick, className = "") {
  const b = document.createElement("button");
  b.type = "button";
  b.textContent = text;
  b.className = className;
  b.setAttribute("aria-label", label);
  b.addEventListener("click", onClick);
  return b;
}

/** Fills a table's body, but leaves it alone while it would look the same: focus and selection stay. */
function fill(id, rows, none) {
  const body = byId(id).tBodies[0];
  const looks = JSON.stringify(rows.map((r) => r.looks));
  if (body.dataset.looks === looks) return;
  const focused = body.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  body.dataset.looks = looks;
  body.replaceChildren(...rows.map((r) => {
    const tr = document.createElement("tr");
    r.cells().forEach((cell) => {
      const td = document.createElement("td");
      td.className = cell.className || "";
      td.append(...[].concat(cell.content));
      tr.append(td);
    });
    return tr;
  }));
  if (rows.length === 0) {
    const td = document.createElement("td");
    td.colSpan = byId(id).tHead.rows[0].cells.length;
    td.className = "empty";
    td.textContent = none;
    body.insertRow().append(td);
  }
  if (focused) {
    [...body.querySelectorAll("button")].find((b) => b.getAttribute("aria-label") === focused)?.focus();
  }
}

const cell = (content, className) => ({ content: content === null || content === undefined ? "–" : content, className });
const count = (value) => cell(number(value), "number");

// ---- now ---------------------------------------------------------------------------------------------------------

function showHealth(answer) {
  const health = answer.body;
  showWord(byId("verdict"), health && health.status ? health.status : "unknown");
  const findings = (health && health.details && health.details.findings) || [];
  const list = byId("findings");
  if (list.dataset.looks !== JSON.stringify(findings)) {
    list.dataset.looks = JSON.stringify(findings);
    list.replaceChildren(...findings.map((finding) => {
      const li = document.createElement("li");
      li.textContent = finding;
      return li;
    }));
  }
}

function showStatus(status) {
  show("pending", number(status.pending));
  show("oldest", age(status.oldest_pending_age_ms));
  show("parked", number(status.parked));
  const depths = status.partitions.map((p) => p.queue_depth).filter((d) => d !== null);
  show("depth", depths.length ? number(Math.max(...depths)) : "–");
  showWord(byId("redis"), status.redis);
  showWord(byId("breaker"), status.breaker);
  showWord(byId("database"), status.stale && status.database.reachable ? "stale" : status.database.reachable ? "reachable" : "unreachable");
  show("last-error", status.last_error ? "Last error, " + time(status.last_error_at) + ": " + status.last_error : "");
  fill("partitions", status.partitions.map((p) => ({
    looks: [p.partition_id, p.state, p.relay_state, p.pending, age(p.oldest_pending_age_ms), p.parked,
      p.delivered_position, p.last_position, p.last_delivered_at, p.last_error, p.instance],
    cells: () => [
      cell("Partition " + p.partition_id, "nowrap"), cell(word(p.state)), cell(word(p.relay_state)), count(p.pending),
      cell(age(p.oldest_pending_age_ms), "number nowrap"), count(p.parked),
      cell(number(p.delivered_position) + " / " + number(p.last_position), "number"),
      cell(time(p.last_delivered_at), "nowrap"), cell(partitionButtons(p), "nowrap"), cell(p.last_error || "–", "small"),
    ],
  })), status.database.reachable ? "No partition." : "The database does not answer.");
  point(status);
}

function partitionButtons(p) {
  const change = { running: "pause", paused: "resume", stopped: "release" }[p.state];
  return change
    ? button(capital(change) + " …", capital(change) + " partition " + p.partition_id, () => changeDialog(change, p.partition_id))
    : "–";
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

// ---- plots -------------------------------------------------------------------------------------------------------

const backlogPoints = [[], []];
let throughputPoints = [[], []];
const plots = {};

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function plot(id, data, label, bars) {
  const element = byId(id);
  if (!window.uPlot || element.clientWidth === 0) return;
  if (plots[id]) {
    plots[id].setData(data);
    return;
  }
  const clock = (u, ticks) => ticks.map((t) => new Date(t * 1000).toISOString().slice(11, bars ? 16 : 19));
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  plots[id] = new uPlot({
    width: element.clientWidth, height: 190, legend: { show: false }, tzDate: (t) => uPlot.tzDate(new Date(t * 1000), "Etc/UTC"), cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (u, least, most) => [0, Math.max(5, Math.ceil((most || 0) * 1.15))] } },
    axes: [{ ...axis, space: 70, values: clock }, { ...axis, size: 58, values: (u, ticks) => ticks.map((t) => (Number.isInteger(t) ? number(t) : "")) }],
    series: [{}, { label, stroke: colour("--accent"), fill: colour("--fill"), width: 2, points: { show: false },
      paths: bars ? uPlot.paths.bars({ size: [0.9, 60], align: 1 }) : uPlot.paths.stepped({ align: 1 }) }],
  }, data, element);
}

function redraw() {
  for (const id of Object.keys(plots)) {
    plots[id].destroy();
    delete plots[id];
  }
  drawBacklog();
  drawThroughput();
}

function drawBacklog() {
  const [times, pending] = backlogPoints;
  plot("backlog-plot", backlogPoints, "pending", false);
  if (times.length > 0) {
    show("backlog-words", "Now " + number(pending[pending.length - 1]) + "; most " + number(Math.max(...pending))
      + "; seen for " + age((times[times.length - 1] - times[0]) * 1000 || 1000) + ".");
  }
}

function drawThroughput() {
  const [times, delivered] = throughputPoints;
  // An end to the last bar, and no bar where there was nothing.
  const end = times.length === 0 ? [] : [times[times.length - 1] + 60];
  plot("throughput-plot", [[...times, ...end], [...delivered.map((d) => d || null), ...end.map(() => null)]], "delivered", true);
  show("throughput-words", delivered.length === 0 ? "Nothing was delivered in the last day." : "In the last day "
    + number(delivered.reduce((a, b) => a + b, 0)) + "; most in a minute " + number(Math.max(...delivered)) + ".");
}

function point(status) {
  const [times, pending] = backlogPoints;
  times.push(Date.parse(status.now) / 1000);
  pending.push(status.pending);
  if (times.length > MOST_POINTS) {
    times.shift();
    pending.shift();
  }
  drawBacklog();
}

/** A minute without a row is a minute in which nothing was delivered. */
function showThroughput(rows) {
  const times = [];
  const delivered = [];
  if (rows.length > 0) {
    const byMinute = new Map(rows.map((r) => [Date.parse(r.minute_at) / 60000, r.delivered]));
    const last = Math.floor(Date.now() / 60000);
    const first = Math.min(...byMinute.keys(), last - 15);
    for (let minute = Math.max(first, last - 1440); minute <= last; minute++) {
      times.push(minute * 60);
      delivered.push(byMinute.get(minute) || 0);
    }
  }
  throughputPoints = [times, delivered];
  drawThroughput();
}

// ---- messages ----------------------------------------------------------------------------------------------------

const search = { state: "pending", model: "", id: "", after: null, page: 1, next: null };

function searchPath() {
  const query = new URLSearchParams({ state: search.state, limit: "20" });
  if (search.model) query.set("model", search.model);
  if (search.id) query.set("message_id", search.id);
  if (search.after !== null) query.set("after", search.after);
  return "outbox/messages?" + query;
}

function showMessages(page) {
  const extra = { pending: "Waits for", parked: "Reason", delivered: "Delivered" }[search.state];
  show("messages-extra", extra);
  fill("messages", page.messages.map((m) => ({
    looks: [search.state, m.id, m.position, search.state === "pending" ? age(Date.now() - Date.parse(m.created_at)) : m.delivered_at],
    cells: () => [
      cell(m.model),
      cell(button(m.message_id, "Life of message " + m.message_id, () => showLife(m.message_id), "link"), "nowrap"),
      count(m.copy_no), count(m.partition_id), count(m.position), cell(time(m.created_at), "nowrap"),
      cell(search.state === "pending" ? age(Date.now() - Date.parse(m.created_at))
        : search.state === "parked" ? m.reason : time(m.delivered_at)),
      cell(messageButtons(m), "nowrap"),
    ],
  })), "None.");
  search.next = page.next;
  byId("next").disabled = page.next === null;
  byId("first").disabled = search.page === 1;
  show("page-words", "Page " + search.page + ": " + page.messages.length + (page.messages.length === 1 ? " message" : " messages")
    + (page.next === null ? ", the last page." : ", more follow."));
}

function messageButtons(m) {
  if (search.state !== "parked") {
    return search.state === "delivered"
      ? button("Send again …", "Send message " + m.message_id + " again", () => resendDialog({ partition: m.partition_id, from_position: m.position, to_position: m.position }))
      : "–";
  }
  return ["requeue", "discard"].map((decision) => button(capital(decision) + " …", capital(decision) + " message " + m.message_id,
    () => operationDialog({
      title: capital(decision) + " a parked message",
      text: decision === "requeue" ? "A copy of " + m.message_id + " (" + m.model + ") is appended at the end. Redis refused it before: "
        + m.reason : m.message_id + " (" + m.model + ") is never sent. Redis refused it: " + m.reason,
      path: "outbox/parked/" + encodeURIComponent(m.message_id) + "/" + decision, fields: [],
    })));
}

async function showLife(id) {
  const answer = await ask("outbox/messages/" + encodeURIComponent(id)).catch(() => null);
  if (!answer || !answer.ok) {
    say(answer ? trouble(answer) : "The service does not answer.");
    return;
  }
  const life = answer.body;
  show("life-head", life.model + ", " + life.message_type + ", partition " + life.partition_id + ", " + life.message_id);
  byId("life-events").replaceChildren(...life.events.map((e) => {
    const li = document.createElement("li");
    li.textContent = words(e.event) + (e.copy_no ? " (copy " + e.copy_no + ")" : "") + (e.at ? ", " + time(e.at) : "")
      + (e.detail ? ": " + e.detail : "");
    return li;
  }));
  byId("life-payload").textContent = JSON.stringify(life.payload, null, 2);
  byId("life").showModal();
}

// ---- operations --------------------------------------------------------------------------------------------------

let operation = null;

function changeDialog(change, partition) {
  const whom = partition === "all" ? "all partitions" : "partition " + partition;
  const texts = {
    pause: "Nothing is sent from " + whom + " until it is resumed; registrations are accepted and wait.",
    resume: whom + ": what waits is sent.",
    release: "The relay goes on from the newest checkpoint that Redis and this database both know. Be sure that no copy of"
      + " this database runs against the same Redis: docs/runbook.md, stopped-partition.",
  };
  operationDialog({ title: capital(change) + " " + whom, text: texts[change], path: "outbox/partitions/" + partition + "/" + change, fields: [] });
}

function resendDialog(values) {
  operationDialog({
    title: "Send again", path: "outbox/resend", idempotent: true,
    text: "Delivered messages that fit all that is given are sent again, as copies at the end; consumers see the same message_id.",
    fields: [
      { name: "model", label: "Model" }, { name: "partition", label: "Partition", number: true },
      { name: "from_position", label: "From position", number: true }, { name: "to_position", label: "To position", number: true },
      { name: "delivered_from", label: "Delivered from (for example 2026-11-23T12:00:00Z)" },
      { name: "delivered_before", label: "Delivered before" },
    ], values,
  });
}

function operationDialog(wanted) {
  operation = { ...wanted, key: crypto.randomUUID ? crypto.randomUUID() : String(Date.now()) + Math.random(), tried: null };
  show("operation-title", wanted.title);
  show("operation-words", wanted.text);
  byId("operation-fields").replaceChildren(...wanted.fields.map((f) => {
    const p = document.createElement("p");
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.id = "field-" + f.name;
    input.value = (wanted.values && wanted.values[f.name]) ?? "";
    input.inputMode = f.number ? "numeric" : "text";
    label.htmlFor = input.id;
    label.textContent = f.label;
    p.append(label, input);
    return p;
  }));
  byId("reason").value = "";
  byId("operation-answer").hidden = true;
  byId("execute").disabled = true;
  byId("operation").showModal();
  byId("operation").querySelector("input").focus();
}

function operationBody() {
  const body = { reason: byId("reason").value };
  operation.fields.forEach((f) => {
    const text = byId("field-" + f.name).value.trim();
    if (text) body[f.name] = f.number && /^-?\d+$/.test(text) ? Number(text) : text;
  });
  return body;
}

async function run(dryRun) {
  const body = operationBody();
  const tried = JSON.stringify(body);
  const headers = { "Content-Type": "application/json" };
  if (operation.idempotent && !dryRun) headers["Idempotency-Key"] = operation.key;
  byId("dry-run").disabled = true;
  byId("execute").disabled = true;
  const answer = await ask(operation.path, { method: "POST", headers, body: JSON.stringify({ ...body, dry_run: dryRun }) })
    .catch(() => null);
  byId("dry-run").disabled = false;
  const done = byId("operation-answer");
  done.hidden = false;
  done.textContent = !answer ? "The service does not answer; look at what operators did before you ask again."
    : !answer.ok ? trouble(answer) : (dryRun ? "" : answer.body.executed ? "Done. " : "Nothing done. ") + answer.body.detail;
  operation.tried = answer && answer.ok && dryRun ? tried : null;
  byId("execute").disabled = operation.tried === null || answer.body.messages === 0 && answer.body.partitions.length === 0;
  if (!byId("execute").disabled) byId("execute").focus();
  if (!dryRun) await poll();
}

// ---- all of it ---------------------------------------------------------------------------------------------------

function say(text) {
  const notice = byId("trouble");
  notice.hidden = !text;
  if (notice.textContent !== text) notice.textContent = text;
}

let polls = 0;
let polling = false;
/** Nothing is asked while true: for want of a key that may look. */
let locked = true;

/** Asks for a key, and shows nothing else: tables without rows would look like an outbox without messages. */
function lock(text) {
  locked = true;
  byId("main").hidden = true;
  showWord(byId("verdict"), "needs a key");
  say(text);
  byId("key").focus();
}

function unlock() {
  locked = false;
  polls = 0;
  showWord(byId("verdict"), "asking …");
  say("");
  poll();
}

async function poll() {
  if (polling || locked) return;
  polling = true;
  try {
    // What costs as much as there is pending, or hardly changes, every fifth time.
    const slow = polls++ % 5 === 0;
    const parts = await Promise.all([
      ask("health?detailed=true"), ask("outbox/status"), ask(searchPath()),
      ask("outbox/operations?limit=20"),
      ...(slow ? [ask("outbox/backlog"), ask("outbox/throughput"), ask("outbox/rewinds")] : []),
    ]);
    const [health, status, messages, operations, backlog, throughput, rewinds] = parts;
    if (status.status === 401 || status.status === 403) {
      lock(trouble(status));
      return;
    }
    byId("main").hidden = false;
    showHealth(health);
    if (status.ok) showStatus(status.body);
    if (messages.ok) showMessages(messages.body);
    if (operations.ok) showOperations(operations.body.operations);
    if (backlog && backlog.ok) showBacklog(backlog.body.by_model);
    if (throughput && throughput.ok) showThroughput(throughput.body.throughput);
    if (rewinds && rewinds.ok) showRewinds(rewinds.body.rewinds);
    const failed = [status, messages, operations, backlog, throughput, rewinds].find((p) => p && !p.ok);
    say(failed ? trouble(failed) : "");
  } catch (e) {
    showWord(byId("verdict"), "unreachable");
    say("The service does not answer. Asked again every " + POLL_MS / 1000 + " s; what is shown is the last that was known.");
  } finally {
    polling = false;
  }
}

function showOperations(rows) {
  fill("operations", rows.map((o) => ({
    looks: o.id,
    cells: () => [cell(time(o.performed_at), "nowrap"), cell(o.performed_by), cell(o.operation), cell(o.target), count(o.message_count), cell(o.reason)],
  })), "Nothing yet.");
}

function showBacklog(rows) {
  fill("backlog", rows.slice(0, 20).map((r) => ({
    looks: [r.model, r.pending],
    cells: () => [
      cell(button(r.model, "Pending messages of model " + r.model, () => searchFor("pending", r.model), "link")),
      count(r.pending), cell(time(r.oldest_pending_at), "nowrap"),
    ],
  })), "Nothing is pending.");
}

function showRewinds(rows) {
  fill("rewinds", rows.map((r) => ({
    looks: r.id,
    cells: () => [cell(time(r.rewound_at), "nowrap"), count(r.partition_id), count(r.message_count), count(r.from_position), count(r.to_position), cell(r.reason)],
  })), "Nothing: Redis kept everything.");
}

function searchFor(state, model) {
  byId("state").value = state;
  byId("model").value = model;
  byId("message-id").value = "";
  startSearch();
  byId("messages-title").scrollIntoView();
}

function startSearch() {
  Object.assign(search, { state: byId("state").value, model: byId("model").value.trim(),
    id: byId("message-id").value.trim(), after: null, page: 1 });
  turned();
}

async function turned() {
  const answer = await ask(searchPath()).catch(() => null);
  if (answer && answer.ok) showMessages(answer.body);
  say(answer ? (answer.ok ? "" : trouble(answer)) : "The service does not answer.");
}

const THEMES = ["system", "light", "dark"];

function showTheme() {
  show("theme", "Theme: " + (document.documentElement.dataset.theme || "system"));
}

function listen() {
  byId("key").value = sessionStorage.getItem("api-key") || "";
  byId("key-form").addEventListener("submit", (e) => {
    e.preventDefault();
    sessionStorage.setItem("api-key", byId("key").value.trim());
    enter();
  });
  byId("theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme || "system") + 1) % THEMES.length];
    if (next === "system") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem("theme");
    } else {
      document.documentElement.dataset.theme = next;
      localStorage.setItem("theme", next);
    }
    showTheme();
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("resize", redraw);
  byId("search").addEventListener("submit", (e) => {
    e.preventDefault();
    startSearch();
  });
  byId("state").addEventListener("change", startSearch);
  byId("first").addEventListener("click", () => {
    Object.assign(search, { after: null, page: 1 });
    turned();
  });
  byId("next").addEventListener("click", () => {
    Object.assign(search, { after: search.next, page: search.page + 1 });
    turned();
  });
  byId("life-close").addEventListener("click", () => byId("life").close());
  byId("pause-all").addEventListener("click", () => changeDialog("pause", "all"));
  byId("resume-all").addEventListener("click", () => changeDialog("resume", "all"));
  byId("resend").addEventListener("click", () => resendDialog({}));
  byId("purge").addEventListener("click", () => operationDialog({
    title: "Purge", path: "outbox/purge", values: { older_than: "PT24H" },
    text: "Deletes what was delivered longer ago than this. What is gone cannot be sent again when Redis turns out to have lost it.",
    fields: [{ name: "older_than", label: "Delivered longer ago than (for example PT12H)" }],
  }));
  byId("operation-form").addEventListener("submit", (e) => {
    e.preventDefault();
    run(true);
  });
  byId("operation-form").addEventListener("input", () => {
    byId("execute").disabled = JSON.stringify(operationBody()) !== operation.tried;
  });
  byId("execute").addEventListener("click", () => run(false));
  byId("cancel").addEventListener("click", () => byId("operation").close());
}

function enter() {
  if (sessionStorage.getItem("api-key")) {
    unlock();
  } else {
    lock("Enter an API key above. Its scope must be outbox:read to look, or outbox:operate to change things too."
      + " It stays in this tab until the tab is closed.");
  }
}

listen();
showTheme();
enter();
setInterval(() => { if (!document.hidden) poll(); }, POLL_MS);
