/** Every operation of the API, as its OpenAPI document tells it. */

import { get } from "../modules/client.js";
import { fill, h, head } from "../modules/dom.js";
import { table } from "../modules/table.js";

const METHODS = ["get", "post", "put", "delete", "patch"];

export async function show(main) {
  const api = await get("/openapi.json");
  const operations = listed(api);
  fill(main, head("API"),
    h("p", { class: "soft" }, api.info.description.split("\n\n")[0].replaceAll("\n", " ")),
    h("p", {}, "For programs: ", h("a", { href: "/openapi.json" }, "openapi.json"), ` (OpenAPI ${api.openapi}), version ${api.info.version}.`),
    api.tags.map((tag) => section(tag, operations.filter((one) => one.tags[0] === tag.name), api)));
}

function listed(api) {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({ path, method: method.toUpperCase(), ...item[method] })));
}

function section(tag, operations, api) {
  if (!operations.length) return null;
  return h("section", { class: "section" }, h("h2", {}, tag.name), h("p", { class: "soft" }, tag.description),
    operations.map((one) => h("details", { class: "card", id: one.operationId },
      h("summary", {}, h("code", {}, `${one.method} ${one.path}`), " ", one.summary), about(one, api))));
}

function about(one, api) {
  const said = (one.description ?? "").split("\n\n").map((text) => h("p", {}, text.replaceAll("\n", " ")));
  return [said, parameters(one), bodies(one, api), answers(one)];
}

function parameters(one) {
  if (!one.parameters?.length) return null;
  return table({
    caption: "Parameters",
    rows: one.parameters,
    columns: [
      { label: "name", head: true, cell: (row) => h("code", {}, row.name) },
      { label: "in", cell: (row) => row.required ? `${row.in}, required` : row.in },
      { label: "what", cell: (row) => row.description ?? "" },
    ],
  });
}

function bodies(one, api) {
  return Object.entries(one.requestBody?.content ?? {}).map(([type, content]) => {
    const example = content.example ?? exampleOf(content.schema, api);
    return [h("p", {}, "Body: ", h("code", {}, type)),
      example === undefined ? null : h("pre", { tabindex: "0" }, typeof example === "string" ? example : JSON.stringify(example, null, 2))];
  });
}

/** The first example of a schema, or of what it refers to. */
function exampleOf(schema, api) {
  const name = schema?.$ref?.split("/").at(-1);
  return (name ? api.components.schemas[name] : schema)?.examples?.[0];
}

function answers(one) {
  return table({
    caption: "Answers",
    rows: Object.entries(one.responses),
    columns: [
      { label: "status", head: true, cell: ([status]) => status },
      { label: "what", cell: ([, answer]) => answer.description },
      { label: "as", cell: ([, answer]) => Object.keys(answer.content ?? {}).join(", ") },
    ],
  });
}
