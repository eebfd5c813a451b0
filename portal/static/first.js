// Before anything is drawn: the theme and the zone that were chosen in this browser.
"use strict";
(() => {
  const root = document.documentElement;
  const kept = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const theme = kept("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  root.dataset.zone = kept("zone") === "utc" ? "utc" : "local";
})();
