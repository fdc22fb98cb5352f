/** Skills of a model: how difficult they are, how surely that is known, and what it means. */

import { get, getAll } from "../modules/client.js";
import { chart, colour, drawAll, series } from "../modules/charts.js";
import { fill, h, head, notice } from "../modules/dom.js";
import { number, whole } from "../modules/format.js";
import { table } from "../modules/table.js";

const ABILITIES = Array.from({ length: 81 }, (_, place) => -4 + place * 0.1);
const MOST_CURVES = 5;

export async function show(main, { query }) {
  const models = await getAll("/models", {}, 200);
  const chosen = query.get("model_id") ?? (models.find((model) => model.status === "serving") ?? models[0])?.id;
  if (!chosen) {
    fill(main, head("Skills"), notice("", "No model yet: every experiment that succeeds leaves one."));
    return;
  }
  const list = await get("/skills", { model_id: chosen });
  const skills = list.items.filter((skill) => skill.difficulty !== null).sort((a, b) => a.difficulty - b.difficulty);
  const picked = spread(skills).map((skill) => skill.name);
  const curves = characteristic(skills, picked);
  const ladder = difficulties(skills);
  const change = (skill, on) => {
    const place = picked.indexOf(skill.name);
    if (on && place < 0) picked.push(skill.name);
    if (!on && place >= 0) picked.splice(place, 1);
    curves.update();
  };
  fill(main, head("Skills", chooser(models, chosen)),
    h("p", { class: "soft" }, `${whole(skills.length)} skills as ${list.model.name} knows them. A student of ability θ = β is right half the time.`),
    h("div", { class: "grid" }, h("div", { class: "card" }, h("h2", {}, "Difficulty, with 95 % intervals"), ladder.place),
      h("div", { class: "card" }, h("h2", {}, "Characteristic curves of the ticked skills"), curves.place)),
    skillsTable(skills, picked, change));
  await drawAll([ladder, curves]);
}

function chooser(models, chosen) {
  const go = (event) => location.assign(`/dashboard/skills?model_id=${event.target.value}`);
  return h("label", {}, h("span", {}, "Model"), h("select", { name: "model", onchange: go }, models.map((model) =>
    h("option", { value: model.id, selected: model.id === chosen }, model.status === "serving" ? `${model.name} (serving)` : model.name))));
}

/** The easiest, the hardest, and some between. */
function spread(skills) {
  const count = Math.min(MOST_CURVES, skills.length);
  return Array.from({ length: count }, (_, place) => skills[Math.round(place * (skills.length - 1) / Math.max(1, count - 1))]);
}

/** A skill nobody practised in training has no error: an open mark, and no bar. */
function difficulties(skills) {
  const errors = skills.map((skill) => skill.difficulty_standard_error);
  return chart(`Difficulty of ${skills.length} skills, the easiest first, with 95 % intervals`, () => ({
    traces: [{
      type: "scatter", mode: "markers", x: skills.map((_, place) => place + 1), y: skills.map((skill) => skill.difficulty),
      text: skills.map((skill) => skill.name), hovertemplate: "%{text}: β %{y:.2f}<extra></extra>", marker: { color: series(0), size: 5, symbol: errors.map((error) => error === null ? "circle-open" : "circle") },
      error_y: { type: "data", array: errors.map((error) => error === null ? null : 1.96 * error), color: colour("series-1", 0.45), width: 0 },
    }],
    layout: { hovermode: "closest", xaxis: { title: { text: "skills, the easiest first" } }, yaxis: { title: { text: "difficulty β" } } },
  }), { tall: true });
}

function characteristic(skills, picked) {
  return chart("Chance of a right answer by ability, for the ticked skills: σ(θ − β)", () => {
    const known = picked.map((name) => skills.find((skill) => skill.name === name)).filter(Boolean);
    const chance = (ability, skill) => 1 / (1 + Math.exp(skill.difficulty - ability));
    const line = (skill, place) => ({ type: "scatter", mode: "lines", name: skill.name, x: ABILITIES, y: ABILITIES.map((ability) => chance(ability, skill)), line: { color: series(place), dash: place < 6 ? "solid" : "dash" } });
    return { traces: known.map(line), layout: { showlegend: true, xaxis: { title: { text: "ability θ" } }, yaxis: { title: { text: "chance of a right answer" }, range: [0, 1] } } };
  }, { tall: true });
}

function skillsTable(skills, picked, change) {
  return table({
    caption: `${whole(skills.length)} skills, the easiest first`,
    rows: skills,
    columns: [
      { label: "curve", cell: (skill) => h("input", { type: "checkbox", checked: picked.includes(skill.name), "aria-label": `Curve of ${skill.name}`, onchange: (event) => change(skill, event.target.checked) }) },
      { label: "skill", head: true, cell: (skill) => skill.name },
      { label: "difficulty β", numeric: true, cell: (skill) => number(skill.difficulty, 3) },
      { label: "standard error", numeric: true, cell: (skill) => number(skill.difficulty_standard_error, 3) },
      { label: "responses", numeric: true, cell: (skill) => whole(skill.n_responses) },
    ],
  });
}
