/** One experiment: how it learns, live, and what it was worth. */

import { get, getOr, post } from "../modules/client.js";
import { drawAll } from "../modules/charts.js";
import { figures, fill, h, head, keepFocus, notice, state, trouble } from "../modules/dom.js";
import { duration, moment, number, percent, plain, short, whole } from "../modules/format.js";
import { follow } from "../modules/live.js";
import { table } from "../modules/table.js";
import { learningCharts } from "./experiment-learning.js";
import { reportCharts } from "./experiment-report.js";

const MOVING = new Set(["queued", "running"]);

export async function show(main, { id }) {
  const path = `/experiments/${encodeURIComponent(id)}`;
  const [experiment, epochs] = await Promise.all([get(path), get(`${path}/metrics`)]);
  const page = { experiment, epochs: epochs.items };
  const top = h("div");
  const said = h("div", { role: "status" });
  const learning = learningCharts(page);
  const worth = h("div");
  const more = h("div");
  fill(main, top, said, h("h2", {}, "How it learns"), learning.place, worth, more);

  const showTop = () => keepFocus(top, () => fill(top, headline(page.experiment, act), progress(page.experiment), finals(page.experiment)));
  async function act(verb) {
    try {
      if (verb === "cancel" && !confirm(`Stop ${page.experiment.name}?`)) return;
      page.experiment = await post(`${path}/${verb}`);
      fill(said);
      showTop();
      if (verb === "retry") listen();
    } catch (error) {
      fill(said, trouble(error));
    }
  }
  async function finish() {
    try {
      page.experiment = await get(path);
      showTop();
      await showWorth(page.experiment, worth, more);
    } catch (error) {
      fill(said, trouble(error));
    }
  }
  function listen() {
    follow(id, page.epochs.at(-1)?.epoch ?? 0, {
      progress: (news) => { Object.assign(page.experiment, news); showTop(); },
      epoch: (news) => { page.epochs.push(news); learning.update(); },
      end: finish,
      lost: () => fill(said, notice("warn", "The connection was lost; load the page again to go on.")),
    });
  }

  showTop();
  await learning.update();
  if (MOVING.has(page.experiment.status)) listen();
  await showWorth(page.experiment, worth, more);
}

function headline(row, act) {
  const actions = [];
  if (MOVING.has(row.status)) actions.push(h("button", { type: "button", id: "stop", disabled: row.cancel_requested, onclick: () => act("cancel") }, row.cancel_requested ? "Stopping" : "Stop"));
  if (["failed", "cancelled"].includes(row.status)) actions.push(h("button", { type: "button", id: "retry", onclick: () => act("retry") }, "Go on"));
  const group = row.sweep_id ? h("a", { href: `/dashboard/sweeps/${row.sweep_id}` }, "its sweep") : null;
  return [
    head(row.name, state(row.status), ...actions),
    h("p", { class: "soft" }, [
      `${row.preset ?? "custom settings"}, fold ${row.fold} held out`,
      row.exclude_folds.length ? `, ${row.exclude_folds.join(", ")} left out` : "",
      `, seed ${row.seed} · submitted ${moment(row.created_at)} · took ${duration(row.started_at, row.finished_at)} · `,
      h("code", { title: row.id }, short(row.id)), group ? [" · ", group] : null,
    ]),
    row.error ? notice("bad", h("strong", {}, row.error.type ?? row.error), " ", row.error.detail ?? "") : null,
    (row.warnings ?? []).map((words) => notice("warn", words)),
  ];
}

function progress(row) {
  if (row.status !== "running") return row.status === "queued" ? notice("", "It waits for a worker.") : null;
  const told = `${percent(row.progress)}, ${row.epochs_done} of ${row.epochs} epochs`;
  return h("p", { "aria-live": "polite" }, h("progress", { max: 1, value: row.progress, "aria-label": "Progress" }), ` ${told}`);
}

function finals(row) {
  const metrics = row.metrics ?? row.last?.metrics;
  if (!metrics) return null;
  const shown = [
    ["AUC", "auc", 4], ["AUC of M alone", "mastery_auc", 4], ["corr(p, M)", "p_mastery_pearson", 3], ["ECE of p", "ece", 4],
    ["KL", "l_21_kl", 5], ["l_22", "l_22", 5], ["l_23", "l_23", 4], ["θ Pearson", "theta_pearson", 4], ["θ Spearman", "theta_spearman", 4],
  ];
  return figures(shown.filter(([, name]) => metrics[name] !== null && metrics[name] !== undefined)
    .map(([label, name, digits]) => [label, number(metrics[name], digits)]));
}

async function showWorth(row, worth, more) {
  const artifacts = row.status === "succeeded" ? (await get(`/experiments/${row.id}/artifacts`)).items : [];
  const report = artifacts.some((one) => one.name === "report") ? await getOr(null, `/experiments/${row.id}/report`) : null;
  const charts = report ? reportCharts(report) : null;
  fill(worth, charts ? [h("h2", {}, "Whether it can be believed"), charts.place, audit(report)] : null);
  fill(more, files(artifacts), settings(row), environment(row));
  if (charts) await drawAll(charts.charts);
}

function audit(report) {
  const rows = [...report.audit.findings].sort((a, b) => rank(b.status) - rank(a.status));
  return h("section", { class: "section" }, h("h2", {}, "Audit ", state(report.audit.status)), table({
    caption: `${rows.length} checks on ${whole(report.n_predicted)} predictions of ${whole(report.n_students)} held-out students`,
    rows,
    columns: [
      { label: "check", head: true, cell: (one) => one.check.replaceAll("_", " ") },
      { label: "", cell: (one) => state(one.status) },
      { label: "what was found", cell: (one) => one.message },
    ],
  }));
}

const rank = (status) => ["pass", "warn", "fail"].indexOf(status);

function files(artifacts) {
  if (!artifacts.length) return null;
  return h("section", { class: "section" }, h("h2", {}, "What it left"), table({
    caption: "Artifacts",
    rows: artifacts,
    columns: [
      { label: "name", head: true, cell: (one) => h("a", { href: one.href }, one.name) },
      { label: "what", cell: (one) => one.description },
      { label: "kB", numeric: true, cell: (one) => whole(Math.ceil(one.size_bytes / 1000)) },
    ],
  }));
}

function settings(row) {
  const rows = Object.entries(row.config).flatMap(([section, values]) =>
    Object.entries(values ?? {}).map(([name, value]) => ({ name: `${section}.${name}`, value })));
  return h("details", {}, h("summary", {}, `Configuration, ${rows.length} settings`), table({
    caption: `Fingerprint ${row.config_fingerprint}`,
    rows,
    columns: [
      { label: "setting", head: true, cell: (one) => h("code", {}, one.name) },
      { label: "value", cell: (one) => plain(one.value) },
    ],
  }));
}

function environment(row) {
  const found = row.environment;
  if (!found?.device) return null;
  const rows = [["device", found.device], ["code", found.code_version], ...Object.entries(found.package_versions ?? {})];
  return h("details", {}, h("summary", {}, "What it ran on"), table({
    caption: "Device, code and packages",
    rows,
    columns: [{ label: "what", head: true, cell: ([name]) => name }, { label: "", cell: ([, value]) => plain(value) }],
  }));
}
