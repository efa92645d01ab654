// What pages do beyond what their server sent; without it every page still tells everything.
"use strict";

(() => {
  const within = (root, what) => (root.matches?.(what) ? [root] : []).concat([...root.querySelectorAll(what)]);

  // Instants in the reader's zone; the UTC instant stays in the title.
  const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
  const localise = (root) => {
    for (const time of within(root, "time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const today = at.toDateString() === new Date().toDateString();
      time.textContent = (time.classList.contains("short") && today ? clock : whole).format(at);
    }
  };

  // What goes on says for how long, counted from what the server said.
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const span = (seconds) => {
    let left = Math.round(seconds);
    const parts = units.map(([name, length]) => { const n = Math.floor(left / length); left -= n * length; return n ? `${n} ${name}` : ""; });
    const first = parts.findIndex(Boolean);
    return first < 0 ? "0 s" : parts.slice(first, first + 2).filter(Boolean).join(" ");
  };
  const began = new WeakMap();
  const run = (root) => {
    const now = performance.now() / 1000;
    for (const each of within(root, "[data-running]")) {
      if (!began.has(each)) began.set(each, now - Number(each.dataset.running));
      each.textContent = span(now - began.get(each));
    }
  };
  window.setInterval(() => run(document), 1000);

  // Charts to hover and zoom take the place of those the server drew.
  const draw = (root) => {
    if (!window.uPlot) return;
    for (const figure of within(root, "[data-chart]")) {
      const charts = window.tercetCharts ?? {};
      charts[figure.dataset.chart]?.(figure);
    }
  };

  // What does nothing without scripts is hidden without them.
  const show = (root) => { for (const part of within(root, "[data-scripted]")) part.hidden = false; };

  const ready = (root) => { localise(root); run(root); draw(root); show(root); };

  // The tab shows how things stand; what happened is read out.
  const stand = ({ worst, sign, said }) => {
    const title = document.querySelector("title[data-title]");
    if (title) document.title = sign + title.dataset.title;
    const icon = document.getElementById("icon");
    if (icon?.dataset[worst]) icon.href = icon.dataset[worst];
    if (said.length) document.getElementById("said").textContent = said.slice(-5).join(" ");
  };

  // After a loss something may have been missed: the page is read anew, in its place.
  const refresh = () => {
    if (document.querySelector("form.typed") || document.querySelector("input[name=rows]:checked")) return;
    window.htmx?.ajax("GET", location.pathname + location.search, { target: "#main", select: "#main", swap: "outerHTML" });
  };
  let lost = false;
  const lose = (is) => {
    const banner = document.getElementById("lost");
    if (banner) banner.hidden = !is;
    if (lost && !is) refresh();
    lost = is;
  };

  document.addEventListener("htmx:sseError", () => lose(true));
  document.addEventListener("htmx:sseOpen", () => lose(false));
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    // What a part shows stays while somebody stands in it with the keyboard.
    if (event.target.contains(document.activeElement) && event.target.matches("td, p")) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    // Just so for what a page asks for by itself, again and again.
    const { target, requestConfig } = event.detail, by = requestConfig?.triggeringEvent;
    const asked = by && !by.type.startsWith("sse:");
    if (!asked && target.id !== "main" && target.contains(document.activeElement)) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const { target, detail } = event;
    // An outcome that was shown already comes once more to a page that was just loaded.
    const id = target.dataset.most && /id="([^"]+)"/.exec(detail.data)?.[1];
    if (id && document.getElementById(id)) event.preventDefault();
    const word = "moves" in target.dataset && target.querySelector(".status")?.className;
    if (word && !detail.data.includes(`"${word}"`)) window.htmx.trigger(document.body, "moved");
  });
  document.addEventListener("htmx:sseMessage", (event) => {
    const { target } = event;
    while (target.dataset.most && target.children.length > target.dataset.most) target.lastElementChild.remove();
    if (target.dataset.most) document.getElementById("no-outcome")?.remove();
    ready(target);
  });
  // What goes on says so when it has ended.
  document.addEventListener("htmx:sseClose", (event) => {
    const said = event.detail.type === "message" && event.target.dataset.said;
    if (said) document.getElementById("said").textContent = said;
  });
  document.addEventListener("htmx:afterSwap", (event) => ready(event.target));
  if (window.htmx) {
    window.htmx.createEventSource = (address) => {
      const source = new EventSource(address);
      source.addEventListener("state", (event) => stand(JSON.parse(event.data)));
      source.addEventListener("reset", refresh);
      return source;
    };
  }

  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    const asks = form.dataset.ask && (!form.dataset.askOf || button?.value === form.dataset.askOf);
    if (asks && !window.confirm(form.dataset.ask)) event.preventDefault();
  });
  document.addEventListener("input", (event) => event.target.form?.classList.add("typed"));
  document.addEventListener("change", (event) => {
    const all = event.target.dataset.all;
    if (all) for (const box of event.target.form.querySelectorAll(`input[name="${all}"]`)) box.checked = event.target.checked;
  });

  // A file dropped on a list, or chosen for it, becomes its text.
  const read = async (files) => (await Promise.all([...files].map((file) => file.text()))).join("\n");
  const add = (area, text) => {
    area.value = area.value.trim() ? `${area.value.trimEnd()}\n${text}` : text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.dataset.into) return;
    add(document.getElementById(input.dataset.into), await read(input.files));
    input.value = "";
  });
  document.addEventListener("dragover", (event) => {
    const area = event.target.closest?.("[data-drop]");
    if (area) { event.preventDefault(); area.classList.add("drop"); }
  });
  document.addEventListener("dragleave", (event) => event.target.classList?.remove("drop"));
  document.addEventListener("drop", async (event) => {
    const area = event.target.closest?.("[data-drop]");
    if (!area) return;
    event.preventDefault();
    area.classList.remove("drop");
    const { files } = event.dataTransfer;
    add(area, files.length ? await read(files) : event.dataTransfer.getData("text"));
  });

  // Of a form that can be filled in in two ways, only the fields of the one chosen are shown.
  const choose = () => {
    for (const choice of document.querySelectorAll("select[name=kind]")) {
      for (const part of choice.form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== choice.value;
    }
  };
  document.addEventListener("change", choose);

  const begin = () => {
    ready(document);
    choose();
    const zone = document.querySelector("[data-own-zone]");
    if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || zone.value;
    document.querySelector("[data-focus]")?.focus();
  };
  window.tercet = { ready, stand, lose, refresh };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
