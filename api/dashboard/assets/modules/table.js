import { h } from "./dom.js";

/**
 * A table that scrolls by itself; where the window is narrow, every row is a card with named figures.
 * A caption that repeats a headline may go unseen. Columns: {label, cell(row) → text or element, numeric, head: the row's own name}.
 */
export function table({ caption, columns, rows, mark = () => false, name = () => null, captioned = true }) {
  const heads = columns.map((column) => h("th", { scope: "col", class: column.numeric ? "number" : null }, column.label));
  const lines = rows.map((row) => h("tr", { class: mark(row) ? "chosen" : null, id: name(row) }, columns.map((column) => {
    const kind = column.numeric ? "number" : null;
    return column.head
      ? h("th", { scope: "row", class: kind }, column.cell(row))
      : h("td", { class: kind, "data-label": column.label }, h("div", {}, column.cell(row)));
  })));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: captioned ? null : "unseen" }, caption), h("thead", {}, h("tr", {}, heads)), h("tbody", {}, lines)));
}
