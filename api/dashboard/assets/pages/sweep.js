/** One sweep: what its trials gain and give up. */

import { get } from "../modules/client.js";
import { chart, colour, drawAll, series } from "../modules/charts.js";
import { fill, h, head, notice, state, trouble } from "../modules/dom.js";
import { moment, number, plain } from "../modules/format.js";
import { table } from "../modules/table.js";

const AXES = ["auc", "l_21_kl", "l_23", "theta_pearson", "theta_spearman", "p_mastery_pearson", "mastery_auc", "ece", "l_bce"];
const LOOK_AGAIN_MILLISECONDS = 3000;

export async function show(main, { id, query }) {
  const top = h("div");
  const front = h("section", { class: "section" });
  const trials = h("div");
  const axes = { x: query.get("x") ?? "auc", y: query.get("y") ?? "l_21_kl" };
  fill(main, top, front, trials);

  async function look() {
    const sweep = await get(`/sweeps/${id}`);
    fill(top, ...headline(sweep));
    fill(trials, trialsTable(sweep));
    await showFront(front, id, axes);
    if (sweep.status === "running") setTimeout(() => look().catch((error) => fill(top, trouble(error))), LOOK_AGAIN_MILLISECONDS);
  }
  await look();
}

function headline(sweep) {
  return [
    head(sweep.name, state(sweep.status)),
    h("p", { class: "soft" }, `${sweep.preset ?? "custom settings"} · ${sweep.objective.direction} ${sweep.objective.metric} · submitted ${moment(sweep.created_at)}`),
    h("p", {}, sweep.note, "."),
    sweep.error ? notice("bad", h("strong", {}, sweep.error.type), " ", sweep.error.detail ?? "") : null,
  ];
}

async function showFront(place, id, axes) {
  const again = () => showFront(place, id, axes).catch((error) => fill(place, trouble(error)));
  const front = await get(`/sweeps/${id}/pareto`, axes);
  const drawn = chart(`Trials by ${front.x.label} and ${front.y.label}; the front is what no other trial beats in both`, () => plane(front), { tall: true });
  fill(place, h("h2", {}, "Pareto front"),
    h("div", { class: "filters" }, chooser("Across", axes, "x", again), chooser("Up", axes, "y", again),
      h("a", { class: "button", href: `/sweeps/${id}/pareto?x=${axes.x}&y=${axes.y}&format=svg` }, "As a figure")),
    front.points.length ? h("div", { class: "card" }, drawn.place) : notice("", "No trial has succeeded yet."));
  if (front.points.length) await drawAll([drawn]);
}

function chooser(words, axes, name, again) {
  const choose = h("select", { name, onchange: (event) => { axes[name] = event.target.value; again(); } },
    AXES.map((metric) => h("option", { value: metric, selected: axes[name] === metric }, metric)));
  return h("label", {}, h("span", {}, words), choose);
}

function plane(front) {
  const on = front.points.filter((point) => point.is_on_front).sort((a, b) => a.x - b.x);
  const off = front.points.filter((point) => !point.is_on_front);
  const dots = (points, name, paint) => ({
    type: "scatter", mode: "markers+text", name, x: points.map((one) => one.x), y: points.map((one) => one.y),
    text: points.map((one) => one.label), textposition: "top center", cliponaxis: false, marker: { color: paint, size: 10 },
  });
  const way = { type: "scatter", mode: "lines", x: on.map((one) => one.x), y: on.map((one) => one.y), line: { color: series(0), dash: "dot", width: 1 }, hoverinfo: "skip", showlegend: false };
  return {
    traces: [way, dots(off, "beaten in both", colour("soft")), dots(on, "on the front", series(0))],
    layout: { hovermode: "closest", xaxis: { title: { text: said(front.x) } }, yaxis: { title: { text: said(front.y) } } },
  };
}

const said = (axis) => `${axis.label}, ${axis.direction === "maximise" ? "more" : "less"} is better`;

function trialsTable(sweep) {
  const names = [...new Set(sweep.trials.flatMap((trial) => Object.keys(trial.settings)))];
  return table({
    caption: `${sweep.trials.length} of ${sweep.n_trials} trials`,
    rows: sweep.trials,
    mark: (trial) => trial.number === sweep.best?.number,
    columns: [
      { label: "trial", head: true, cell: (trial) => h("a", { href: `/dashboard/experiments/${trial.experiment_id}` }, `#${trial.number}`) },
      ...names.map((name) => ({ label: name, numeric: true, cell: (trial) => plain(trial.settings[name]) })),
      { label: "state", cell: (trial) => [state(trial.status), trial.error ? h("div", { class: "small soft" }, trial.error.detail) : null] },
      { label: sweep.objective.metric, numeric: true, cell: (trial) => [number(trial.value), trial.number === sweep.best?.number ? " best" : ""] },
      { label: "KL", numeric: true, cell: (trial) => number(trial.metrics?.l_21_kl) },
      { label: "θ Pearson", numeric: true, cell: (trial) => number(trial.metrics?.theta_pearson) },
      { label: "corr(p, M)", numeric: true, cell: (trial) => number(trial.metrics?.p_mastery_pearson, 3) },
      { label: "epochs", numeric: true, cell: (trial) => `${trial.epochs_done} of ${trial.epochs}` },
    ],
  });
}
