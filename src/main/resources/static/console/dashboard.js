// The console's first page. Asks for each part by itself, and shows it when it is there.
import { adopt, changePartition, decide, prepareActions, purge, putBack, sendAgain } from "./actions.js";
import { addBacklog, redraw, showThroughput } from "./plots.js";
import { ask, askForKey, at, hasKey, trouble } from "./service.js";
import { age, byId, capital, el, number, repeat, replace, say, show, showState, since, state, table, time } from "./view.js";

const INTERVAL_MS = 2000;
/** For what costs more the more is pending, or hardly changes. */
const SLOW_INTERVAL_MS = 10000;
/** Of each of the consumers' lists. */
const MAX_ELEMENTS = 50;

const button = (text, label, onclick) => el("button", { type: "button", "aria-label": label, onclick }, text);
/** Half a surrogate pair, which a dead letter may have in its id, cannot be in an address. */
const messageLink = (id) => (!id ? "–" : /\p{Surrogate}/u.test(id) ? id
  : el("a", { href: at("console/messages/" + encodeURIComponent(id)), class: "id" }, id));

// ---- now and partitions --------------------------------------------------------------------------------------------

function showHealth(health) {
  showState(byId("verdict"), health?.status);
  replace("findings", (health?.details?.findings || []).map((finding) => el("li", {}, capital(finding))));
}

function pendingWords(row) {
  return row.pending_is_estimate ? "about " + number(row.pending) + " (estimated)" : number(row.pending);
}

function showStatus(status) {
  show("pending", pendingWords(status));
  show("oldest", status.pending === 0 ? "–" : age(status.oldest_pending_age_ms));
  show("parked", number(status.parked));
  const depths = status.partitions.map((p) => p.queue_depth).filter((d) => d !== null);
  show("depth", depths.length ? number(Math.max(...depths)) : "–");
  showState(byId("redis"), status.redis);
  showState(byId("breaker"), status.breaker);
  showState(byId("database"), !status.database.reachable ? "unreachable" : !status.database.writable ? "refuses writes"
    : status.stale ? "stale" : "reachable");
  show("last-error", status.last_error ? "The last error, " + since(status.last_error_at) + " ago: " + status.last_error : "");
  showPartitions(status.partitions, status.database.reachable ? "No partition." : "The database does not answer.");
  addBacklog(status.now, status.pending);
}

/** Fenced: nothing can be appended, not even what was under way. */
function partitionStates(p) {
  const all = [p.state, p.state === "stopped" && p.paused && "paused", p.state !== "running" && (p.fenced ? "fenced" : "not fenced")];
  return all.filter(Boolean).flatMap((word) => [state(word), " "]);
}

function partitionButtons(p) {
  const changes = [...(p.state === "stopped" ? ["release"] : []), p.paused ? "resume" : "pause"];
  return changes.map((change) => button(capital(change) + " …",
    change + " partition " + p.partition_id, () => changePartition(change, p.partition_id)));
}

const showPartitions = table("partitions", [
  ["Partition", (p) => "Partition " + p.partition_id, "nowrap"], ["State", partitionStates], ["Relay", (p) => state(p.relay_state)],
  ["Pending", pendingWords, "number"], ["Oldest", (p) => age(p.oldest_pending_age_ms), "number"],
  ["Parked", (p) => number(p.parked), "number"],
  ["Delivered / last", (p) => number(p.delivered_position) + " / " + number(p.last_position), "number"],
  ["Last delivery", (p) => time(p.last_delivered_at), "nowrap"], ["Do", partitionButtons, "nowrap"], ["Last error", (p) => p.last_error, "small"],
], "No partition.");

// ---- consumers -----------------------------------------------------------------------------------------------------

