/** One student: where they stand, the way that led there, and skill by skill. */

import { get } from "../modules/client.js";
import { chart, colour, drawAll, series } from "../modules/charts.js";
import { figures, fill, h, head, notice } from "../modules/dom.js";
import { moment, number, percent, whole } from "../modules/format.js";
import { table } from "../modules/table.js";

const MOST_STEPS = 2000;
const MOST_NEXT = 5;
const SCALE = [[0, "#8c2d04"], [0.25, "#d9873c"], [0.5, "#f0e6c8"], [0.75, "#5aa6a0"], [1, "#08576b"]];

export async function show(main, { id }) {
  const path = `/students/${encodeURIComponent(id)}`;
  const [student, serving] = await Promise.all([get(path), get("/models", { status: "serving", limit: 1 })]);
  if (!serving.items.length) {
    fill(main, head(id), notice("warn", "No model is serving: let one answer with ", h("code", {}, "ikt promote EXPERIMENT"), "."), responses(student));
    return;
  }
  const [state, steps, history, next] = await Promise.all([
    get(`${path}/mastery`), get(`${path}/trajectory`, { points: MOST_STEPS }), get(`${path}/mastery/history`), get(`${path}/recommendations`, { limit: MOST_NEXT }),
  ]);
  const charts = [way(steps.items), ...(history.skills.length ? [heat(history)] : [])];
  fill(main, head(id), headline(student, state),
    h("section", { class: "section" }, h("h2", {}, "Ability, response by response"), h("div", { class: "card" }, charts[0].place),
      h("p", { class: "soft small" }, student.n_interactions > MOST_STEPS ? `${whole(MOST_STEPS)} of them, evenly spread. ` : "", "The band around θ is as wide as the reference model is unsure of its own θ (90 %), which is the dotted line; ticks are responses, right above and wrong below.")),
    charts[1] ? h("section", { class: "section" }, h("h2", {}, "Mastery over time"), h("div", { class: "card" }, charts[1].place)) : null,
    recommendations(next), masteryTable(state));
  await drawAll(charts);
}

const responses = (student) => h("p", {}, `${whole(student.n_interactions)} responses are known.`);

function headline(student, state) {
  return [
    h("p", { class: "soft" }, `${whole(student.n_interactions)} responses, the last ${moment(student.last_interaction_at)} · as ${state.model.version} sees it. `,
      "Estimates, not for high-stakes decisions."),
    figures([
      ["ability θ", number(state.theta, 2)],
      ["90 % interval", `${number(state.theta_low, 2)} … ${number(state.theta_high, 2)}`],
      ["skills practised", whole(state.skills.filter((skill) => skill.evidence).length)],
      ["of these mastered", whole(state.skills.filter((skill) => skill.evidence && skill.level === mastered(state)).length)],
    ]),
    state.n_pending ? notice("", `${whole(state.n_pending)} responses are not included yet; a worker is about to score them.`) : null,
  ];
}

/** The name of the highest level. */
const mastered = (state) => state.levels.at(-1).name;

function way(steps) {
  const known = steps.filter((step) => step.theta !== null);
  return chart(`Ability over ${known.length} responses with its 90 % band, and which were right`, () => {
    const x = known.map((step) => step.position + 1);
    const edges = known.flatMap((step) => [step.theta_low, step.theta_high]).filter((value) => value !== null);
    const [low, high] = edges.length ? [Math.min(...edges), Math.max(...edges)] : [-1, 1];
    const pad = 0.08 * (high - low || 1);
    const band = [
      { type: "scatter", mode: "lines", x, y: known.map((step) => step.theta_high), line: { width: 0 }, hoverinfo: "skip", showlegend: false },
      { type: "scatter", mode: "lines", name: "90 %", x, y: known.map((step) => step.theta_low), line: { width: 0 }, fill: "tonexty", fillcolor: colour("series-1", 0.18), hoverinfo: "skip" },
    ];
    const line = { type: "scatter", mode: "lines", name: "θ", x, y: known.map((step) => step.theta), line: { color: series(0), width: 2 }, text: known.map((step) => `${step.skills.join(", ")}: ${step.correct ? "right" : "wrong"}`), hovertemplate: "θ %{y:.2f}<br>%{text}<extra></extra>" };
    const reference = { type: "scatter", mode: "lines", name: "reference's θ", x, y: known.map((step) => step.theta_reference), line: { color: colour("soft"), width: 1.5, dash: "dot" }, hovertemplate: "reference's θ %{y:.2f}<extra></extra>" };
    const ticks = (right, name, at, symbol, paint) => {
      const chosen = steps.filter((step) => step.correct === right);
      return { type: "scatter", mode: "markers", name, x: chosen.map((step) => step.position + 1), y: chosen.map(() => at), marker: { symbol, color: paint, size: 9, line: { width: 2, color: paint } }, hoverinfo: "skip" };
    };
    return {
      traces: [...band, reference, line, ticks(true, "right", high + pad, "line-ns", series(2)), ticks(false, "wrong", low - pad, "line-ns", series(1))],
      layout: { hovermode: "closest", xaxis: { title: { text: "response" } }, yaxis: { title: { text: "ability θ" } } },
    };
  }, { tall: true });
}

