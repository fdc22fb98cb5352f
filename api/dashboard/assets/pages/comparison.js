/** Two or more experiments side by side: what differs, what of it is more than chance, and what to think of it. */

import { address, get } from "../modules/client.js";
import { chart, drawAll, lines } from "../modules/charts.js";
import { fill, h, head, notice, state } from "../modules/dom.js";
import { number, percent, plain, signed, whole } from "../modules/format.js";
import { table } from "../modules/table.js";

const CURVES = ["auc", "train_loss", "theta_pearson", "theta_std", "lambda"];
const DASHES = ["solid", "dash", "dot", "dashdot"];

export async function show(main, { query }) {
  const wanted = { baseline: query.get("baseline"), candidate: query.getAll("candidate") };
  if (!wanted.baseline || !wanted.candidate.length) {
    fill(main, head("Comparison"), notice("", "Tick two or more ", h("a", { href: "/dashboard/experiments" }, "experiments"), " and choose Compare."));
    return;
  }
  const comparison = await get("/comparisons", wanted);
  const names = comparison.experiments.map((one) => one.label);
  const charts = curves(comparison, names);
  fill(main,
    head(`${names[0]} against ${names.slice(1).join(", ")}`, exports(wanted)),
    comparison.notes.map((words) => notice("warn", words)),
    settings(comparison, names),
    criteria(comparison, names), findings(comparison, names),
    charts.length ? h("h2", {}, "Curves") : null, h("div", { class: "grid" }, charts.map((one) => h("div", { class: "card" }, one.place))),
    comparison.sections.map((section) => sectionTable(section, names)), scale(comparison, names),
    comparison.intervals ? h("p", { class: "soft small" }, comparison.intervals) : null);
  await drawAll(charts);
}

function exports(wanted) {
  const link = (format, words) => h("a", { class: "button", href: address("/comparisons", { ...wanted, format }) }, words);
  return h("span", {}, link("md", "Markdown"), " ", link("html", "HTML"), " ", link("json", "JSON"));
}

const section = (title, body) => h("section", { class: "section" }, h("h2", {}, title), body);

function settings(comparison, names) {
  if (!comparison.settings.length) return notice("", "All settings are the same.");
  return section("Settings that differ", table({
    caption: `${whole(comparison.settings.length)} differ, ${whole(comparison.common_settings.length)} are the same`,
    rows: comparison.settings,
    columns: [
      { label: "setting", head: true, cell: (one) => h("code", {}, one.name) },
      ...names.map((name, place) => ({ label: name, cell: (one) => plain(one.values[place]) })),
    ],
  }));
}

function criteria(comparison, names) {
  return section("Criteria", table({
    caption: "What each is held to",
    captioned: false,
    rows: comparison.criteria,
    columns: [
      { label: "figure", head: true, cell: (one) => one.label },
      { label: "asked for", numeric: true, cell: (one) => one.target },
      ...names.map((name, place) => ({ label: name, numeric: true, cell: (one) => [number(one.values[place].value), met(one.values[place].passed)] })),
    ],
  }));
}

function findings(comparison, names) {
  const grave = comparison.findings.filter((one) => one.severity !== "remark");
  const remarks = comparison.findings.filter((one) => one.severity === "remark");
  if (!comparison.findings.length) return null;
  return section("Findings", [
    grave.length ? findingsTable(`${whole(grave.length)} to act on, the gravest first`, grave, comparison, names) : null,
    remarks.length ? h("details", {}, h("summary", {}, `${whole(remarks.length)} remarks`), findingsTable("Remarks", remarks, comparison, names)) : null,
  ]);
}

function findingsTable(caption, found, comparison, names) {
  const named = new Map(comparison.experiments.map((one, place) => [one.id, names[place]]));
  const evidence = (part, one) => h("div", { class: "small" }, h("a", { href: place(part, one) }, part.label), ` ${number(part.value)}`, part.epoch ? `, epoch ${part.epoch}` : "");
  const told = new Set(comparison.sections.flatMap((one) => one.rows.map((row) => row.metric)));
  const place = (part, one) => told.has(part.metric) ? `#figure-${part.metric}` : `/dashboard/experiments/${one.experiment_id}`;
  return table({
    caption,
    rows: found,
    columns: [
      { label: "", cell: (one) => state(one.severity) },
      { label: "experiment", head: true, cell: (one) => named.get(one.experiment_id) ?? "" },
      { label: "what was found", cell: (one) => one.message },
      { label: "evidence", cell: (one) => one.evidence.map((part) => evidence(part, one)) },
    ],
  });
}

