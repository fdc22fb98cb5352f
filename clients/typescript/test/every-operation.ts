/**
 * Every operation against a live service: IKT_URL, IKT_API_KEY and two files of responses say where and with
 * what. The last line is JSON: the statuses that each operation was answered with.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { openAsBlob } from "node:fs";

import { type IktClient, Refused, type Schemas, createClient, each, followEvents, need, wait } from "../src/index.js";

const [classroom, otherClassroom] = process.argv.slice(2) as [string, string];
const client = createClient({ baseUrl: process.env["IKT_URL"], key: process.env["IKT_API_KEY"] });
const heard: Record<string, number[]> = {};
client.use({
  onResponse({ request, schemaPath, response }) {
    (heard[`${request.method} ${schemaPath}`] ??= []).push(response.status);
  },
});

const TINY = {
  model: { d_model: 16, n_heads: 2, n_blocks: 1, d_ff: 32, window: 50 },
  training: { epochs: 2, batch_tokens: 512 },
};
const STUDENT = "school/ben"; // an id may hold what paths are made of
const COHORT = "year 8";
const patience = { timeoutMilliseconds: 120_000 };

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function askTheSystem(): Promise<void> {
  assert.equal((await need(client.GET("/livez"))).status, "alive");
  assert.ok((await need(client.GET("/readyz"))).parts.length >= 3);
  const kind = await need(
    client.GET("/problems/{name}", { params: { path: { name: "no-serving-model" } } }),
  );
  assert.equal(kind.status, 409);
  assert.ok((await need(client.GET("/presets"))).items.some((preset) => preset.name === "small-mean"));
}

async function form(file: string, fields: Record<string, string> = {}): Promise<FormData> {
  const body = new FormData();
  body.set("file", await openAsBlob(file), "classroom.csv");
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return body;
}

async function upload(file: string): Promise<Schemas["DatasetRead"]> {
  const body = await form(file, { format: "events" });
  return need(client.POST("/datasets", { body: body as never }));
}

async function keepDatasets(): Promise<string> {
  const dataset = await upload(classroom);
  assert.equal(dataset.n_students, 60);
  assert.equal((await upload(classroom)).id, dataset.id);
  const path = { dataset_id: dataset.id };
  assert.equal((await need(client.GET("/datasets/{dataset_id}", { params: { path } }))).id, dataset.id);
  const other = await upload(otherClassroom);
  const known = await collect(
    each((cursor) => client.GET("/datasets", { params: { query: { limit: 1, cursor } } })),
  );
  assert.deepEqual(known.slice(0, 2).map((row) => row.id), [other.id, dataset.id]);
  const gone = await client.DELETE("/datasets/{dataset_id}", { params: { path: { dataset_id: other.id } } });
  assert.equal(gone.response.status, 204);
  return dataset.id;
}

function experiment(id: string) {
  return client.GET("/experiments/{experiment_id}", { params: { path: { experiment_id: id } } });
}

async function trainTwo(dataset_id: string): Promise<[string, string]> {
  const ids: string[] = [];
  for (const preset of ["small-mean", "small-dynamic"]) {
    const body = { dataset_id, preset, name: preset, config: TINY, fold: 0 };
    const header = { "idempotency-key": randomUUID() };
    const first = await need(client.POST("/experiments", { body, params: { header } }));
    const again = await need(client.POST("/experiments", { body, params: { header } }));
    assert.equal(first.id, again.id);
    ids.push(first.id);
  }
  for (const id of ids) {
    const events = await collect(followEvents(client, id));
    const epochs = events.filter((event) => event.name === "epoch").map((event) => event.data["epoch"]);
    assert.deepEqual(epochs, [1, 2]);
    assert.equal(events.at(-1)?.name, "end");
    const ended = await wait(() => experiment(id), patience);
    assert.equal(ended.status, "succeeded");
    assert.ok((ended.metrics?.["auc"] ?? 0) > 0);
  }
  return ids as [string, string];
}

async function readResults(experiment_id: string): Promise<void> {
  const params = { path: { experiment_id } };
  const epochs = await need(client.GET("/experiments/{experiment_id}/metrics", { params }));
  assert.equal(epochs.items.length, 2);
  const left = await need(client.GET("/experiments/{experiment_id}/artifacts", { params }));
  assert.ok(left.items.some((item) => item.name === "predictions"));
  const report = await need(client.GET("/experiments/{experiment_id}/report", { params }));
  const csv = await need(
    client.GET("/experiments/{experiment_id}/predictions", {
      params: { ...params, header: { accept: "text/csv" } },
      parseAs: "text",
    }),
  );
  assert.equal(csv.trim().split("\n").length, report.n_predicted + 1);
  const body = await form(otherClassroom, { protocol: "history" });
  const measured = await need(
    client.POST("/experiments/{experiment_id}/evaluations", { params, body: body as never }),
  );
  assert.equal(measured.protocol, "history");
}

async function compare(baseline: string, candidate: string): Promise<void> {
  const query = { baseline, candidate: [candidate] };
  const found = await need(client.GET("/comparisons", { params: { query } }));
  assert.deepEqual(found.experiments.map((row) => row.label), ["small-mean", "small-dynamic"]);
  const markdown = await need(
    client.GET("/comparisons", { params: { query: { ...query, format: "md" } }, parseAs: "text" }),
  );
  assert.match(markdown, /^#/);
  const front = await need(
    client.GET("/pareto", { params: { query: { experiment: [baseline, candidate] } } }),
  );
  assert.equal(front.points.length, 2);
}

async function stopAndGoOn(dataset_id: string): Promise<void> {
  const body = { dataset_id, name: "stopped", config: TINY, fold: 0 };
  const submitted = await need(client.POST("/experiments", { body }));
  const params = { path: { experiment_id: submitted.id } };
  await need(client.POST("/experiments/{experiment_id}/cancel", { params }));
  assert.equal((await wait(() => experiment(submitted.id), patience)).status, "cancelled");
  await need(client.POST("/experiments/{experiment_id}/retry", { params }));
  assert.equal((await wait(() => experiment(submitted.id), patience)).status, "succeeded");
  const listed = await collect(
    each((cursor) =>
      client.GET("/experiments", { params: { query: { status: "succeeded", limit: 1, cursor } } }),
    ),
  );
  assert.ok(listed.some((row) => row.id === submitted.id));
  const gone = await client.DELETE("/experiments/{experiment_id}", { params });
  assert.equal(gone.response.status, 204);
}

async function validate(dataset_id: string): Promise<void> {
  const body = { dataset_id, preset: "small-mean", config: TINY, folds: [0, 1] };
  const submitted = await need(client.POST("/cross-validations", { body }));
  const ask = (id: string) =>
    client.GET("/cross-validations/{cross_validation_id}", {
      params: { path: { cross_validation_id: id } },
    });
  const ended = await wait(() => ask(submitted.id), patience);
  assert.equal(ended.metrics["auc"]?.n, 2);
  const stopped = await need(client.POST("/cross-validations", { body: { ...body, folds: "all" } }));
  await need(
    client.POST("/cross-validations/{cross_validation_id}/cancel", {
      params: { path: { cross_validation_id: stopped.id } },
    }),
  );
  const known = await collect(
    each((cursor) => client.GET("/cross-validations", { params: { query: { cursor } } })),
  );
  assert.ok(known.length >= 2);
}

async function search(dataset_id: string): Promise<void> {
  const body: Schemas["SweepCreate"] = {
    dataset_id,
    preset: "small-dynamic",
    config: TINY,
    search: { method: "grid", space: { "loss.lambda_target": [0, 0.5] } },
    fold: 1,
    parallel: 2,
    device: "auto",
  };
  const submitted = await need(client.POST("/sweeps", { body }));
  const params = { path: { sweep_id: submitted.id } };
  const ended = await wait(() => client.GET("/sweeps/{sweep_id}", { params }), patience);
  assert.equal(ended.status, "succeeded");
  const front = await need(client.GET("/sweeps/{sweep_id}/pareto", { params }));
  assert.equal(front.points.length, 2);
  const stopped = await need(client.POST("/sweeps", { body }));
  await need(
    client.POST("/sweeps/{sweep_id}/cancel", { params: { path: { sweep_id: stopped.id } } }),
  );
  assert.ok((await need(client.GET("/sweeps"))).items.length >= 2);
}

async function promote(experimentId: string): Promise<void> {
  const models = await collect(each((cursor) => client.GET("/models", { params: { query: { cursor } } })));
  const model = models.find((row) => row.experiment_id === experimentId);
  assert.ok(model);
  const params = { path: { model_id: model.id } };
  await need(client.POST("/models/{model_id}/promote", { params }));
  const ended = await wait(() => client.GET("/models/{model_id}", { params }), patience);
  assert.equal(ended.status, "serving");
  assert.equal((await need(client.GET("/skills"))).items.length, 5);
}

async function record(): Promise<void> {
  const params = { path: { student_id: STUDENT } };
  const responses = Array.from({ length: 8 }, (_, step) => ({
    event_id: `e${step}`,
    skill: `skill-${1 + (step % 5)}`,
    correct: step % 3 !== 0,
  }));
  const ask = (body: typeof responses) =>
    need(client.POST("/students/{student_id}/interactions", { params, body }));
  assert.equal((await ask(responses)).accepted, 8);
  assert.equal((await ask(responses.slice(0, 1))).duplicates, 1);
  const lines = Array.from({ length: 12 }, (_, number) => ({
    student_id: `learner-${number}`,
    event_id: "1",
    skill: "skill-1",
    correct: true,
  }));
  const query = { scoring: "immediate" } as const;
  const loaded = await need(client.POST("/interactions", { params: { query }, body: lines }));
  assert.equal(loaded.accepted, 12);
  const statement = {
    id: randomUUID(),
    actor: { account: { homePage: "https://school.example", name: "learner-1" } },
    verb: { id: "http://adlnet.gov/expapi/verbs/answered" },
    object: { id: "https://school.example/items/7" },
    context: { contextActivities: { category: [{ id: "https://school.example/skills/skill-2" }] } },
    result: { success: true },
  };
  assert.equal((await need(client.POST("/xapi/statements", { body: [statement] }))).accepted, 1);
}

async function readStudent(): Promise<void> {
  const params = { path: { student_id: STUDENT } };
  const asked = await client.GET("/students/{student_id}/mastery", { params });
  assert.equal(asked.data?.skills.reduce((sum, skill) => sum + skill.evidence, 0), 8);
  const header = { "if-none-match": asked.response.headers.get("ETag") ?? "" };
  const unchanged = await client.GET("/students/{student_id}/mastery", { params: { ...params, header } });
  assert.equal(unchanged.response.status, 304);
  const history = await need(client.GET("/students/{student_id}/mastery/history", { params }));
  assert.equal(history.student_id, STUDENT);
  const steps = await collect(
    each((cursor) =>
      client.GET("/students/{student_id}/trajectory", { params: { ...params, query: { limit: 3, cursor } } }),
    ),
  );
  assert.deepEqual(steps.map((step) => step.event_id), Array.from({ length: 8 }, (_, step) => `e${step}`));
  const body = { skills: ["skill-2"], responses: [{ skill: "skill-2", correct: true }] };
  const forecast = await need(client.POST("/students/{student_id}/predictions", { params, body }));
  assert.equal(forecast.skills[0]?.skill, "skill-2");
  const next = await need(client.GET("/students/{student_id}/recommendations", { params }));
  assert.ok(next.items.length > 0);
  assert.equal((await need(client.GET("/students/{student_id}", { params }))).n_interactions, 8);
  const all = await collect(each((cursor) => client.GET("/students", { params: { query: { cursor } } })));
  assert.ok(all.some((row) => row.student_id === STUDENT));
  assert.equal((await need(client.GET("/students/{student_id}/export", { params }))).interactions.length, 8);
}

async function group(): Promise<void> {
  const params = { path: { cohort: COHORT } };
  const body = { student_ids: Array.from({ length: 12 }, (_, number) => `learner-${number}`) };
  assert.equal((await need(client.PUT("/cohorts/{cohort}/students", { params, body }))).n_students, 12);
  assert.ok((await need(client.GET("/cohorts"))).items.some((row) => row.cohort === COHORT));
  const query = { cohort: COHORT };
  assert.equal((await need(client.GET("/cohorts/mastery", { params: { query } }))).n_students, 12);
  assert.equal((await client.DELETE("/cohorts/{cohort}", { params })).response.status, 204);
}

async function letGo(): Promise<void> {
  const body = { inactive_since: "2020-01-01T00:00:00Z", dry_run: true };
  assert.equal((await need(client.POST("/retention", { body }))).n_students, 0);
  const erasure = await need(client.POST("/erasures", { body: { student_id: "learner-3" } }));
  const path = { erasure_id: erasure.id };
  const ended = await wait(() => client.GET("/erasures/{erasure_id}", { params: { path } }), patience);
  assert.equal(ended.status, "done");
  const params = { path: { student_id: STUDENT } };
  assert.equal((await client.DELETE("/students/{student_id}", { params })).response.status, 204);
  assert.ok((await need(client.GET("/erasures"))).items.length >= 2);
  assert.ok((await need(client.GET("/audit", { params: { query: { limit: 5 } } }))).items.length > 0);
}

async function beRefused(): Promise<void> {
  const unknown = await experiment(randomUUID());
  assert.equal(unknown.error?.type, "/problems/experiment-not-found");
  await assert.rejects(need(experiment(randomUUID())), (error) => {
    return error instanceof Refused && error.problem.status === 404;
  });
  const stranger: IktClient = createClient({ baseUrl: process.env["IKT_URL"] });
  await assert.rejects(need(stranger.GET("/students")), /^Refused: 401/);
  await assert.rejects(collect(followEvents(client, randomUUID())), /^Refused: 404/);
}

await askTheSystem();
const dataset = await keepDatasets();
const [baseline, candidate] = await trainTwo(dataset);
await readResults(candidate);
await compare(baseline, candidate);
await stopAndGoOn(dataset);
await validate(dataset);
await search(dataset);
await promote(candidate);
await record();
await readStudent();
await group();
await letGo();
await beRefused();
console.log(JSON.stringify(heard));
