/** Charts in the colours of the page, drawn by Plotly, which is fetched when the first one is needed. */

import { h } from "./dom.js";

const SCRIPT = "/dashboard/charts/plotly.min.js";
const FONT = "system-ui, sans-serif";
const drawn = new Set();
let loading = null;

function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = h("script", { src: SCRIPT, onload: () => resolve(window.Plotly), onerror: () => reject(new Error("The chart library did not load.")) });
    document.head.append(script);
  });
  return loading;
}

/** A colour of the page by its variable's name, as in `series-1`, at some opacity. */
export function colour(name, opacity = 1) {
  const probe = h("span", { style: `color: var(--${name})` });
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return opacity === 1 ? found : found.replace(/^rgba?\(([^)]+)\)$/, (_, parts) => `rgba(${parts.split(",").slice(0, 3).join(",")}, ${opacity})`);
}

export const series = (place) => colour(`series-${(place % 6) + 1}`);

/**
 * An empty place for a chart that says in words what it shows.
 * `draw()` gives {traces, layout} and is asked again when colours change; call `update()` on new data.
 */
export function chart(label, draw, { tall = false } = {}) {
  const place = h("div", { class: tall ? "chart tall" : "chart", role: "img", "aria-label": label });
  const update = async () => {
    const Plotly = await load();
    if (!place.isConnected) return;
    const { traces, layout = {} } = draw();
    await Plotly.react(place, traces.map(literal), dressed(layout), { displaylogo: false, responsive: true, displayModeBar: false });
    drawn.add(update);
  };
  return { place, update };
}

/** The library reads markup in names, texts and categories: here they are what they are. */
function literal(trace) {
  const known = ["name", "text", "x", "y"].filter((key) => key in trace);
  return { ...trace, ...Object.fromEntries(known.map((key) => [key, asText(trace[key])])) };
}

function asText(value) {
  if (Array.isArray(value)) return typeof value[0] === "string" ? value.map(asText) : value;
  return typeof value === "string" ? value.replaceAll("&", "&amp;").replaceAll("<", "&lt;") : value;
}

/** Draw what was just put on the page. */
export const drawAll = (charts) => Promise.all(charts.map((one) => one.update()));

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((update) => update()));

function dressed(layout) {
  const ink = colour("ink");
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line"), automargin: true, exponentformat: "power" };
  const { xaxis = {}, yaxis = {}, ...rest } = layout;
  return {
    font: { family: FONT, size: 13, color: ink },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    margin: { l: 52, r: 16, t: 12, b: 40 },
    hovermode: "x unified",
    hoverlabel: { bgcolor: colour("raised"), bordercolor: colour("line"), font: { color: ink } },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    xaxis: { ...axis, ...xaxis },
    yaxis: { ...axis, ...yaxis },
    ...rest,
  };
}

/** Between ticks of an axis that counts. */
const step = (all) => Math.max(1, Math.ceil(Math.max(1, ...all.map((one) => one.x.length)) / 8));

/** Lines over epochs, one per series {name, x, y, dash, place}. */
export function lines(all, { xTitle, yTitle, layout = {} }) {
  return {
    traces: all.map((one, place) => ({
      type: "scatter",
      mode: one.x.length > 1 ? "lines" : "markers",
      name: one.name,
      x: one.x,
      y: one.y,
      line: { color: series(one.place ?? place), width: 2, dash: one.dash ?? "solid" },
      marker: { color: series(one.place ?? place) },
    })),
    layout: { showlegend: all.length > 1, xaxis: { title: { text: xTitle }, dtick: step(all) }, yaxis: { title: { text: yTitle } }, ...layout },
  };
}
