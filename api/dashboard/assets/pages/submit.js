/** A new experiment, from a preset. */

import { get, getAll, post } from "../modules/client.js";
import { fill, h, notice, trouble } from "../modules/dom.js";
import { whole } from "../modules/format.js";

/** Ask for what is to be trained; `done` is called when it was queued. */
export async function submitDialog(done) {
  const said = h("div", { role: "status" });
  const fields = makeFields();
  const dialog = h("dialog", { "aria-labelledby": "submit-title" });
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); send(); } },
    h("h2", { id: "submit-title" }, "New experiment"), said,
    labelled("Preset", fields.preset), labelled("Dataset", fields.dataset),
    h("div", { class: "row" }, labelled("Fold held out", fields.fold), labelled("Seed", fields.seed)),
    labelled("Name, or nothing", fields.name),
    labelled("Settings to replace, one a line, as in loss.lambda_target=0.5", fields.settings),
    h("div", { class: "actions" },
      h("button", { type: "button", onclick: () => dialog.close() }, "Close"),
      fields.send));
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();

  async function send() {
    fields.send.disabled = true;
    try {
      await post("/experiments", body(fields));
      dialog.close();
      await done();
    } catch (error) {
      fill(said, trouble(error));
      fields.send.disabled = false;
    }
  }

  try {
    await offer(fields, said);
  } catch (error) {
    fill(said, trouble(error));
  }
}

function makeFields() {
  return {
    preset: h("select", { name: "preset", required: true }),
    dataset: h("select", { name: "dataset", required: true }),
    fold: h("select", { name: "fold" }),
    seed: h("input", { name: "seed", type: "number", min: 0, step: 1, placeholder: "the preset's" }),
    name: h("input", { name: "name", maxlength: 200, autocomplete: "off" }),
    settings: h("textarea", { name: "settings", spellcheck: "false" }),
    send: h("button", { class: "main", type: "submit", disabled: true }, "Train"),
  };
}

const labelled = (words, field) => h("label", {}, h("span", {}, words), field);

async function offer(fields, said) {
  const [presets, datasets] = await Promise.all([get("/presets"), getAll("/datasets")]);
  fill(fields.preset, presets.items.map((one) => h("option", { selected: one.name === "skill-wise" }, one.name)));
  fill(fields.dataset, datasets.map((one) => h("option", { value: one.id }, `${one.name}, ${whole(one.n_students)} students`)));
  if (!datasets.length) {
    fill(said, notice("warn", "No dataset is stored yet. Upload one with ", h("code", {}, "ikt dataset add FILE"), " or POST /datasets."));
    return;
  }
  const folds = () => {
    const found = datasets.find((one) => one.id === fields.dataset.value);
    fill(fields.fold, Array.from({ length: found.n_folds }, (_, fold) => h("option", { value: fold }, String(fold))));
  };
  fields.dataset.addEventListener("change", folds);
  folds();
  fields.send.disabled = false;
}

function body(fields) {
  const wanted = {
    preset: fields.preset.value,
    dataset_id: fields.dataset.value,
    fold: Number(fields.fold.value),
    config: settings(fields.settings.value),
  };
  if (fields.name.value.trim()) wanted.name = fields.name.value.trim();
  if (fields.seed.value !== "") wanted.seed = Number(fields.seed.value);
  return wanted;
}

/** `a.b=1` as {a: {b: 1}}; a value is JSON where it can be, text otherwise. */
function settings(text) {
  const nested = {};
  for (const line of text.split("\n").map((part) => part.trim()).filter(Boolean)) {
    const [path, ...rest] = line.split("=");
    const [section, name, ...deeper] = path.trim().split(".");
    if (!rest.length || !section || !name || deeper.length) throw new Error(`${line}: write section.name=value`);
    (nested[section] ??= {})[name] = value(rest.join("=").trim());
  }
  return nested;
}

function value(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
