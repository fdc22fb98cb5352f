/** The API, as anybody else calls it. */

/** An answer that is no success: a problem document (RFC 9457), or no answer at all. */
export class Problem extends Error {
  constructor({ title, detail, status = 0, errors = [] }) {
    super(detail ?? "");
    this.title = title ?? "No answer";
    this.status = status;
    this.fields = errors;
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { Accept: "application/json", ...options.headers } });
  } catch {
    throw new Problem({ detail: "The service does not answer; is it running?" });
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  if (answer.status === 401) location.assign(address("/sign-in", { next: location.pathname + location.search }));
  const document = await answer.json().catch(() => ({ title: answer.statusText, detail: "" }));
  throw new Problem({ ...document, status: answer.status });
}

/** A path with a query; lists repeat their name, null is left out. */
export function address(path, query = {}) {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") said.append(name, one);
  }
  return said.size ? `${path}?${said}` : path;
}

export const get = (path, query) => ask(address(path, query));

export const post = (path, body) => ask(path, {
  method: "POST",
  headers: { "Content-Type": "application/json", "Idempotency-Key": newKey() },
  body: body === undefined ? undefined : JSON.stringify(body),
});

/** Everything of a paged list, up to `most` items. */
export async function getAll(path, query = {}, most = 500) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(path, { limit: Math.min(100, most), ...query, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < most);
  return items.slice(0, most);
}

/** The answer, or `otherwise` where there is none of the kind (404, 409). */
export async function getOr(otherwise, path, query) {
  try {
    return await get(path, query);
  } catch (problem) {
    if ([404, 409].includes(problem.status)) return otherwise;
    throw problem;
  }
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
