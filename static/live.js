// Pages that show something that lasts: replaces it with what the server sends, and loads the page anew at its end.
// Without this script such a page refreshes itself.
"use strict";

for (const place of document.querySelectorAll("[data-events]")) {
  const events = new EventSource(place.dataset.events);
  events.addEventListener("progress", (event) => { place.innerHTML = event.data; });
  events.addEventListener("end", () => { events.close(); location.reload(); });
}

// Pages that show how things stand: what is marked is replaced with what the page says now. Not while nobody looks or works
// here, so that a forgotten page lets its session end, and not while something in it is open.
const OFTEN = 30000;
const PATIENCE = 20 * 60 * 1000;
const shown = document.querySelectorAll("[data-refresh]");
let used = Date.now();
for (const kind of ["pointerdown", "keydown", "scroll"]) {
  document.addEventListener(kind, () => { used = Date.now(); }, { passive: true });
}

async function refresh() {
  if (document.hidden || Date.now() - used > PATIENCE) return;
  const quiet = [...shown].filter((place) => !place.contains(document.activeElement) && !place.querySelector("details[open]"));
  if (quiet.length === 0) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const place of quiet) {
    const next = fresh.getElementById(place.id);
    if (next) place.innerHTML = next.innerHTML;
  }
}

if (shown.length > 0) setInterval(() => refresh().catch(() => {}), OFTEN);
