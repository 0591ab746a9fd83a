// Keeps the board fresh: on an event the page is asked for again and its middle is exchanged. Without script it reloads itself.
"use strict";

const state = document.getElementById("live");
let pending = null;

async function refresh() {
  pending = null;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const board = document.getElementById("board");
  const before = new Map([...board.querySelectorAll("tr[data-state]")].map((row) => [row.id, row.dataset.state]));
  board.replaceWith(fresh.getElementById("board"));
  document.title = fresh.title;
  for (const row of document.querySelectorAll("tr[data-state]")) {
    if (before.get(row.id) !== row.dataset.state) row.classList.add("changed");
  }
}

function soon(milliseconds) {
  if (pending === null) pending = setTimeout(() => refresh().catch(() => {}), milliseconds);
}

const source = new EventSource("/status/events");
source.addEventListener("health", () => soon(100));
source.addEventListener("stage", () => soon(100));
source.addEventListener("traffic", () => soon(3000));
source.addEventListener("open", () => { state.textContent = state.dataset.live; });
source.addEventListener("error", () => { state.textContent = state.dataset.lost; });
