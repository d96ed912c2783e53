// Counts the time an emergency has left, by the server's clock; when it is over, the page leaves.
const TICK_MS = 1_000;
const SECOND_MS = 1_000;

const left = document.getElementById("left");
const ahead = Date.now() - Number(left.dataset.now); // of this computer's clock

function tick() {
  const seconds = Math.ceil((Number(left.dataset.until) - (Date.now() - ahead)) / SECOND_MS);
  if (seconds <= 0) return location.replace("/clinic/emergency/ended");
  left.textContent = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  left.hidden = false;
}

tick();
setInterval(tick, TICK_MS);
