/** Elements without markup: text is always text, whatever a name contains. */

/** An element with attributes (`on…` are listeners, false and null are left out) and children. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value; // as an attribute the pages' policy forbids it
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...flat(children));
  return element;
}

/** Put these in the place of everything in an element. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Draw an element anew with the keyboard, and what was scrolled sideways, where they were. */
export function keepFocus(element, draw) {
  const id = element.contains(document.activeElement) ? document.activeElement.id : "";
  const left = element.querySelector(".scroll")?.scrollLeft ?? 0;
  draw();
  if (id) document.getElementById(id)?.focus();
  const now = element.querySelector(".scroll");
  if (now) now.scrollLeft = left;
}

/** A word in a coloured frame. */
export const state = (word) => h("span", { class: `state ${word}` }, word);

/** A box that stands out: `kind` is bad, warn or nothing. */
export const notice = (kind, ...children) =>
  h("div", { class: `notice ${kind}`.trim(), role: kind === "bad" ? "alert" : "status" }, ...children);

/** Why something went wrong, with every field that a problem document names. */
export function trouble(error) {
  const fields = (error.fields ?? []).map((field) => h("li", {}, h("code", {}, field.pointer || "/"), " ", field.detail));
  return notice("bad", h("strong", {}, error.title ?? "Something went wrong"), " ", error.message,
    fields.length ? h("ul", {}, fields) : null);
}

/** The headline of a page, with what can be done on the right. */
export function head(title, ...actions) {
  document.title = `${title} · ikt`;
  return h("div", { class: "head" }, h("h1", {}, title), ...actions);
}

/** Figures with their names. */
export function figures(pairs) {
  return h("dl", { class: "figures" }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
