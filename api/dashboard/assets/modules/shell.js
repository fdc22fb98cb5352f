/** Finds the page that the address names, and shows it. */

import { fill, h, head, trouble } from "./dom.js";

const PAGES = [
  [/^\/(?:dashboard\/?|dashboard\/experiments\/?)?$/, "experiments"],
  [/^\/dashboard\/experiments\/([^/]+)$/, "experiment"],
  [/^\/dashboard\/comparison$/, "comparison"],
  [/^\/dashboard\/sweeps\/?$/, "sweeps"],
  [/^\/dashboard\/sweeps\/([^/]+)$/, "sweep"],
  [/^\/dashboard\/students\/?$/, "students"],
  [/^\/dashboard\/students\/([^/]+)$/, "student"],
  [/^\/dashboard\/skills$/, "skills"],
  [/^\/docs$/, "reference"],
];

async function show() {
  const main = document.getElementById("main");
  const query = new URLSearchParams(location.search);
  markCurrent();
  for (const [pattern, name] of PAGES) {
    const found = pattern.exec(location.pathname);
    if (!found) continue;
    main.setAttribute("aria-busy", "true");
    try {
      const page = await import(`../pages/${name}.js`);
      await page.show(main, { id: found[1] && decodeURIComponent(found[1]), query });
    } catch (error) {
      console.warn(error);
      fill(main, head("Not to be shown"), trouble(error));
    }
    main.removeAttribute("aria-busy");
    return;
  }
  fill(main, head("No such page"), h("p", {}, "Go on with ", h("a", { href: "/" }, "the experiments"), "."));
}

function markCurrent() {
  const here = location.pathname === "/" ? "/dashboard/experiments" : location.pathname;
  for (const link of document.querySelectorAll(".top nav a")) {
    if (here.startsWith(link.pathname)) link.setAttribute("aria-current", "page");
  }
}

show();
