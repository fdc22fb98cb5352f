/** Charts of an experiment's report: calibration, AUC by history, distributions. */

import { chart, colour, series } from "../modules/charts.js";
import { h } from "../modules/dom.js";
import { whole } from "../modules/format.js";

const HEADS = [["probability", "p"], ["mastery", "M"], ["reference", "reference's M"]];

/** {place, charts} */
export function reportCharts(report) {
  const charts = [reliability(report), byHistory(report), ...distributions(report)];
  return { place: h("div", { class: "grid" }, charts.map((one) => h("div", { class: "card" }, one.place))), charts };
}

function reliability(report) {
  return chart("Reliability: share of right answers against the mean predicted probability, per bin", () => {
    const known = HEADS.filter(([name]) => report.calibration[name]);
    const diagonal = { type: "scatter", mode: "lines", x: [0, 1], y: [0, 1], line: { color: colour("soft"), width: 1, dash: "dot" }, hoverinfo: "skip", showlegend: false };
    const curves = known.map(([name, words], place) => {
      const bins = report.calibration[name].curve;
      return {
        type: "scatter", mode: "lines+markers", name: words,
        x: bins.map((bin) => bin.mean_probability), y: bins.map((bin) => bin.share_right),
        text: bins.map((bin) => `${whole(bin.n)} responses`), line: { color: series(place) }, marker: { color: series(place), size: 6 },
      };
    });
    return { traces: [diagonal, ...curves], layout: { hovermode: "closest", xaxis: { title: { text: "predicted" }, range: [0, 1] }, yaxis: { title: { text: "right" }, range: [0, 1] } } };
  });
}

function byHistory(report) {
  return chart("AUC of p by how many responses a student had given before, with 95 % intervals", () => {
    const parts = report.by_history.filter((part) => part.auc !== null);
    const x = parts.map((part) => part.last === null ? `${part.first} …` : part.first === part.last ? `${part.first}` : `${part.first}–${part.last}`);
    const reach = (edge) => parts.map((part) => Math.abs((part[edge] ?? part.auc) - part.auc));
    return {
      traces: [{
        type: "scatter", mode: "markers", x, y: parts.map((part) => part.auc), text: parts.map((part) => `${whole(part.n)} responses`),
        marker: { color: series(0), size: 8 },
        error_y: { type: "data", symmetric: false, array: reach("high"), arrayminus: reach("low"), color: series(0) },
      }],
      layout: { xaxis: { title: { text: "responses before" }, type: "category" }, yaxis: { title: { text: "AUC of p" } } },
    };
  });
}

function distributions(report) {
  const known = report.distributions ?? {};
  return [["theta", "ability θ, held-out steps"], ["beta", "difficulty β, skills"]].filter(([name]) => known[name]).map(([name, words]) =>
    chart(`Distribution of ${words}, model and reference`, () => {
      const { edges, model, reference } = known[name];
      const middle = edges.slice(0, -1).map((edge, place) => (edge + edges[place + 1]) / 2);
      const bars = (counts, title, place) => ({ type: "bar", name: title, x: middle, y: counts, marker: { color: series(place) }, opacity: 0.6 });
      return {
        traces: [model && bars(model, "model", 0), bars(reference, "reference", 1)].filter(Boolean),
        layout: { barmode: "overlay", bargap: 0, xaxis: { title: { text: words } }, yaxis: { title: { text: name === "theta" ? "steps" : "skills" } } },
      };
    }));
}
