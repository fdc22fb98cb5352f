/** Students, by the pseudonyms that learning platforms gave them. */

import { getAll } from "../modules/client.js";
import { fill, h, head, notice } from "../modules/dom.js";
import { moment, whole } from "../modules/format.js";
import { table } from "../modules/table.js";

const MOST = 500;

export async function show(main) {
  const rows = await getAll("/students", {}, MOST);
  const list = h("div");
  const search = h("input", { type: "search", name: "student", oninput: () => look() });
  const open = (event) => { event.preventDefault(); if (search.value.trim()) location.assign(`/dashboard/students/${encodeURIComponent(search.value.trim())}`); };
  fill(main, head("Students"),
    h("form", { class: "filters", onsubmit: open }, h("label", {}, h("span", {}, "Student"), search), h("button", { type: "submit" }, "Open")), list);

  function look() {
    const wanted = search.value.trim().toLowerCase();
    const shown = rows.filter((row) => row.student_id.toLowerCase().includes(wanted));
    fill(list, shown.length ? studentsTable(shown, rows.length) : nothing(rows.length));
  }
  look();
}

function studentsTable(rows, known) {
  return table({
    caption: known < MOST ? `Students: ${whole(rows.length)}` : `${whole(rows.length)} of the first ${MOST} students; open others by their id`,
    rows,
    columns: [
      { label: "student", head: true, cell: (row) => h("a", { href: `/dashboard/students/${encodeURIComponent(row.student_id)}` }, row.student_id) },
      { label: "responses", numeric: true, cell: (row) => whole(row.n_interactions) },
      { label: "last response", cell: (row) => moment(row.last_interaction_at) },
      { label: "first seen", cell: (row) => moment(row.created_at) },
    ],
  });
}

const nothing = (known) => known
  ? notice("", "No student's id contains that.")
  : notice("", "No students yet. They come with their first response: POST /students/{id}/interactions.");
