/** All experiments: filter, follow, submit, stop, choose some to compare. */

import { get, post } from "../modules/client.js";
import { fill, h, head, keepFocus, notice, state, trouble } from "../modules/dom.js";
import { duration, moment, number, percent, short } from "../modules/format.js";
import { table } from "../modules/table.js";
import { submitDialog } from "./submit.js";

const LOOK_AGAIN_MILLISECONDS = 2000;
const ROWS = 20;
const STATES = ["queued", "running", "succeeded", "failed", "cancelled", "pruned"];
const MOVING = new Set(["queued", "running"]);

export async function show(main, { query }) {
  const chosen = new Set();
  const page = { rows: [], more: false, most: ROWS };
  const list = h("div", { "aria-live": "off" });
  const said = h("div", { role: "status" });
  const filters = makeFilters(query, () => look(), () => draw());
  const compare = h("a", { class: "button", "aria-disabled": "true", role: "link", tabindex: 0 }, "Compare");
  const submit = h("button", { class: "main", type: "button", onclick: () => submitDialog(() => look()) }, "New experiment");
  const older = h("button", { type: "button", hidden: true, onclick: () => { page.most += 80; look(); } }, "Show older ones");
  fill(main, head("Experiments", compare, submit), filters.form, said, list, h("p", {}, older));

  const stop = async (row) => {
    if (!confirm(`Stop ${row.name}?`)) return;
    try {
      await post(`/experiments/${row.id}/cancel`);
    } catch (error) {
      fill(said, trouble(error));
    }
    await look();
  };
  const choose = (row, on) => {
    if (on) chosen.add(row.id); else chosen.delete(row.id);
    offer(compare, [...chosen]);
  };
  function draw() {
    const name = filters.name.value.trim().toLowerCase();
    const shown = page.rows.filter((row) => row.name.toLowerCase().includes(name));
    keepFocus(list, () => fill(list, shown.length ? experimentsTable(shown, { chosen, choose, stop }) : nothing(page.rows.length)));
    older.hidden = !page.more;
  }

  let asked = 0;
  let timer = null;
  async function look() {
    clearTimeout(timer);
    const mine = ++asked;
    try {
      const found = await newest(page.most, { status: filters.state.value, preset: filters.preset.value });
      if (mine !== asked) return;
      Object.assign(page, found);
      fill(said);
      draw();
    } catch (error) {
      fill(said, trouble(error));
    } finally {
      const isMoving = !page.rows.length || page.rows.some((row) => MOVING.has(row.status));
      if (mine === asked && isMoving) timer = setTimeout(look, LOOK_AGAIN_MILLISECONDS);
    }
  }
  await look();
}

/** {rows, more}: that many, and whether there are older ones. */
async function newest(most, query) {
  const rows = [];
  let cursor = null;
  do {
    const page = await get("/experiments", { ...query, limit: Math.min(100, most - rows.length), cursor });
    rows.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && rows.length < most);
  return { rows, more: cursor !== null };
}

function makeFilters(query, changed, named) {
  const status = h("select", { name: "status", onchange: changed }, h("option", { value: "" }, "any"),
    STATES.map((word) => h("option", { value: word, selected: query.get("status") === word }, word)));
  const chosen = query.get("preset");
  const preset = h("select", { name: "preset", onchange: changed }, h("option", { value: "" }, "any"),
    chosen ? h("option", { selected: true }, chosen) : null);
  offerPresets(preset, chosen);
  const name = h("input", { name: "name", type: "search", oninput: named });
  const form = h("form", { class: "filters", onsubmit: (event) => event.preventDefault() },
    h("label", {}, h("span", {}, "State"), status),
    h("label", {}, h("span", {}, "Preset"), preset),
    h("label", {}, h("span", {}, "Name contains"), name));
  return { form, state: status, preset, name };
}

async function offerPresets(select, chosen) {
  const { items } = await get("/presets").catch(() => ({ items: [] }));
  select.append(...items.filter((one) => one.name !== chosen).map((one) => h("option", {}, one.name)));
}

function experimentsTable(rows, { chosen, choose, stop }) {
  return table({
    caption: `Experiments, newest first: ${rows.length}`,
    rows,
    mark: (row) => chosen.has(row.id),
    columns: [
      { label: "", cell: (row) => row.status === "succeeded" ? tick(row, chosen, choose) : "" },
      { label: "name", head: true, cell: (row) => [h("a", { href: `/dashboard/experiments/${row.id}` }, row.name), h("div", { class: "soft small" }, short(row.id))] },
      { label: "state", cell: (row) => progress(row) },
      { label: "fold", numeric: true, cell: (row) => String(row.fold) },
      { label: "AUC", numeric: true, cell: (row) => number(row.metrics?.auc) },
      { label: "KL", numeric: true, cell: (row) => number(row.metrics?.l_21_kl) },
      { label: "θ Pearson", numeric: true, cell: (row) => number(row.metrics?.theta_pearson, 3) },
      { label: "corr(p, M)", numeric: true, cell: (row) => number(row.metrics?.p_mastery_pearson, 3) },
      { label: "took", numeric: true, cell: (row) => duration(row.started_at, row.finished_at) },
      { label: "submitted", cell: (row) => moment(row.created_at) },
      { label: "", cell: (row) => MOVING.has(row.status) ? h("button", { type: "button", id: `stop-${row.id}`, disabled: row.cancel_requested, onclick: () => stop(row), "aria-label": `Stop ${row.name}` }, row.cancel_requested ? "stopping" : "Stop") : "" },
    ],
  });
}

function tick(row, chosen, choose) {
  return h("input", {
    type: "checkbox", id: `choose-${row.id}`, "aria-label": `Compare ${row.name}`, checked: chosen.has(row.id),
    onchange: (event) => choose(row, event.target.checked),
  });
}

function progress(row) {
  if (row.status !== "running") return [state(row.status), row.error ? h("div", { class: "small soft" }, row.error.type) : null];
  const told = `${row.epochs_done} of ${row.epochs} epochs`;
  return [state("running"), " ", h("progress", { max: 1, value: row.progress, "aria-label": `${row.name}: ${told}` }),
    h("div", { class: "small soft" }, `${percent(row.progress)}, ${told}`)];
}

function offer(link, ids) {
  const ready = ids.length > 1;
  link.setAttribute("aria-disabled", String(!ready));
  link.textContent = ids.length ? `Compare ${ids.length}` : "Compare";
  if (!ready) return link.removeAttribute("href");
  const query = new URLSearchParams([["baseline", ids[0]], ...ids.slice(1).map((id) => ["candidate", id])]);
  return link.setAttribute("href", `/dashboard/comparison?${query}`);
}

const nothing = (known) => known
  ? notice("", "No experiment matches.")
  : notice("", "No experiments yet. ", h("strong", {}, "New experiment"), " trains a preset on a stored dataset; ", h("code", {}, "make demo"), " brings both.");
