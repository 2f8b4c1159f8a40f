// What operators can do. A dialog says what an action would do, by asking the service for a dry run, before it can be done.
import { ask, trouble } from "./service.js";
import { byId, capital, el, repeat } from "./view.js";

const PREVIEW_TTL_MS = 30000;
let action = null;
let whenDone = () => {};

/** Puts the dialog into the page. */
export function prepareActions(done) {
  whenDone = done;
  document.body.append(el("dialog", { id: "action", "aria-labelledby": "action-title" },
    el("form", { onsubmit: submitted },
      el("h2", { id: "action-title" }), el("p", { id: "action-text" }),
      el("div", { id: "action-fields", oninput: update, onchange: preview }),
      el("h3", {}, "What it would do now"), el("p", { id: "action-answer", class: "notice", role: "status" }),
      el("p", {}, el("label", { for: "reason" }, "Reason, kept on record with your name"),
        el("input", { id: "reason", required: true, maxlength: 1000, autocomplete: "off", oninput: update })),
      el("p", { class: "buttons" }, el("button", { id: "execute", class: "danger" }),
        el("button", { id: "close", type: "button", onclick: () => byId("action").close() }, "Close")))));
  repeat(async () => { if (byId("action").open && action.seen === current() && !isFresh()) await preview(); }, 5000);
}

/**
 * @param wanted fields: each a name, a label, and whether it is a number; values: their initial values; body: what else is sent;
 *   inSteps: whether it can end early, and asking for it anew does only what is left
 */
function open(wanted) {
  action = { fields: [], values: {}, body: {}, ...wanted, key: newKey(), seen: null, freshUntil: 0 };
  byId("action-title").textContent = action.title;
  byId("action-text").textContent = action.text;
  byId("execute").textContent = action.title;
  byId("action-fields").replaceChildren(...action.fields.map(([name, label]) => el("p", {},
    el("label", { for: "field-" + name }, label),
    el("input", { id: "field-" + name, autocomplete: "off", spellcheck: "false", value: action.values[name] ?? "" }))));
  byId("reason").value = "";
  byId("action").showModal();
  byId("action").querySelector("input").focus();
  preview();
}

/** With the same key an action is done once, however often it is sent. */
const newKey = () => crypto.randomUUID?.() || String(Date.now()) + Math.random();

function fields() {
  const body = { ...action.body };
  for (const [name, , isNumber] of action.fields) {
    const text = byId("field-" + name).value.trim();
    if (text) body[name] = isNumber && /^-?\d+$/.test(text) ? Number(text) : text;
  }
  return body;
}

const current = () => JSON.stringify(fields());

function tell(text, kind) {
  byId("action-answer").textContent = text;
  byId("action-answer").className = "notice " + kind;
  update();
}

/** Whether the dry run of just these fields was shown, and lately. */
const isFresh = () => action.seen === current() && Date.now() < action.freshUntil;

/** Enables the action when its dry run was shown and a reason is given. */
function update() {
  byId("execute").disabled = !isFresh() || !byId("reason").value.trim();
}

/** Dry runs are not recorded, so they need no reason from the operator. */
async function preview() {
  const asked = current();
  action.freshUntil = 0;
  tell("Asking the service …", "");
  const mine = action;
  const answer = await ask(action.path, { body: { ...fields(), reason: "preview", dry_run: true } });
  if (mine !== action || asked !== current()) return;
  const { messages = 0, partitions = [], detail = "" } = answer.body || {};
  const possible = answer.ok && (messages > 0 || partitions.length > 0);
  // What failed is asked again, as what is not fresh any more is.
  action.seen = possible || answer.status === 0 || answer.status === 429 || answer.status >= 500 ? asked : null;
  if (possible) action.freshUntil = Date.now() + PREVIEW_TTL_MS;
  tell(answer.ok ? capital(detail.replace("Dry run: ", "")) : trouble(answer), answer.ok ? "" : "bad");
}

