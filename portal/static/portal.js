// What pages do beyond htmx: times in the viewer's zone, theme, keys, cards, charts, graphs.
"use strict";
(() => {
  const root = document.documentElement;
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private window */ } };
  const two = (number) => String(number).padStart(2, "0");

  // --- times -------------------------------------------------------------------------------------
  const zoneName = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  function stamp(date, form, utc) {
    const part = (name) => date[`get${utc ? "UTC" : ""}${name}`]();
    const parts = [part("FullYear"), two(part("Month") + 1), two(part("Date"))];
    const day = root.lang === "de" ? parts.reverse().join(".") : parts.join("-");
    const minute = `${two(part("Hours"))}:${two(part("Minutes"))}`;
    const second = `${minute}:${two(part("Seconds"))}`;
    return { day, time: second, minute: `${day} ${minute}`, full: `${day} ${second}` }[form] ?? `${day} ${second}`;
  }
  function times(from = document) {
    const utc = root.dataset.zone === "utc";
    for (const element of all("time[data-form]", from)) {
      const date = new Date(element.dateTime);
      const form = element.dataset.form;
      element.textContent = stamp(date, form, utc);
      if (utc && form !== "day") {
        const mark = document.createElement("span");
        mark.className = "utc";
        mark.textContent = " UTC";
        element.append(mark);
      }
      element.title = utc ? `${stamp(date, "full", false)} ${zoneName}` : `${stamp(date, "full", true)} UTC`;
    }
    const zone = one("#zone");
    if (zone) zone.textContent = utc ? "UTC" : zoneName || "local";
  }

  // --- theme and zone ------------------------------------------------------------------------------
  const actions = {
    theme() {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      keep("theme", root.dataset.theme);
      draw();
    },
    zone() {
      root.dataset.zone = root.dataset.zone === "utc" ? "local" : "utc";
      keep("zone", root.dataset.zone);
      times();
    },
    keys() { one("#keys")?.showModal(); },
    closeDialog(element) { element.closest("dialog")?.close(); },
    async copyLink(element) {
      const url = location.origin + element.dataset.link;
      try { await navigator.clipboard.writeText(url); element.textContent = element.dataset.done; } catch { prompt("", url); }
    },
  };
  document.addEventListener("click", (event) => {
    const element = event.target.closest("[data-do]");
    if (element && actions[element.dataset.do]) { event.preventDefault(); actions[element.dataset.do](element); }
  });

  // --- keys ----------------------------------------------------------------------------------------
  let going = 0;
  const typing = (element) => element.closest("input:not([type=radio],[type=checkbox]), textarea, select, [contenteditable]");
  function step(by) {
    const rows = all("[data-row]");
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    one("a", next)?.focus();
    next.scrollIntoView({ block: "nearest" });
  }
  const pressed = {
    "?": actions.keys, j: () => step(1), k: () => step(-1), t: actions.theme, z: actions.zone,
    "/": () => one("#q")?.focus(), f: () => one("#filters select, #filters input")?.focus(),
    e: () => one("[data-key=export]")?.click(), c: () => one("[data-key=close]")?.focus(), m: () => one("[data-key=comment]")?.focus(),
    g: () => { going = Date.now(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { hideCard(); one("#suggestions")?.replaceChildren(); if (typing(event.target)) event.target.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || one("dialog[open]")) return;
    if (Date.now() - going < 1500) {
      going = 0;
      const there = one(`.rail a[data-go="${CSS.escape(event.key)}"]`);
      if (there) { event.preventDefault(); there.click(); return; }
    }
    const act = pressed[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // --- cards of entities -----------------------------------------------------------------------------
  let wanted = null, waiting = 0;
  const cards = new Map();
  const card = () => one("#card");
  function hideCard() { wanted = null; clearTimeout(waiting); if (card()?.matches(":popover-open")) card().hidePopover(); }
  async function showCard(link) {
    wanted = link;
    const url = link.dataset.card;
    if (!cards.has(url)) {
      const answer = await fetch(url, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      if (cards.size > 200) cards.clear();
      cards.set(url, await answer.text());
    }
    if (wanted !== link || !link.isConnected) return;
    card().innerHTML = cards.get(url);
    times(card());
    card().showPopover();
    const at = link.getBoundingClientRect(), box = card().getBoundingClientRect();
    const below = at.bottom + 6 + box.height < innerHeight;
    card().style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.width - 8))}px`;
    card().style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - box.height - 6)}px`;
  }
  const later = (link) => { clearTimeout(waiting); waiting = setTimeout(() => showCard(link), 250); };
  document.addEventListener("pointerover", (event) => {
    const link = event.target.closest?.("[data-card]");
    if (link && event.pointerType !== "touch") later(link);
    else if (!event.target.closest?.("#card")) { clearTimeout(waiting); if (wanted) waiting = setTimeout(hideCard, 200); }
  });
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest("[data-card]");
    if (link && link.matches(":focus-visible")) later(link); else hideCard();
  });

  // --- charts and graphs -------------------------------------------------------------------------------
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const drawn = new Map();
  function draw() {
    for (const [element, plot] of drawn) { plot.destroy(); drawn.delete(element); }
    all("[data-chart]").forEach(chart);
    all("[data-graph]").forEach(graph);
  }
  function chart(element) {
    if (!window.uPlot) return;
    const { x, y, label, mark, markLabel, bars } = JSON.parse(element.dataset.chart);
    const axis = { stroke: colour("ink-3"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") }, font: "12px sans-serif" };
    const series = [{}, { label, stroke: colour("accent"), fill: bars ? colour("accent-soft") : undefined, width: 1.5, paths: bars ? uPlot.paths.bars({ size: [0.7, 60] }) : undefined, points: { show: !bars } }];
    const data = [x, y];
    if (mark !== undefined && mark !== null) {
      series.push({ label: markLabel, stroke: colour("high"), width: 2, dash: [6, 4], points: { show: false } });
      data.push(x.map(() => mark));
    }
    element.replaceChildren();
    drawn.set(element, new uPlot({ width: element.clientWidth, height: 220, series, axes: [axis, axis], legend: { live: false }, cursor: { drag: { x: false, y: false } } }, data, element));
  }
  function graph(element) {
    if (!window.cytoscape) return;
    const elements = JSON.parse(element.dataset.graph);
    const plot = cytoscape({
      container: element, elements, maxZoom: 2,
      layout: element.dataset.layout === "preset" ? { name: "preset", padding: 24 } : { name: "breadthfirst", directed: true, padding: 24, spacingFactor: 1.1, animate: false },
      style: [
        { selector: "node", style: { label: "data(label)", "background-color": colour("sheet"), "border-width": 1.5, "border-color": colour("line-strong"), color: colour("ink"), "font-size": 11, "text-valign": "bottom", "text-margin-y": 4, "text-background-color": colour("sheet"), "text-background-opacity": 0.85, "text-background-padding": 2, width: 22, height: 22, shape: "ellipse" } },
        { selector: "node[kind='computer']", style: { shape: "round-rectangle" } },
        { selector: "node[kind='group']", style: { shape: "hexagon" } },
        { selector: "node[?sensitive]", style: { "border-color": colour("high"), "border-width": 3 } },
        { selector: "node[?start]", style: { "background-color": colour("accent") } },
        { selector: "node[kind='ticket']", style: { shape: "tag" } },
        { selector: "node[side='right']", style: { "text-halign": "right", "text-valign": "center", "text-margin-x": 5, "text-margin-y": 0, "text-wrap": "wrap", "text-max-width": 165, "font-size": 12 } },
        { selector: "node[kind='alert']", style: { shape: "diamond", width: 16, height: 16, "border-width": 0 } },
        ...["high", "medium", "low", "informational"].map((level) => ({ selector: `node[severity='${level}']`, style: { "background-color": colour(level) } })),
        { selector: "edge", style: { width: 1.5, "line-color": colour("line-strong"), "target-arrow-color": colour("line-strong"), "target-arrow-shape": "triangle", "curve-style": "bezier", label: "data(label)", "font-size": 9, color: colour("ink-3"), "text-background-color": colour("sheet"), "text-background-opacity": 1, "text-background-padding": 2 } },
        { selector: "edge[?quiet]", style: { width: 1, opacity: 0.75, "target-arrow-shape": "none", "curve-style": "straight", "text-rotation": "autorotate" } },
      ],
    });
    plot.on("tap", "node", (event) => { const to = event.target.data("href"); if (to?.startsWith("/")) location.href = to; });
    drawn.set(element, plot);
  }

  // --- completion: the server says what may stand at the cursor ------------------------------------------
  const asking = () => one("[data-complete]"), offers = () => all("#completions [role=option]");
  let turn = 0, pause = 0;
  function choose(option) {
    offers().forEach((each) => each.setAttribute("aria-selected", each === option));
    if (option) { asking().setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); } else asking()?.removeAttribute("aria-activedescendant");
  }
  function shut() { turn++; clearTimeout(pause); const list = one("#completions"); if (list) { list.hidden = true; list.replaceChildren(); asking().setAttribute("aria-expanded", "false"); choose(null); } }
  async function offer() {
    const box = asking(), mine = ++turn, form = new FormData(box.form);
    // the server counts signs, the browser their halves
    form.set("at", [...box.value.slice(0, box.selectionStart)].length);
    const answer = await fetch(box.dataset.complete, { method: "POST", body: new URLSearchParams(form), headers: { "HX-Request": "true" } });
    if (!answer.ok || mine !== turn) return;
    const list = one("#completions");
    list.innerHTML = await answer.text();
    if (mine !== turn) return;
    list.hidden = !list.children.length;
    box.setAttribute("aria-expanded", !list.hidden);
    choose(offers()[0]);
  }
  function put(option) {
    const box = asking(), start = [...box.value].slice(0, Number(option.dataset.start)).join("").length;
    box.setRangeText(option.dataset.text, start, box.selectionStart, "end");
    shut();
    box.focus();
  }
  document.addEventListener("input", (event) => { if (event.target === asking()) { clearTimeout(pause); pause = setTimeout(offer, 150); } });
  document.addEventListener("keydown", (event) => {
    const box = asking();
    if (!box || event.target !== box) return;
    if (event.ctrlKey && event.key === "Enter") { event.preventDefault(); box.form.requestSubmit(); return; }
    if (event.ctrlKey && event.code === "Space") { event.preventDefault(); offer(); return; }
    const found = offers(), at = found.findIndex((each) => each.getAttribute("aria-selected") === "true");
    if (!found.length) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") choose(found[(at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length]);
    else if ((event.key === "Tab" || event.key === "Enter") && at >= 0 && !event.shiftKey) put(found[at]);
    else if (event.key === "Escape") shut();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("pointerdown", (event) => { const option = event.target.closest?.("#completions [role=option]"); if (option) { event.preventDefault(); put(option); } });
  document.addEventListener("focusout", (event) => { if (event.target === asking()) shut(); });

  // --- live --------------------------------------------------------------------------------------------
  const live = (on) => all(".live").forEach((element) => { element.dataset.on = on ? "yes" : "no"; element.textContent = on ? element.dataset.yes : element.dataset.no; });
  document.addEventListener("hello", () => live(true));
  document.addEventListener("htmx:sse:error", () => live(false));
  document.addEventListener("htmx:sse:close", () => live(false));

  document.addEventListener("htmx:after:swap", () => { times(); });
  document.addEventListener("htmx:after:settle", () => { times(); });
  addEventListener("change", (event) => { const form = event.target.closest?.("form[data-submit]"); if (form) form.requestSubmit(); });
  const start = () => { root.dataset.js = "yes"; times(); draw(); };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start); else start();
})();
