// The page that asks for the key. It asks the service nothing before a key was entered.
import { ask, trouble, useKey } from "./service.js";
import { byId, say } from "./view.js";

const WHY = {
  refused: "The service no longer accepts the API key that was entered before. Enter another one.",
  out: "You are signed out: this tab has forgotten the API key.",
};

say(WHY[new URLSearchParams(location.search).get("why")] || "");
byId("key").focus();
byId("key-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  // Keys consist of these characters only, and a header cannot carry others.
  const answer = /^[\x21-\x7e]+$/.test(key) ? await ask("outbox/status", { key }) : { status: 401 };
  if (answer.ok) {
    useKey(key);
    return;
  }
  say(trouble(answer));
  byId("key").select();
});
