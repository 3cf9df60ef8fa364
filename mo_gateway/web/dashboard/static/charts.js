// Charts drawn from tables that are in the page: what has no canvas, or no scripts, has the table.
//
//   <details class="figures" open>                       closed once the chart is drawn; may be left out
//     <table data-chart="time">                          points in time; "bar" is one bar a row
//       data-unit="date"                                 a time axis of dates, without hours
//       <caption>Messages an hour</caption>              what a screen reader says of the chart
//       <th scope="col" class="figure">Messages</th>     a column of figures; each is drawn, or
//       <th scope="col" class="figure" data-line="ok">   where any has data-line only these, in --ok of style.css
//       <th scope="row"><time datetime="2026-11-22T13:00:00+00:00">…    when a row is; of bars the text is the label
//       <td class="figure">1 234</td>                    the figure; what is no number is a gap
//
// The time axis is in the zone that base.html names. Lines differ by their dashes, not by colour alone. Rows may
// stand in any order of time. Nothing moves.
"use strict";

const COLOURS = ["link", "ok", "wait", "fail"];
const DASHES = [[], [8, 4], [2, 3], [12, 4, 2, 4]];
const LEGEND_DASHES = ["solid", "dashed", "dotted", "double"];
const HEIGHT = 220;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function read(table) {
  const isTime = table.dataset.chart === "time";
  const heads = [...table.tHead.rows[0].cells].map((head, place) => ({ head, place }));
  const named = heads.filter(({ head }) => head.dataset.line);
  const columns = named.length ? named : heads.filter(({ head }) => head.classList.contains("figure"));
  const rows = [...table.tBodies[0].rows].map((row) => row.cells);
  if (isTime) rows.sort((a, b) => seconds(a[0]) - seconds(b[0]));
  return {
    labels: rows.map((cells) => cells[0].textContent.trim()),
    lines: columns.map(({ head }, place) => ({
      name: head.textContent.trim(),
      colour: head.dataset.line || COLOURS[place % COLOURS.length],
    })),
    values: [
      rows.map((cells, place) => (isTime ? seconds(cells[0]) : place)),
      ...columns.map(({ place }) => rows.map((cells) => figure(cells[place]))),
    ],
  };
}

function seconds(cell) {
  return Date.parse(cell.querySelector("time").dateTime) / 1e3;
}

function figure(cell) {
  const value = Number.parseFloat(cell.textContent.replace(/\s/g, "")); // also the thin spaces between thousands
  return Number.isNaN(value) ? null : value;
}

function options(table, found, width) {
  const isTime = table.dataset.chart === "time";
  const zone = document.body.dataset.zone;
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 } };
  return {
    width,
    height: HEIGHT,
    tzDate: (moment) => uPlot.tzDate(new Date(moment * 1e3), zone),
    cursor: { show: false },
    legend: { show: true, live: false, markers: { dash: (_chart, place) => LEGEND_DASHES[(place - 1) % DASHES.length] } },
    scales: {
      x: isTime ? {} : { time: false, range: [-0.6, found.labels.length - 0.4] },
      y: { range: (_chart, _least, most) => [0, Math.max(1, most) * 1.1] },
    },
    axes: [
      isTime ? { ...axis, ...dates(table) } : { ...axis, grid: { show: false }, splits: found.values[0], values: () => found.labels.map(short) },
      { ...axis, size: 60, values: (_chart, splits) => splits.map((split) => (Number.isInteger(split) ? split.toLocaleString("en").replaceAll(",", " ") : "")) },
    ],
    series: [
      {},
      ...found.lines.map((line, place) => ({
        label: line.name,
        stroke: colour(line.colour),
        width: 2,
        dash: isTime ? DASHES[place % DASHES.length] : undefined,
        fill: isTime ? undefined : colour(line.colour),
        paths: isTime ? undefined : uPlot.paths.bars({ size: [0.6, 60] }),
        points: { show: isTime && found.values[0].length < 40 },
      })),
    ],
  };
}

// Months as numbers: 2026-11-22 needs no language. Days or hours, as there is room.
function dates(table) {
  return {
    space: 70,
    incrs: table.dataset.unit === "date" ? [1, 2, 7, 14, 28].map((days) => days * 86400) : [1, 2, 3, 6, 12, 24].map((hours) => hours * 3600),
    values: table.dataset.unit === "date" ? "{MM}-{DD}" : "{HH}:{mm}",
  };
}

function short(label) {
  return label.length > 14 ? `${label.slice(0, 13)}…` : label;
}

function draw(table) {
  const found = read(table);
  if (!found.labels.length) return;
  const details = table.closest("details");
  const place = document.createElement("div");
  place.className = "chart";
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", table.caption ? table.caption.textContent.trim() : "");
  (details || table).before(place);
  if (details) details.open = false;
  let chart;
  const again = () => {
    chart?.destroy();
    chart = new uPlot(options(table, found, place.clientWidth), found.values, place);
  };
  again();
  document.addEventListener("theme", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new ResizeObserver(() => {
    if (place.clientWidth && place.clientWidth !== chart.width) chart.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
}

for (const table of document.querySelectorAll("table[data-chart]")) draw(table);
