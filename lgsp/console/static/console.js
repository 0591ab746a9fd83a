// All of the console's script. Live parts are asked for again and swapped; strips get a name per day. Nothing needs it.
"use strict";

// -- live parts: data-live="health stage" on an element with an id ---------------------------------------------------------

const sign = document.getElementById("live");
let due = null;

async function refresh() {
  due = null;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-live]")) {
    const made = fresh.getElementById(old.id);
    if (made) swap(old, made);
  }
  document.title = fresh.title;
}

function swap(old, made) {
  const held = old.contains(document.activeElement) ? place(document.activeElement) : null;
  const before = new Map([...old.querySelectorAll("[data-state]")].map((row) => [row.id, row.dataset.state]));
  old.replaceWith(made);
  for (const row of made.querySelectorAll("[data-state]")) {
    if (before.has(row.id) && before.get(row.id) !== row.dataset.state) row.classList.add("changed");
  }
  strips(made);
  if (held) held(made)?.focus();
}

// where somebody was, so that a swap does not throw the keyboard back to the top
function place(element) {
  const strip = element.closest(".strip");
  if (strip) {
    const name = strip.dataset.title, index = all(strip).indexOf(element);
    return (made) => {
      const same = [...made.querySelectorAll(".strip")].find((each) => each.dataset.title === name);
      return same && rove(same, index);
    };
  }
  const path = element.getAttribute("href") || element.id;
  return (made) => path && [...made.querySelectorAll("a, [id]")].find((each) => (each.getAttribute("href") || each.id) === path);
}

function soon(milliseconds) {
  if (due !== null && due.at <= Date.now() + milliseconds) return;
  if (due !== null) clearTimeout(due.timer);
  due = { at: Date.now() + milliseconds, timer: setTimeout(() => refresh().catch(() => {}), milliseconds) };
}

if (document.querySelector("[data-live]")) {
  const source = new EventSource("/status/events");
  let lost = false;
  for (const name of ["health", "stage", "traffic", "alert"]) {
    source.addEventListener(name, () => {
      for (const part of document.querySelectorAll("[data-live]")) {
        if (part.dataset.live.split(" ").includes(name)) soon(50);
        else if ((part.dataset.liveSlow || "").split(" ").includes(name)) soon(3000);
      }
    });
  }
  source.addEventListener("open", () => {
    sign.textContent = sign.dataset.liveWord;
    if (lost) soon(0);
    lost = false;
  });
  source.addEventListener("error", () => {
    sign.textContent = sign.dataset.lostWord;
    lost = true;
  });
}

// -- strips: one stop of the Tab key each, arrows from day to day, every day has a name -------------------------------------

const bubble = document.createElement("div");
bubble.className = "bubble";
bubble.setAttribute("aria-hidden", "true");

// At first only the newest day is there, for the Tab key to find; the others come with the first look at their strip.
function strips(root) {
  for (const strip of root.querySelectorAll(".strip[data-days]")) {
    const days = named(strip);
    strip.append(cell(days.length - 1, days.at(-1)));
    strip.setAttribute("role", "group");
  }
}

function named(strip) {
  const words = JSON.parse(strip.closest("[data-words]")?.dataset.words || "{}"), days = [];
  for (const [, times, letter, share] of strip.dataset.days.matchAll(/(\d*)([udxmn])(?:=(\S+))?/g)) {
    for (let n = Number(times || 1); n > 0; n--) days.push(words[letter] + (share ? ", " + share.replaceAll("_", " ") : ""));
  }
  const last = new Date(`${strip.dataset.last}T12:00:00Z`);
  return days.map((said, index) => {
    const day = new Date(last - (days.length - 1 - index) * 86400000).toISOString();
    return `${day.slice(8, 10)}/${day.slice(5, 7)}: ${said}`;
  });
}

function cell(index, name) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const given = { class: "day", x: index * 4, y: 0, width: 4, height: 24, role: "img", tabindex: 0, "aria-label": name };
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
  return made;
}

function all(strip) {
  const held = strip.querySelectorAll(".day");
  if (held.length !== 1) return [...held];
  named(strip).slice(0, -1).forEach((name, index) => {
    const made = cell(index, name);
    made.setAttribute("tabindex", "-1");
    held[0].before(made);
  });
  return [...strip.querySelectorAll(".day")];
}

function rove(strip, index) {
  const days = all(strip), next = days[Math.max(0, Math.min(days.length - 1, index))];
  days.forEach((day) => day.setAttribute("tabindex", day === next ? "0" : "-1"));
  return next;
}

function tell(day) {
  bubble.textContent = day.getAttribute("aria-label");
  document.body.append(bubble);
  const box = day.getBoundingClientRect();
  bubble.style.left = `${Math.min(box.left, innerWidth - bubble.offsetWidth - 8) + scrollX}px`;
  bubble.style.top = `${box.top - bubble.offsetHeight - 4 + scrollY}px`;
}

document.addEventListener("keydown", (event) => {
  const strip = event.target.closest?.(".strip");
  if (event.key === "Escape") bubble.remove();
  if (!strip) return;
  const days = all(strip), here = days.indexOf(event.target);
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -7, PageDown: 7, Home: -days.length, End: days.length }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  rove(strip, here + step).focus();
});
for (const [begin, end] of [["focusin", "focusout"], ["mouseover", "mouseout"]]) {
  document.addEventListener(begin, (event) => event.target.matches?.(".strip .day") && tell(event.target));
  document.addEventListener(end, (event) => event.target.matches?.(".strip .day") && bubble.remove());
}
document.addEventListener("mouseover", (event) => event.target.closest?.(".strip") && all(event.target.closest(".strip")));
strips(document);
