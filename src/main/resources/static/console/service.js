// Asks the service, always with the API key that was entered. Without one the page that asks for it comes first.

const ROOT = new URL("..", import.meta.url);
const KEY = "api-key";
/** The service needs 7 s at most to find out that its database does not answer. */
const MAX_WAIT_MS = 10000;
/** An action works for 10 s, and counts before and after; the fence of a pause is waited for up to 30 s. */
const MAX_ACTION_WAIT_MS = 40000;
const MESSAGE_PAGE = /^messages\/[^/?#]+$/;

/** An address of this service, whatever path it is served below. */
export const at = (path) => new URL(path, ROOT).href;

/** Leads to the page that asks for the key, and from there back to this one. */
export function askForKey(why = "") {
  sessionStorage.removeItem(KEY);
  const here = location.href.slice(at("console/").length);
  const page = new URL(at("console/key"));
  if (why) page.searchParams.set("why", why);
  if (MESSAGE_PAGE.test(here)) page.searchParams.set("next", here);
  location.replace(page);
}

/** False: there is no key, and the browser is on its way to the page that asks for it. */
export function hasKey() {
  if (sessionStorage.getItem(KEY)) return true;
  askForKey();
  return false;
}

/** Remembers a key until the browser's tab is closed, and goes back to the page that needed it. */
export function useKey(key) {
  sessionStorage.setItem(KEY, key);
  const next = new URLSearchParams(location.search).get("next") || "";
  location.replace(at(MESSAGE_PAGE.test(next) ? "console/" + next : "console"));
}

/** The answer's status and its JSON; status 0: there was no answer. Never throws. */
export async function ask(path, { body, headers, key } = {}) {
  try {
    const response = await fetch(at(path), {
      method: body ? "POST" : "GET",
      headers: { Accept: "application/json", "X-API-Key": key || sessionStorage.getItem(KEY),
        ...(body && { "Content-Type": "application/json" }), ...headers },
      body: body && JSON.stringify(body), cache: "no-store", credentials: "omit",
      signal: AbortSignal.timeout(body ? MAX_ACTION_WAIT_MS : MAX_WAIT_MS),
    });
    const answer = { status: response.status, ok: response.ok, body: await response.json().catch(() => null) };
    if (answer.status === 401 && !key) askForKey("refused");
    return answer;
  } catch {
    return { status: 0, ok: false, body: null };
  }
}

/** What an answer that is not OK means for the person in front of the page. */
export function trouble(answer) {
  switch (answer.status) {
    case 0: return "The service does not answer. Registrations that it accepted are safe in its database.";
    case 401: return "The service does not know this API key. Check it and enter it again.";
    case 403: return "This API key has no permission for that. Looking needs the scope outbox:read, acting the scope"
      + " outbox:operate. Sign out and enter another key.";
    default: return answer.body?.detail || "The service answered with the status " + answer.status + ".";
  }
}
