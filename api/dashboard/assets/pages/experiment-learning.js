/** Curves over epochs. They grow while the experiment runs. */

import { chart, drawAll, lines } from "../modules/charts.js";
import { h } from "../modules/dom.js";

const LOSSES = [["train_loss", "total"], ["train_l_bce", "l_bce"], ["train_l_21", "l_21"], ["train_l_22", "l_22"], ["train_l_23", "l_23"], ["train_l_scale", "l_scale"]];
const HELD_OUT = [["auc", "p"], ["mastery_auc", "M alone"], ["reference_auc", "reference"]];
const ALIGNED = [["theta_pearson", "θ and reference"], ["p_mastery_pearson", "p and M"], ["theta_static_pearson", "mean θ per student"]];
const NORMS = [["train_grad_norm_l_bce", "l_bce"], ["train_grad_norm_l_21", "l_21"], ["train_grad_norm_l_23", "l_23"]];
const COSINES = [["train_grad_cosine_l_bce_l_21", "l_bce, l_21"], ["train_grad_cosine_l_bce_l_23", "l_bce, l_23"], ["train_grad_cosine_l_21_l_23", "l_21, l_23"]];
const LAMBDA = [["lambda", "λ"]];
const SPREADS = [["theta_std", "θ"], ["target_theta_std", "its target"], ["reference_theta_std", "reference's trajectory"]];

/** {place, update}: charts of a page's epochs, which may still grow. */
export function learningCharts(page) {
  const all = [
    over(page, "AUC on held-out students over epochs", "AUC, held out", HELD_OUT),
    over(page, "Training losses over epochs, on a logarithmic scale", "training losses", LOSSES, { yaxis: { type: "log", title: { text: "training losses" } } }),
    over(page, "Correlations over epochs", "correlation", ALIGNED),
    over(page, "Spread of ability over epochs, beside the reference's", "std of θ", SPREADS),
    over(page, "λ over epochs", "λ", LAMBDA, { yaxis: { range: [0, 1], title: { text: "λ" } } }),
    over(page, "Norms of each loss's gradient on the encoder over epochs", "‖gradient‖", NORMS, { yaxis: { type: "log", title: { text: "‖gradient‖" } } }),
    over(page, "Cosines between gradients of losses over epochs; below 0 they compete", "cosine of gradients", COSINES),
  ];
  const place = h("div", { class: "grid" });
  const shown = new Set();
  const update = async () => {
    const there = all.filter((one) => one.has());
    for (const one of there) {
      if (!shown.has(one)) place.append(one.card);
      shown.add(one);
    }
    const words = ["queued", "running"].includes(page.experiment.status) ? "Nothing yet: curves appear with the first epoch." : "It ended before its first epoch.";
    if (!there.length) place.replaceChildren(h("p", { class: "soft" }, words));
    else place.querySelector("p.soft")?.remove();
    await drawAll(there.map((one) => one.chart));
  };
  return { place, update };
}

/** A model whose M is its p correlates with it at 1, whatever it learns. */
const isTelling = (name, value) => value !== null && !(name === "p_mastery_pearson" && Math.abs(value - 1) < 1e-9);

function over(page, label, title, wanted, layout = {}) {
  const known = () => wanted
    .filter(([name]) => page.epochs.some((epoch) => isTelling(name, epoch.metrics[name] ?? null)))
    .map(([name, words]) => ({
      name: words,
      place: wanted.findIndex(([other]) => other === name),
      x: page.epochs.map((epoch) => epoch.epoch),
      y: page.epochs.map((epoch) => epoch.metrics[name] ?? null),
    }));
  const drawn = chart(label, () => lines(known(), { xTitle: "epoch", yTitle: title, layout }));
  return { has: () => known().length > 0, chart: drawn, card: h("div", { class: "card" }, drawn.place) };
}