function curves(comparison, names) {
  const known = CURVES.map((metric) => comparison.curves.find((one) => one.metric === metric)).filter(Boolean);
  return known.map((curve) => {
    const all = curve.points.map((points, place) => ({ name: names[place], place, dash: DASHES[place % DASHES.length], x: points.map(([epoch]) => epoch), y: points.map(([, value]) => value) }));
    return chart(`${curve.label} over epochs`, () => lines(all.filter((one) => one.x.length), { xTitle: "epoch", yTitle: curve.label }));
  });
}

function sectionTable({ title, rows }, names) {
  const columns = [{ label: "figure", head: true, cell: (row) => row.label }];
  names.forEach((name, place) => {
    columns.push({ label: name, numeric: true, cell: (row) => [said(row, row.values[place]), met(row.values[place].passed)] });
    if (place) columns.push({ label: "change", numeric: true, cell: (row) => change(row, row.values[place]) });
  });
  const has = (key) => rows.some((row) => row.values.some((value) => (value[key] ?? null) !== null));
  if (has("reference") || has("reference_range")) columns.push({ label: "reference", numeric: true, cell: (row) => each(row.values, (value) => value.reference_range ? range(value.reference_range) : value.reference === null ? "" : shown(row, value.reference)) });
  if (rows.some((row) => row.target)) columns.push({ label: "asked for", numeric: true, cell: (row) => row.target ?? "" });
  return section(title, table({ caption: title, captioned: false, columns, rows, name: (row) => `figure-${row.metric}` }));
}

/** One word where all say the same, else each its own. */
const each = (values, words) => [...new Set(values.map(words))].filter(Boolean).map((one) => h("div", {}, one));

const said = (row, value) => value.range ? range(value.range) : shown(row, value.value);
const shown = (row, value) => row.form !== "count" ? number(value) : value === null && row.metric === "lambda_reached" ? "not reached" : whole(value);
const range = ([low, high]) => `[${number(low, 2)}, ${number(high, 2)}]`;

const met = (passed) => passed === null ? "" : h("span", { class: passed ? "good" : "bad", title: passed ? "meets what is asked for" : "misses what is asked for" }, passed ? " ✓" : " ✗");

const WORDS = { better: ["good", "better"], worse: ["bad", "worse"], same: ["soft", "no difference"] };

function change(row, value) {
  if (value.change === null) return "–";
  const [kind, word] = WORDS[value.verdict] ?? ["soft", ""];
  const relative = value.relative_change ? ` (${percent(value.relative_change, 1)})` : "";
  const p = value.p_value === null ? "" : `, p ${value.p_value < 0.001 ? "< 0.001" : number(value.p_value, 3)}`;
  const amount = row.form === "count" ? signed(value.change, 0) : signed(value.change);
  return [
    h("span", { class: kind }, `${amount}${relative} ${word}`),
    value.change_low === null ? null : h("div", { class: "small soft" }, `[${signed(value.change_low)}, ${signed(value.change_high)}]${p}`),
  ];
}

function scale(comparison, names) {
  if (!comparison.scale.length) return null;
  return section("Scale beside the reference", table({
    caption: "Each on its own reference's scale",
    captioned: false,
    rows: comparison.scale,
    columns: [
      { label: "figure", head: true, cell: (one) => one.label },
      ...names.flatMap((name, place) => [
        { label: name, numeric: true, cell: (one) => number(one.values[place].value, 3) },
        { label: "reference", numeric: true, cell: (one) => number(one.values[place].reference, 3) },
        { label: "ratio", numeric: true, cell: (one) => [number(one.values[place].ratio, 2), h("div", { class: "small soft" }, one.values[place].reading)] },
      ]),
    ],
  }));
}
