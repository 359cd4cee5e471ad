// Pages that show something that lasts: replaces it with what the server sends, and loads the page anew at its end.
// Without this script such a page refreshes itself.
"use strict";

for (const place of document.querySelectorAll("[data-events]")) {
  const events = new EventSource(place.dataset.events);
  events.addEventListener("progress", (event) => { place.innerHTML = event.data; });
  events.addEventListener("end", () => { events.close(); location.reload(); });
}