function heat(history) {
  const skills = [...history.skills].reverse();
  const drawn = chart(`Mastery of ${skills.length} practised skills over ${history.positions.length} moments`, () => ({
    traces: [{
      type: "heatmap", x: history.positions.map((position) => position + 1), y: skills.map((skill) => skill.skill), z: skills.map((skill) => skill.mastery),
      zmin: 0, zmax: 1, colorscale: SCALE, colorbar: { title: { text: "M" }, thickness: 12, outlinewidth: 0 },
      hovertemplate: "after response %{x}<br>skill %{y}: %{z:.2f}<extra></extra>",
    }],
    layout: { hovermode: "closest", xaxis: { title: { text: "response" } }, yaxis: { type: "category", title: { text: "skill" }, showgrid: false } },
  }));
  drawn.place.style.height = `${Math.max(14, 5 + 1.3 * skills.length)}rem`;
  return drawn;
}

function recommendations(next) {
  if (!next.items.length) return null;
  const items = next.items.map((one) => h("li", {}, h("strong", {}, one.skill), " ", level(one), h("div", { class: "soft small" }, one.reason)));
  return h("section", { class: "section" }, h("h2", {}, "To practise next"), h("ol", { class: "next" }, items));
}

/** A level as a word in its colour. */
const level = (row) => (row.level ? h("span", { class: `state level-${row.level}` }, row.level) : "–");

function masteryTable(state) {
  const rows = [...state.skills].sort((a, b) => b.evidence - a.evidence || a.mastery - b.mastery);
  const practised = rows.filter((row) => row.evidence);
  const list = h("div");
  const all = h("input", { type: "checkbox", onchange: () => look() });
  const look = () => fill(list, skillsTable(all.checked ? rows : practised));
  look();
  return h("section", { class: "section" }, h("h2", {}, "Mastery now"),
    h("p", { class: "soft small" }, `Levels: ${state.levels.map(({ name, least }) => `${name} from ${percent(least)}`).join(", ")}. “Mastered since” says when mastery first reached the last of them, even where it fell again.`),
    h("div", { class: "filters" }, h("label", { class: "tick" }, all, `with those not practised yet: ${whole(rows.length - practised.length)}`)), list);
}

function skillsTable(rows) {
  return table({
    caption: `${whole(rows.length)} skills, the most practised first`,
    rows,
    columns: [
      { label: "skill", head: true, cell: (row) => row.skill },
      { label: "level", cell: level },
      { label: "mastery M", numeric: true, cell: (row) => percent(row.mastery) },
      { label: "90 % interval", numeric: true, cell: (row) => row.mastery_low === null ? "–" : `${percent(row.mastery_low)} … ${percent(row.mastery_high)}` },
      { label: "mastered since", cell: (row) => moment(row.mastered_at) },
      { label: "next one right", numeric: true, cell: (row) => percent(row.probability_correct) },
      { label: "difficulty β", numeric: true, cell: (row) => number(row.difficulty, 2) },
      { label: "responses", numeric: true, cell: (row) => whole(row.evidence) },
      { label: "last practised", cell: (row) => moment(row.last_practised) },
    ],
  });
}
