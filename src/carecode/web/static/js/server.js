// Asks the server of this page; an answer that is no good is an error with its sentence.
const TIMEOUT_MS = 5_000;

/** GET, or POST when there is a `body`; returns {answer, askedMs, gotMs} or throws Error(sentence). */
export async function ask(path, body) {
  const askedMs = Date.now();
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    credentials: "same-origin",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const gotMs = Date.now();
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  const answer = isJson ? await response.json() : {};
  if (!response.ok) throw Object.assign(new Error(answer.message ?? ""), { status: response.status });
  return { answer, askedMs, gotMs };
}