async function submitted(event) {
  event.preventDefault();
  if (byId("execute").disabled || !isFresh()) {
    if (!isFresh()) preview();
    return;
  }
  byId("execute").disabled = true;
  action.freshUntil = Infinity; // once it is perhaps done, a dry run says nothing about it
  const mine = action;
  const answer = await ask(action.path, {
    body: { ...fields(), reason: byId("reason").value, dry_run: false }, headers: { "Idempotency-Key": action.key },
  });
  if (mine !== action) { // the dialog is another action's by now
    whenDone();
    return;
  }
  if (answer.status === 0 || answer.status >= 500) { // perhaps done, or in part: under the same key it is not begun again
    tell((answer.status === 0 ? "The service does not answer, so it is not known whether it was done." : trouble(answer))
      + " Repeating it here does not do it twice."
      + (action.inSteps ? " To go on with what is left, close this and open it again: then it has another key." : ""), "bad");
    return;
  }
  action.seen = null;
  if (answer.ok || answer.status === 409) action.key = newKey(); // any other answer: not tried, and before perhaps done
  tell(answer.ok ? outcome(answer.body) : trouble(answer), answer.ok ? "good" : "bad");
  byId("close").focus();
  whenDone();
}

/** What was not executed and yet is on record is a repetition: its words say what was done before. */
function outcome({ executed, operation_id: recorded, detail }) {
  if (executed) return "Done. " + detail;
  return recorded ? detail + " If this is closed and opened again, it has another key." : "Nothing was changed. " + detail;
}

const CHANGES = {
  pause: "Nothing is sent to the queue until it is resumed. Registrations are accepted and wait.",
  resume: "Pending messages are sent.",
  release: "The relay goes on from the newest checkpoint that Redis and this database both know. Be sure that no copy of this"
    + " database runs against the same Redis: see the runbook, stopped-partition.",
};

/** @param partition a number, or "all" */
export function changePartition(change, partition) {
  const title = capital(change) + (partition === "all" ? " all partitions" : " partition " + partition);
  open({ title, text: CHANGES[change], path: "outbox/partitions/" + partition + "/" + change });
}

/** @param decision requeue or discard */
export function decide(decision, id) {
  open({
    title: capital(decision) + " this message", path: "outbox/parked/" + encodeURIComponent(id) + "/" + decision,
    text: "Redis refused message " + id + ", so it was skipped. " + (decision === "requeue"
      ? "A copy of it goes to the end of the outbox, after later messages of its model. If Redis refuses it again, it is parked again."
      : "It is never sent: consumers do not hear of this registration."),
  });
}

export function sendAgain(values = {}) {
  open({
    title: "Send again", path: "outbox/resend", values,
    text: "Delivered messages that match every field given here are copied to the end of the outbox, after later messages of their"
      + " models. Consumers see the same message_id a second time.",
    fields: [["model", "Model"], ["partition", "Partition", true], ["from_position", "From position", true],
      ["to_position", "To position", true], ["delivered_from", "Delivered from, for example 2026-11-23T12:00:00Z"],
      ["delivered_before", "Delivered before"]],
  });
}

export function purge() {
  open({
    title: "Purge", path: "outbox/purge", inSteps: true, values: { older_than: "PT24H" },
    text: "Deletes delivered messages. They cannot be sent again if Redis turns out to have lost them.",
    fields: [["older_than", "Delivered longer ago than, for example PT12H"]],
  });
}

export function adopt() {
  open({
    title: "Change the target", path: "outbox/adopt",
    text: "From then on only instances that are configured for this queue and this environment send messages.",
    fields: [["queue_name", "Queue name"], ["environment", "Environment"]],
  });
}

const LISTS = { processing: "Taken and not finished", dlq: "Dead letters" };

/** @param id of one message; none: all that are old enough */
export function putBack(list, id) {
  open({
    title: id ? "Put this message back" : "Put all back", path: "outbox/put-back", inSteps: true,
    text: LISTS[list] + (id ? ": message " + id : ": all of the oldest 1,000") + ". They return to the queue and are taken next, so the"
      + " order within a model is not kept. If a consumer is still at work on one, it is processed twice.",
    body: id ? { list, message_id: id } : { list, all: true },
    fields: list === "processing" ? [["older_than", "Seen there for longer than, for example PT15M; empty: the time after which it counts as stuck"]] : [],
  });
}
