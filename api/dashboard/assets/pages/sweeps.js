/** All searches over settings. */

import { getAll } from "../modules/client.js";
import { fill, h, head, notice, state } from "../modules/dom.js";
import { moment, short } from "../modules/format.js";
import { table } from "../modules/table.js";

export async function show(main) {
  const rows = await getAll("/sweeps", {}, 200);
  fill(main, head("Sweeps"), rows.length ? table({
    caption: `Sweeps, newest first: ${rows.length}`,
    rows,
    columns: [
      { label: "name", head: true, cell: (row) => [h("a", { href: `/dashboard/sweeps/${row.id}` }, row.name), h("div", { class: "soft small" }, short(row.id))] },
      { label: "state", cell: (row) => state(row.status) },
      { label: "objective", cell: (row) => `${row.objective.direction} ${row.objective.metric}` },
      { label: "chosen on fold", numeric: true, cell: (row) => String(row.fold) },
      { label: "trials", numeric: true, cell: (row) => `${ended(row.counts)} of ${row.n_trials}` },
      { label: "submitted", cell: (row) => moment(row.created_at) },
    ],
  }) : notice("", "No sweeps yet; ", h("code", {}, "ikt sweep"), " runs one."));
}

const ended = (counts) => Object.entries(counts).reduce((sum, [name, count]) => sum + (["queued", "running"].includes(name) ? 0 : count), 0);
