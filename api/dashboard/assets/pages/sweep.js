/** One sweep: what its trials gain and give up. */

import { address, get } from "../modules/client.js";
import { chart, colour, series } from "../modules/charts.js";
import { fill, h, head, keepFocus, notice, state, trouble } from "../modules/dom.js";
import { moment, number, plain } from "../modules/format.js";
import { table } from "../modules/table.js";

const AXES = ["auc", "l_21_kl", "l_23", "theta_pearson", "theta_spearman", "p_mastery_pearson", "mastery_auc", "ece", "l_bce"];
const LOOK_AGAIN_MILLISECONDS = 3000;

export async function show(main, { id, query }) {
  const path = `/sweeps/${encodeURIComponent(id)}`;
  const top = h("div");
  const said = h("div", { role: "status" });
  const trials = h("div");
  const axes = { x: query.get("x") ?? "auc", y: query.get("y") ?? "l_21_kl" };
  const front = frontOf(path, axes, () => look());
  fill(main, top, said, front.section, trials);

  let asked = 0;
  let timer = null;
  async function look() {
    clearTimeout(timer);
    const mine = ++asked;
    let goesOn = true;
    try {
      const [sweep, plane] = await Promise.all([get(path), get(`${path}/pareto`, axes)]);
      if (mine !== asked) return;
      goesOn = sweep.status === "running";
      fill(top, ...headline(sweep));
      keepFocus(trials, () => fill(trials, trialsTable(sweep)));
      fill(said);
      await front.update(plane);
    } catch (error) {
      fill(said, trouble(error));
      if (!top.childElementCount) throw error;
    } finally {
      if (mine === asked && goesOn) timer = setTimeout(look, LOOK_AGAIN_MILLISECONDS);
    }
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

/** {section, update}: the chart and what chooses its axes, made once. */
function frontOf(path, axes, again) {
  const page = { front: null };
  const drawn = chart("Trials by two metrics; the front is what no other trial beats in both", () => plane(page.front), { tall: true });
  const card = h("div", { class: "card", hidden: true }, drawn.place);
  const empty = notice("", "No trial has succeeded yet.");
  const figure = h("a", { class: "button" }, "As a figure");
  const section = h("section", { class: "section" }, h("h2", {}, "Pareto front"),
    h("div", { class: "filters" }, chooser("Across", axes, "x", again), chooser("Up", axes, "y", again), figure), empty, card);
  const update = async (front) => {
    page.front = front;
    empty.hidden = front.points.length > 0;
    card.hidden = !front.points.length;
    figure.href = address(`${path}/pareto`, { ...axes, format: "svg" });
    drawn.place.setAttribute("aria-label", `Trials by ${front.x.label} and ${front.y.label}; the front is what no other trial beats in both`);
    if (front.points.length) await drawn.update();
  };
  return { section, update };
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
      { label: "trial", head: true, cell: (trial) => h("a", { id: `trial-${trial.number}`, href: `/dashboard/experiments/${trial.experiment_id}` }, `#${trial.number}`) },
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
