// One message's page: where it is, and everything that happened to it, in order.
import { decide, prepareActions, putBack, sendAgain } from "./actions.js";
import { ask, askForKey, hasKey, trouble } from "./service.js";
import { byId, capital, el, repeat, replace, say, show, since, state, time } from "./view.js";

const INTERVAL_MS = 2000;
const id = decodeURIComponent(location.pathname.split("/").pop());

const EVENTS = {
  registered: "The registration and this message were committed together.",
  sent_again: "Copied to the end of the outbox, to be sent again.",
  claimed: "Claimed by the relay, to be sent to Redis.",
  delivered: "In the queue: Redis has it.",
  parked: "Redis refused this one message, and the messages after it went on.",
  requeued: "An operator decided that it is sent again.",
  discarded: "An operator decided that it is never sent.",
  taken: "A consumer was seen to have taken it from the queue.",
  stuck: "Seen with a consumer since then, for longer than the work should take.",
  dead_lettered: "Consumers gave it up.",
};

const last = (life) => life.copies.at(-1);

/** In words: where the message is now, and who acts next. */
function summary(life, partition) {
  const { state: now, created_at: created, delivered_at: delivered, position, parked_reason: reason } = last(life);
  if (now === "pending") {
    const halts = [partition?.paused && ["paused", "resumes"], partition?.state === "stopped" && ["stopped", "releases"]].filter(Boolean);
    const all = (n) => halts.map((halt) => halt[n]).join(" and ");
    return "It has waited in the outbox for " + since(created) + (halts.length
      ? ". Its partition is " + all(0) + ": nothing is sent from there before an operator " + all(1) + " it."
      : position === null ? ". The relay sends it as soon as Redis takes messages."
      : ". The relay has claimed it, and tries until Redis has it.");
  }
  if (now === "parked") return "Redis refused this message: " + reason + ". It waits until an operator requeues or discards it.";
  if (now === "discarded") return "An operator discarded it. It is never sent.";
  if (life.dead_lettered_at) return "Consumers gave it up, " + time(life.dead_lettered_at) + ". It stays a dead letter until it is put back.";
  if (life.stuck_since) return "A consumer has had it for at least " + since(life.stuck_since) + " and has not finished. If the consumer is gone, put it back.";
  if (life.taken) return "A consumer took it from the queue" + (life.taken_at ? ", " + time(life.taken_at) + "." : "; it is not known when.");
  if (life.taken === false) return "It is in Redis, since " + time(delivered) + ". No consumer has been seen to take it.";
  return "Redis took it, " + time(delivered) + ". " + (life.taken_at ? "A consumer took it from the queue, " + time(life.taken_at)
    + ". It may have been put back since." : "Whether a consumer has taken it from the queue is not known.");
}

function showLife(life, partition) {
  const consumers = [["taken", life.taken_at], ["stuck", life.stuck_since], ["dead_lettered", life.dead_lettered_at]]
    .filter(([, when]) => when).map(([event, when]) => ({ event, at: when }));
  const events = [...life.events, ...consumers].map((e) => el("li", {},
    el("time", e.at ? { datetime: e.at } : {}, e.at ? time(e.at) : "time not known"),
    el("strong", {}, capital(e.event.replaceAll("_", " ")) + (e.copy_no ? ", copy " + e.copy_no : "")),
    el("span", {}, (EVENTS[e.event] || "") + (e.detail ? " " + capital(e.detail) + "." : ""))));
  const facts = { Model: life.model, Version: life.payload?.model_version, Token: life.payload?.token_symbol,
    State: state(last(life).state), Partition: life.partition_id, Position: last(life).position };
  byId("life").hidden = false;
  show("summary", summary(life, partition));
  replace("facts", Object.entries(facts).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value ?? "–"))));
  replace("events", events);
  replace("message-actions", buttons(life));
  show("payload", JSON.stringify(life.payload, null, 2));
}

function buttons(life) {
  const { state: now, partition_id: partition, position } = last(life);
  const button = (text, onclick) => el("button", { type: "button", onclick }, text);
  return [
    ...(now === "parked" ? [button("Requeue …", () => decide("requeue", id)), button("Discard …", () => decide("discard", id))] : []),
    ...(now === "delivered" ? [button("Send again …", () => sendAgain({ partition, from_position: position, to_position: position }))] : []),
    ...(life.dead_lettered_at ? [button("Put back …", () => putBack("dlq", id))]
      : life.stuck_since ? [button("Put back …", () => putBack("processing", id))] : []),
  ];
}

async function look() {
  const [answer, status] = await Promise.all([ask("outbox/messages/" + encodeURIComponent(id)), ask("outbox/status")]);
  if (answer.ok) showLife(answer.body, status.body?.partitions?.find((p) => p.partition_id === answer.body.partition_id));
  else if (byId("life").hidden) show("summary", answer.status === 422 ? id + " is not a message id." : "Nothing is known about this message.");
  say(answer.ok || answer.status === 401 ? "" : trouble(answer));
}

if (hasKey()) {
  show("title", "Message " + id);
  document.title = "Message " + id + ": Registration Outbox";
  byId("sign-out").addEventListener("click", () => askForKey("out"));
  prepareActions(repeat(look, INTERVAL_MS));
}
