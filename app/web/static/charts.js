// Latencies to hover and zoom, in place of those that the server drew; without uPlot those stay.
"use strict";

(() => {
  const PHASES = ["name_lookup", "connect", "tls", "wait", "receive"];
  const TITLES = ["name look-up", "connect", "TLS", "wait", "receive"];
  const AGAIN_MS = 60000;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const faint = (name, share) => `color-mix(in srgb, ${colour(name)} ${share}%, transparent)`;

  // Milliseconds as the pages write durations: three digits that count.
  const duration = (ms) => {
    if (ms === null || ms === undefined) return "–";
    if (ms >= 1000) return `${Number((ms / 1000).toPrecision(3)).toLocaleString("en")} s`;
    return ms >= 1 ? `${Number(ms.toPrecision(3))} ms` : `${Math.round(ms * 1000)} µs`;
  };
  const instant = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

  // Points as columns; where nothing was measured a row of nulls keeps the lines apart.
  const columns = (document, pick, gap) => {
    const rows = [];
    const end = Date.parse(document.to) / 1000;
    let before = null;
    for (const point of document.points) {
      // A point stands in the middle of its step; that of the newest may not have come yet.
      const at = Math.min(Date.parse(point.at) / 1000 + document.step_seconds / 2, end);
      if (before !== null && at - before > gap) rows.push([(at + before) / 2, null]);
      rows.push([at, pick(point)]);
      before = at;
    }
    const width = pick({ phases_ms: {} }).length;
    return [rows.map(([at]) => at), ...[...Array(width).keys()].map((n) => rows.map(([, values]) => (values === null ? null : values[n])))];
  };

  const percentiles = (point) => [point.p50 ?? null, point.p95 ?? null, point.p99 ?? null];
  // The topmost first, so that each is filled down to the one below it.
  const stacked = (point) => {
    let sum = 0;
    return PHASES.map((name) => (sum += point.phases_ms[name]?.p50 ?? 0));
  };

  const spans = (figure) => (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    for (const [since, until, kind] of JSON.parse(figure.dataset.spans || "[]")) {
      const left = Math.max(u.valToPos(since, "x", true), bbox.left);
      const right = Math.min(u.valToPos(until, "x", true), bbox.left + bbox.width);
      if (right < bbox.left || left > bbox.left + bbox.width) continue;
      ctx.fillStyle = faint(kind === "broken" ? "--down" : "--maintenance", 22);
      ctx.fillRect(left, bbox.top, Math.max(right - left, 2), bbox.height);
    }
    ctx.restore();
  };

  // Ticks in the reader's zone and language: as fine as they lie apart, a date where a day begins.
  const forms = {
    second: new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }),
    minute: new Intl.DateTimeFormat(undefined, { timeStyle: "short" }),
    day: new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }),
  };
  const tick = (at, apart) => {
    const date = new Date(at * 1000);
    const begins = !date.getHours() && !date.getMinutes() && !date.getSeconds();
    return forms[begins || apart >= 86400 ? "day" : apart < 60 ? "second" : "minute"].format(date);
  };

  const axes = () => [
    { space: 72, values: (_, ticks, __, ___, apart) => ticks.map((at) => tick(at, apart)), stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } },
    { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") }, size: 64, values: (_, ticks) => ticks.map(duration) },
  ];

  const drawn = {
    latency: {
      columns: (found, gap) => columns(found, percentiles, gap),
      series: () => ["p50", "p95", "p99"].map((label, n) => ({ label, stroke: colour(`--c${n}`), width: 1.5, points: { size: 4 }, value: (_, ms) => duration(ms) })),
      bands: () => [{ series: [2, 1], fill: faint("--c1", 16) }, { series: [3, 2], fill: faint("--c2", 12) }],
    },
    phases: {
      columns: (found, gap) => columns({ ...found, points: found.points.filter((point) => Object.keys(point.phases_ms).length) }, stacked, gap),
      series: () => TITLES.map((label, n) => ({
        label, stroke: colour(`--c${n}`), width: 1, points: { size: 3 }, fill: n === 0 ? faint("--c0", 70) : undefined,
        // What is shown is the phase, not the sum up to it.
        value: (u, ms, _, index) => (ms === null || index === null ? "–" : duration(ms - (n === 0 ? 0 : u.data[n][index] ?? 0))),
      })),
      bands: () => [1, 2, 3, 4].map((n) => ({ series: [n + 1, n], fill: faint(`--c${n}`, 70) })),
    },
  };

  // Arrow keys read values, plus and minus zoom, Escape shows all of it again.
  const keys = (u, whole) => (event) => {
    const xs = u.data[0], at = u.cursor.idx ?? xs.length - 1;
    const { min, max } = u.scales.x;
    const zoom = (share) => {
      const middle = xs[at] ?? (min + max) / 2, half = ((max - min) * share) / 2;
      u.setScale("x", { min: Math.max(middle - half, whole.min), max: Math.min(middle + half, whole.max) });
    };
    const go = (to) => {
      const index = Math.min(Math.max(to, 0), xs.length - 1);
      if (xs[index] < min || xs[index] > max) return;
      const value = u.data.at(-1)[index];
      u.root.querySelector(".u-legend").setAttribute("aria-live", "polite");
      u.setCursor({ left: u.valToPos(xs[index], "x"), top: value === null ? 0 : u.valToPos(value, "y") });
    };
    const does = { ArrowLeft: () => go(at - 1), ArrowRight: () => go(at + 1), "+": () => zoom(0.5), "-": () => zoom(2), Escape: () => u.setScale("x", whole) }[event.key];
    if (does) { event.preventDefault(); does(); }
  };

  const show = (figure, kind, found) => {
    const svg = figure.querySelector("svg");
    const how = drawn[kind], gap = Number(figure.dataset.gap);
    const whole = { min: Number(figure.dataset.since), max: Number(figure.dataset.until) };
    const room = () => ({ width: Math.max(figure.clientWidth - 32, 200), height: 260 });
    let u;
    const make = (data) => {
      u?.destroy();
      figure.querySelector(".drawing")?.remove();
      const place = document.createElement("div");
      place.className = "drawing";
      place.tabIndex = 0;
      place.setAttribute("role", "application");
      place.setAttribute("aria-label", `${figure.querySelector("figcaption").textContent}. Arrow keys read values, plus and minus zoom, Escape shows all.`);
      figure.insertBefore(place, svg);
      u = new window.uPlot({
        ...room(),
        scales: { x: { time: true, range: (_, min, max) => (min === null || min === whole.min && max === whole.max ? [whole.min, whole.max] : [min, max]) }, y: { range: (_, __, max) => [0, (max || 1) * 1.08] } },
        series: [{ label: "at", value: (_, at) => (at === null ? "–" : instant.format(at * 1000)) }, ...how.series()],
        bands: how.bands(),
        axes: axes(),
        cursor: { drag: { x: true, y: false }, focus: { prox: -1 } },
        legend: { live: true },
        hooks: { drawClear: [spans(figure)] },
      }, data, place);
      u.setScale("x", whole);
      place.addEventListener("keydown", keys(u, whole));
      place.addEventListener("dblclick", () => u.setScale("x", whole));
      for (const part of [svg, figure.querySelector(".colours")]) part.setAttribute("hidden", "");
    };
    const data = how.columns(found, gap);
    if (!data[0].length) return;
    make(data);
    const sized = new ResizeObserver(() => (figure.isConnected ? u.setSize(room()) : sized.disconnect()));
    sized.observe(figure);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => figure.isConnected && make(u.data));
    const again = setInterval(async () => {
      if (!figure.isConnected) { clearInterval(again); return; }
      const zoomed = u.scales.x.min > whole.min || u.scales.x.max < whole.max;
      if (document.hidden || zoomed) return;
      const fresh = await read(figure);
      if (!fresh) return;
      const moved = Date.parse(fresh.to) / 1000 - whole.max;
      if (whole.min > Date.parse(fresh.from) / 1000 - 1 && whole.min < Date.parse(fresh.from) / 1000 + moved + 1) whole.min += moved;
      whole.max += moved;
      const columns = how.columns(fresh, gap);
      const highest = columns.slice(1).reduce((most, column) => column.reduce((m, value) => Math.max(m, value ?? 0), most), 0);
      u.setData(columns, false);
      u.setScale("x", whole);
      // What came may be higher than all before.
      u.setScale("y", { min: 0, max: highest });
    }, AGAIN_MS);
  };

  const read = async (figure) => {
    try {
      const answer = await fetch(figure.dataset.from, { headers: { Accept: "application/json" } });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  };

  const chart = (kind) => async (figure) => {
    if (figure.dataset.drawn) return;
    figure.dataset.drawn = "1";
    const found = await read(figure);
    if (found) show(figure, kind, found);
  };
  window.tercetCharts = { ...window.tercetCharts, latency: chart("latency"), phases: chart("phases") };
})();
