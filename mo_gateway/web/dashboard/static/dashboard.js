// What a page does more where there are scripts. Everything works without them.
"use strict";

const THEMES = { dark: "light", light: "dark" };

function themeNow() {
  const chosen = document.documentElement.dataset.theme;
  return chosen || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function remember(name, value) {
  try { localStorage.setItem(name, value); } catch { /* until the next page, then */ }
}

function remembered(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function offerThemes() {
  const button = document.getElementById("theme");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = THEMES[themeNow()];
    document.documentElement.dataset.theme = next;
    remember("theme", next);
    document.dispatchEvent(new CustomEvent("theme"));
  });
}

// The news are looked for until somebody says no, and not by a page that nobody sees.
function offerPause() {
  const polls = document.querySelector("[data-polls]");
  if (!polls) return;
  const button = polls.querySelector("button");
  const isOff = () => button.getAttribute("aria-pressed") === "true";
  button.hidden = false;
  button.addEventListener("click", () => button.setAttribute("aria-pressed", String(!isOff())));
  polls.addEventListener("htmx:beforeRequest", (event) => {
    if (isOff() || document.hidden) event.preventDefault();
  });
}

// A button behind each `<pre data-copy="Copy" data-copied="Copied.">`: the words are the button's and those said then.
function offerCopies() {
  for (const pre of document.querySelectorAll("pre[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = pre.dataset.copy;
    button.addEventListener("click", async () => {
      if (await isCopied(pre)) document.getElementById("news").textContent = pre.dataset.copied;
    });
    pre.after(button);
  }
}

async function isCopied(pre) {
  try {
    await navigator.clipboard.writeText(pre.textContent);
    return true;
  } catch { // there is no clipboard without HTTPS: then the text is selected, for the keys that copy
    getSelection().selectAllChildren(pre);
    return document.execCommand("copy");
  }
}

function offerPrint() {
  const button = document.getElementById("print");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// Single keys: each is off while somebody types, and all of them where somebody has switched them off.
const SINGLE_KEYS = {
  "/": () => document.querySelector("main [type=search], main form.filter input:not([type=hidden])")?.focus(),
  "j": () => goToRow(+1),
  "k": () => goToRow(-1),
  "r": () => (rowNow()?.querySelector("[data-key=r]") ?? replayOfPage(rowNow()))?.click(),
  "?": () => document.getElementById("keys").showModal(),
};

// Whoever is in a row that has none of its own gets no other row's.
function replayOfPage(row) {
  return document.querySelector(row ? "[data-key=r]:not(tbody *)" : "[data-key=r]");
}

function rowNow() {
  return document.activeElement.closest("main tbody tr");
}

function goToRow(step) {
  const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => row.checkVisibility());
  const row = rows[rowNow() ? rows.indexOf(rowNow()) + step : 0];
  if (!row) return;
  const target = row.querySelector("a[href], button") || row;
  if (target === row) row.tabIndex = -1;
  target.focus();
}

function isTyping(event) {
  return event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea, dialog");
}

function offerKeys() {
  const button = document.getElementById("show-keys");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", SINGLE_KEYS["?"]);
  const areOn = document.getElementById("single-keys");
  areOn.checked = remembered("single-keys") !== "off";
  areOn.addEventListener("change", () => remember("single-keys", areOn.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (!areOn.checked || isTyping(event) || !Object.hasOwn(SINGLE_KEYS, event.key)) return;
    event.preventDefault();
    SINGLE_KEYS[event.key]();
  });
}

offerThemes();
offerCopies();
offerPause();
offerPrint();
offerKeys();
