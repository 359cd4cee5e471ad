// Pages that show something that lasts: replaces it with what the server sends, and loads the page anew at its end.
// Without this script such a page refreshes itself.
"use strict";

for (const place of document.querySelectorAll("[data-events]")) {
  const events = new EventSource(place.dataset.events);
  events.addEventListener("progress", (event) => { place.innerHTML = event.data; });
  events.addEventListener("end", () => { events.close(); location.reload(); });
}

// Pages that show how things stand: what is marked is replaced with what the page says now, every so many seconds as its mark
// says, until the page marks it no more. Not while nobody looks or works here, so that a forgotten page lets its session end,
// and not while something in it is open.
const OFTEN = 30;
const PATIENCE = 20 * 60 * 1000;
const marked = () => [...document.querySelectorAll("[data-refresh]")];
let used = Date.now();
for (const kind of ["pointerdown", "keydown", "scroll"]) {
  document.addEventListener(kind, () => { used = Date.now(); }, { passive: true });
}

async function refresh() {
  if (document.hidden || Date.now() - used > PATIENCE) return;
  if (!marked().some(isQuiet)) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (answer.redirected || (answer.status >= 400 && answer.status < 500)) return location.reload(); // it is another page now
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const place of marked().filter(isQuiet)) { // somebody may have come there meanwhile
    const next = fresh.getElementById(place.id);
    if (next) renew(place, next);
    else place.removeAttribute("data-refresh");
  }
}

const isQuiet = (place) =>
  !place.contains(document.activeElement) && !place.matches(":active") && !place.querySelector("details[open]");

// What has not changed stays, so that nobody hears it again; a table stays where it was scrolled to.
function renew(place, next) {
  if (place.innerHTML !== next.innerHTML) {
    const across = [...place.querySelectorAll(".scroll")].map((table) => table.scrollLeft);
    place.innerHTML = next.innerHTML;
    place.querySelectorAll(".scroll").forEach((table, at) => { table.scrollLeft = across[at] ?? 0; });
  }
  if (!next.matches("[data-refresh]")) place.removeAttribute("data-refresh");
}

function later() {
  const often = marked().map((place) => Number(place.dataset.refresh) || OFTEN);
  if (often.length > 0) setTimeout(() => refresh().catch(() => {}).finally(later), 1000 * Math.min(...often));
}
later();
