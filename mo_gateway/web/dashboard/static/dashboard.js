// What a page does more where there are scripts. Everything works without them.
"use strict";

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

offerPause();

const THEMES = { dark: "light", light: "dark" };

function themeNow() {
  const chosen = document.documentElement.dataset.theme;
  return chosen || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function offerThemes() {
  const button = document.getElementById("theme");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = THEMES[themeNow()];
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem("theme", next); } catch { /* until the next page, then */ }
    document.dispatchEvent(new CustomEvent("theme"));
  });
}

offerThemes();
