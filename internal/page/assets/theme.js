"use strict";
// The theme follows the system until a person chooses; the choice is kept where
// the browser allows it.
(function () {
  const root = document.documentElement;
  const key = "tailer-theme";
  const listeners = [];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const kept = function () {
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const keep = function (value) {
    try { localStorage.setItem(key, value); } catch { /* a file may not keep anything */ }
  };
  const isDark = function () {
    return root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  };
  const tell = function () {
    listeners.forEach(function (listener) { listener(); });
  };
  const chosen = kept();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  dark.addEventListener("change", tell);

  document.addEventListener("DOMContentLoaded", function () {
    const button = document.getElementById("theme");
    if (!button) return;
    const name = function () { button.textContent = isDark() ? "Light" : "Dark"; };
    name();
    button.hidden = false;
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      keep(root.dataset.theme);
      name();
      tell();
    });
    listeners.push(name);
  });

  // Paper is white.
  let before;
  window.addEventListener("beforeprint", function () {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    tell();
  });
  window.addEventListener("afterprint", function () {
    if (before) root.dataset.theme = before;
    else delete root.dataset.theme;
    tell();
  });

  window.tailer = {
    onTheme: function (listener) { listeners.push(listener); },
    color: function (name) { return getComputedStyle(root).getPropertyValue("--" + name).trim(); },
  };
})();
