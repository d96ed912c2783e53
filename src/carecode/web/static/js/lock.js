// A staff page that nobody touches goes to the lock page, as the server's session does; one that is
// worked at without asking the server says so now and then.
const IDLE_MS = 10 * 60_000;
const AWAKE_MS = 60_000;
const area = location.pathname.split("/")[1];
let touchedMs = Date.now();
let toldMs = touchedMs;

async function touched() {
  touchedMs = Date.now();
  if (touchedMs - toldMs < AWAKE_MS) return;
  toldMs = touchedMs;
  const answer = await fetch(`/${area}/awake`, { method: "POST", headers: { Accept: "application/json" } });
  if (answer.status === 403) location.replace(`/${area}/lock`);
}

for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, () => touched().catch(() => {}), { passive: true });
setInterval(() => Date.now() - touchedMs >= IDLE_MS && location.replace(`/${area}/lock`), 5_000);