function showConsumers(consumers) {
  byId("consumers").hidden = false;
  show("consumers-words", consumers.unavailable_reason ? "Not known: " + consumers.unavailable_reason
    : "What consumers took from the queue and did not finish, and what they gave up. Seen at " + time(consumers.sampled_at) + ".");
  const { main, processing, dlq } = consumers;
  show("main-depth", number(main?.depth));
  show("processing-depth", number(processing?.depth));
  show("processing-oldest", since(processing?.oldest_seen_at));
  show("dlq-depth", number(dlq?.depth));
  const taken = (processing?.elements || []).map((e) => ({ ...e, list: "processing", word: e.stuck ? "stuck" : "at work" }));
  const dead = (dlq?.elements || []).map((e) => ({ ...e, list: "dlq", word: "dead letter" }));
  show("elements-words", [[taken, processing, " taken and not finished."], [dead, dlq, " dead letters."]]
    .map(([rows, list, what]) => (rows.length > MAX_ELEMENTS ? "The first " + MAX_ELEMENTS + " of " + number(list.depth) + what : ""))
    .join(" "));
  taken.sort((a, b) => b.stuck - a.stuck);
  showElements([...taken.slice(0, MAX_ELEMENTS), ...dead.slice(0, MAX_ELEMENTS)], consumers.unavailable_reason ? "Not known." : "Nothing: consumers finished all that they took.");
}

const showElements = table("elements", [
  ["Model", (e) => e.model_id], ["State", (e) => state(e.word)],
  ["Since", (e) => time(e.failed_at || e.seen_since) + " (" + since(e.failed_at || e.seen_since) + ")"],
  ["Retries", (e) => number(e.retry_count), "number"], ["Error", (e) => e.error, "small"],
  ["Message", (e) => messageLink(e.message_id)],
  ["Do", (e) => (e.message_id ? button("Put back …", "put back message " + e.message_id, () => putBack(e.list, e.message_id)) : "–")],
], "Nothing.");

// ---- messages ------------------------------------------------------------------------------------------------------

const search = { state: "pending", model: "", version: "", token: "", after: null, page: 1, next: null };

/** outbox/messages cannot filter by version or token; outbox/search can, and gives one page of all states. */
const isSearch = () => !search.state || search.version || search.token;

function searchPath() {
  const given = isSearch() ? { model: search.model, version: search.version, token_id: search.token }
    : { state: search.state, limit: "20", model: search.model, after: search.after };
  return (isSearch() ? "outbox/search?" : "outbox/messages?")
    + new URLSearchParams(Object.entries(given).filter(([, value]) => value !== null && value !== ""));
}

function showPage(page) {
  const rows = page.messages.map((m) => ({ ...m, state: m.state || search.state }))
    .filter((m) => !search.state || m.state === search.state);
  showMessages(rows);
  search.next = page.next ?? null;
  byId("next").disabled = search.next === null;
  byId("first").disabled = search.page === 1;
  show("page-words", (isSearch() ? "Found: " : "Page " + search.page + ": ") + rows.length + (rows.length === 1 ? " message" : " messages")
    + (search.next !== null ? ", more follow." : page.messages.length >= 200 ? ", and there may be more: narrow it down." : "."));
}

function messageButtons(m) {
  return m.state === "parked" ? ["requeue", "discard"].map((decision) => button(capital(decision) + " …",
    decision + " message " + m.message_id, () => decide(decision, m.message_id)))
    : m.state === "delivered" ? button("Send again …", "send message " + m.message_id + " again",
      () => sendAgain({ partition: m.partition_id, from_position: m.position, to_position: m.position })) : "–";
}

const showMessages = table("messages", [
  ["Model", (m) => m.model], ["Version", (m) => m.version], ["Token", (m) => m.token_id],
  ["State", (m) => state(m.state)], ["Registered", (m) => time(m.created_at), "nowrap"],
  ["Then", (m) => (m.state === "pending" ? "waits for " + since(m.created_at)
    : m.state === "delivered" ? "delivered " + time(m.delivered_at) : m.reason || m.parked_reason)],
  ["Message", (m) => messageLink(m.message_id)], ["Do", messageButtons, "nowrap"],
], "No message matches.");

async function find() {
  const id = byId("message-id").value.trim();
  if (id) {
    location.href = at("console/messages/" + encodeURIComponent(id));
    return;
  }
  Object.assign(search, { state: byId("state").value, model: byId("model").value.trim(), version: byId("version").value.trim(),
    token: byId("token").value.trim(), after: null, page: 1 });
  await turn();
}

async function turn() {
  show("page-words", "Loading …");
  await look(parts.messages);
}

// ---- the whole page ------------------------------------------------------------------------------------------------

