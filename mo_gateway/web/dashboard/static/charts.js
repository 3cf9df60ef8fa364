// Charts drawn from tables that are in the page: what has no canvas, or no scripts, has the table.
//
//   <details class="figures" open>                  closed once the chart is drawn; may be left out
//     <table data-chart="time">                     points in time, or "bar": one bar a row
//       data-zone="Europe/Amsterdam"                the zone of a time axis; without it the browser's own
//       data-unit="date"                            a time axis of dates, without hours
//       <caption>Messages an hour</caption>         what a screen reader says of the chart
//       <th scope="col" data-line="link">Messages   a column that is drawn, in the colour --link of style.css
//       <th scope="row" data-at="1763800000">…      when a row is, in Unix seconds; of bars its text is the label
//       <td data-value="12">12 </td>                the figure; without data-value it is a gap
//
// Lines differ by their dashes, not by colour alone. Rows may stand in any order of time. Nothing moves.
"use strict";

const DASHES = [[], [8, 4], [2, 3], [12, 4, 2, 4]];
const LEGEND_DASHES = ["solid", "dashed", "dotted", "double"];
const HEIGHT = 220;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function read(table) {
  const heads = [...table.tHead.rows[0].cells];
  const columns = heads.map((head, place) => ({ head, place })).filter(({ head }) => head.dataset.line);
  const rows = [...table.tBodies[0].rows];
  if (table.dataset.chart === "time") rows.sort((a, b) => a.cells[0].dataset.at - b.cells[0].dataset.at);
  const isTime = table.dataset.chart === "time";
  return {
    labels: rows.map((row) => row.cells[0].textContent.trim()),
    lines: columns.map(({ head }) => ({ name: head.textContent.trim(), colour: head.dataset.line })),
    values: [
      rows.map((row, place) => (isTime ? Number(row.cells[0].dataset.at) : place)),
      ...columns.map(({ place }) => rows.map((row) => {
        const value = row.cells[place].dataset.value;
        return value === undefined || value === "" ? null : Number(value);
      })),
    ],
  };
}

function options(table, found, width) {
  const isTime = table.dataset.chart === "time";
  const zone = table.dataset.zone;
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 } };
  return {
    width,
    height: HEIGHT,
    tzDate: (seconds) => (zone ? uPlot.tzDate(new Date(seconds * 1e3), zone) : new Date(seconds * 1e3)),
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
  if (!found.values[0].length || !found.lines.length) return;
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
