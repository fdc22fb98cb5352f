/** Two or more experiments side by side: what differs, what of it is more than chance, and what to think of it. */

import { address, get } from "../modules/client.js";
import { chart, drawAll, lines } from "../modules/charts.js";
import { fill, h, head, notice, state } from "../modules/dom.js";
import { number, percent, plain, signed } from "../modules/format.js";
import { table } from "../modules/table.js";

const CURVES = [["auc", "AUC, held out"], ["train_loss", "training loss"], ["l_21_kl", "KL, held out"], ["theta_pearson", "θ Pearson"], ["theta_std", "std of θ"], ["lambda", "λ"]];
const DASHES = ["solid", "dash", "dot", "dashdot"];

export async function show(main, { query }) {
  const wanted = { baseline: query.get("baseline"), candidate: query.getAll("candidate") };
  if (!wanted.baseline || !wanted.candidate.length) {
    fill(main, head("Comparison"), notice("", "Tick two or more ", h("a", { href: "/dashboard/experiments" }, "experiments"), " and choose Compare."));
    return;
  }
  const comparison = await get("/comparisons", wanted);
  const names = comparison.experiments.map((one) => one.name);
  const curves = h("div", { class: "grid" });
  fill(main,
    head(`${names[0]} against ${names.slice(1).join(", ")}`, exports(wanted)),
    comparison.notes.map((words) => notice("warn", words)),
    findings(comparison, names), settings(comparison, names), h("h2", {}, "Curves"), curves,
    comparison.sections.map((section) => sectionTable(section, names)),
    comparison.intervals ? h("p", { class: "soft small" }, comparison.intervals) : null);
  await overlay(curves, comparison.experiments);
}

function exports(wanted) {
  const link = (format, words) => h("a", { class: "button", href: address("/comparisons", { ...wanted, format }) }, words);
  return h("span", {}, link("md", "Markdown"), " ", link("html", "HTML"), " ", link("json", "JSON"));
}

function findings(comparison, names) {
  const found = comparison.findings ?? [];
  if (!found.length) return null;
  const named = new Map(comparison.experiments.map((one, place) => [one.id, names[place]]));
  return h("section", { class: "section" }, h("h2", {}, "Findings"), table({
    caption: `${found.length} findings, the gravest first`,
    rows: found,
    columns: [
      { label: "", cell: (one) => state(one.severity) },
      { label: "experiment", head: true, cell: (one) => named.get(one.experiment_id) ?? "" },
      { label: "what was found", cell: (one) => one.message },
      { label: "evidence", cell: (one) => one.evidence.map((part) => h("div", { class: "small" }, h("a", { href: part.href }, part.label), ` ${number(part.value)}`, part.epoch ? `, epoch ${part.epoch}` : "")) },
    ],
  }));
}

function settings(comparison, names) {
  if (!comparison.settings.length) return notice("", "All settings are the same.");
  return h("section", { class: "section" }, h("h2", {}, "Settings that differ"), table({
    caption: `${comparison.settings.length} settings`,
    rows: comparison.settings,
    columns: [
      { label: "setting", head: true, cell: (one) => h("code", {}, one.name) },
      ...names.map((name, place) => ({ label: name, cell: (one) => plain(one.values[place]) })),
    ],
  }));
}

function sectionTable(section, names) {
  const columns = [{ label: "figure", head: true, cell: (row) => row.label }];
  names.forEach((name, place) => {
    columns.push({ label: name, numeric: true, cell: (row) => [number(row.values[place].value), met(row.values[place].passed)] });
    if (place) columns.push({ label: "change", numeric: true, cell: (row) => change(row.values[place]) });
  });
  if (section.rows.some((row) => row.target)) columns.push({ label: "target", numeric: true, cell: (row) => row.target ?? "" });
  return h("section", { class: "section" }, h("h2", {}, section.title), table({ caption: section.title, captioned: false, columns, rows: section.rows }));
}

const met = (passed) => passed === null ? "" : h("span", { class: passed ? "good" : "bad", title: passed ? "meets its target" : "misses its target" }, passed ? " ✓" : " ✗");

const WORDS = { better: ["good", "better"], worse: ["bad", "worse"], same: ["soft", "no difference"] };

function change(value) {
  if (value.change === null) return "–";
  const [kind, word] = WORDS[value.verdict] ?? ["soft", ""];
  const relative = value.relative_change === null ? "" : ` (${percent(value.relative_change, 1)})`;
  return [
    h("span", { class: kind }, `${signed(value.change)}${relative} ${word}`),
    value.change_low === null ? null : h("div", { class: "small soft" }, `[${signed(value.change_low)}, ${signed(value.change_high)}]${value.p_value === null ? "" : `, p ${value.p_value < 0.001 ? "< 0.001" : number(value.p_value, 3)}`}`),
  ];
}

async function overlay(place, experiments) {
  // Cross-validations have no curve of their own.
  const known = experiments.filter((one) => (one.folds?.length ?? 1) === 1);
  const epochs = await Promise.all(known.map((one) => get(`/experiments/${one.id}/metrics`).then((found) => found.items)));
  const charts = CURVES.flatMap(([metric, words]) => {
    const all = known.map((one, at) => ({
      name: one.name, dash: DASHES[at % DASHES.length],
      x: epochs[at].map((epoch) => epoch.epoch), y: epochs[at].map((epoch) => epoch.metrics[metric] ?? null),
    })).filter((one) => one.y.some((value) => value !== null));
    return all.length ? [chart(`${words} over epochs, ${all.length} experiments`, () => lines(all, { xTitle: "epoch", yTitle: words }))] : [];
  });
  fill(place, charts.map((one) => h("div", { class: "card" }, one.place)));
  await drawAll(charts);
}