const showBacklog = table("backlog", [
  ["Model", (r) => button(r.model, "pending messages of model " + r.model, () => {
    Object.assign(byId("state"), { value: "pending" });
    Object.assign(byId("model"), { value: r.model });
    find();
    byId("messages-title").scrollIntoView();
  })],
  ["Pending", (r) => number(r.pending), "number"], ["Oldest registered", (r) => time(r.oldest_pending_at), "nowrap"],
], "Nothing is pending.");

const showRewinds = table("rewinds", [
  ["When", (r) => time(r.rewound_at), "nowrap"], ["Partition", (r) => number(r.partition_id), "number"],
  ["Messages", (r) => number(r.message_count), "number"], ["From", (r) => number(r.from_position), "number"],
  ["Back to", (r) => number(r.to_position), "number"], ["Reason", (r) => r.reason],
], "Nothing: Redis kept everything.");

const showOperations = table("operations", [
  ["When", (o) => time(o.performed_at), "nowrap"], ["Who", (o) => o.performed_by], ["What", (o) => o.operation],
  ["To what", (o) => o.target], ["Messages", (o) => number(o.message_count), "number"], ["Why", (o) => o.reason],
], "Nothing yet.");

/** Each part: the path that it is read from, what shows the answer, and what shows a failure. */
const parts = {
  health: { path: () => "health?detailed=true", show: showHealth, any: true },
  status: { path: () => "outbox/status", show: showStatus, fail: (text) => showPartitions([], text) },
  messages: { path: searchPath, show: showPage, fail: (text) => showMessages([], text) },
  operations: { path: () => "outbox/operations?limit=20", show: (a) => showOperations(a.operations), fail: (text) => showOperations([], text) },
  consumers: { path: () => "outbox/consumers", show: showConsumers, optional: true },
  backlog: { path: () => "outbox/backlog", show: (a) => showBacklog(a.by_model.slice(0, 20)), fail: (text) => showBacklog([], text) },
  throughput: { path: () => "outbox/throughput", show: (a) => showThroughput(a.throughput), fail: (text) => show("throughput-words", text) },
  rewinds: { path: () => "outbox/rewinds", show: (a) => showRewinds(a.rewinds), fail: (text) => showRewinds([], text) },
};

async function look(part) {
  const path = part.path();
  const answer = await ask(path);
  if (path !== part.path()) return; // something else is looked for by now
  const known = answer.ok || (part.any && answer.body?.status && answer.status === 503);
  part.trouble = known || answer.status === 401 || (part.optional && answer.status === 404) ? "" : trouble(answer);
  if (known) {
    part.show(answer.body);
    part.shown = path;
  } else if (part.trouble && part.shown !== path) {
    part.fail?.(part.trouble);
  }
  const troubles = [...new Set(Object.values(parts).map((p) => p.trouble).filter(Boolean))];
  say(troubles.join(" ") + (troubles.length ? " This page shows what was known last, and keeps asking." : ""));
  if (answer.status === 0) showState(byId("verdict"), "unreachable");
}

const lookAll = (...names) => Promise.all(names.map((name) => look(parts[name])));

function listen() {
  byId("sign-out").addEventListener("click", () => askForKey("out"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("resize", redraw);
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    find();
  });
  byId("state").addEventListener("change", () => { if (!byId("message-id").value) find(); });
  byId("first").addEventListener("click", () => {
    Object.assign(search, { after: null, page: 1 });
    turn();
  });
  byId("next").addEventListener("click", () => {
    Object.assign(search, { after: search.next, page: search.page + 1 });
    turn();
  });
  byId("put-back-processing").addEventListener("click", () => putBack("processing"));
  byId("put-back-dlq").addEventListener("click", () => putBack("dlq"));
  byId("pause-all").addEventListener("click", () => changePartition("pause", "all"));
  byId("resume-all").addEventListener("click", () => changePartition("resume", "all"));
  byId("resend").addEventListener("click", () => sendAgain());
  byId("purge").addEventListener("click", purge);
  byId("adopt").addEventListener("click", adopt);
}

if (hasKey()) {
  listen();
  const once = repeat(() => lookAll("health", "status", "messages", "operations", "consumers"), INTERVAL_MS);
  repeat(() => lookAll("backlog", "throughput", "rewinds"), SLOW_INTERVAL_MS);
  prepareActions(once);
}
