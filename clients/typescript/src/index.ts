/**
 * Client of ikt: every operation of its OpenAPI document, typed, and the ways that take several of them.
 *
 * `schema.ts` is generated; this file is not.
 */
import { EventSourceParserStream } from "eventsource-parser/stream";
import createFetchClient, { type Client, type ClientOptions } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";
/** JSON, unless `parseAs` says otherwise. */
type Json = `application/${string}json`;
export type IktClient = Client<paths, Json>;
export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

/** States of experiments, cross-validations, sweeps, models and erasures that have not ended. */
const UNDER_WAY = ["queued", "running", "promoting", "pending"];
const RECONNECT_MILLISECONDS = 2000;
const MOST_ATTEMPTS = 5;

/** The service answered with a problem document (RFC 9457); `problem.type` says which kind it is. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.title}: ${problem.detail}`);
    this.name = "Refused";
  }
}

/** A client of the service at `baseUrl`; without a key only one on the same machine answers. */
export function createClient({ key, ...options }: ClientOptions & { key?: string }): IktClient {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  return createFetchClient<paths, Json>({ ...options, headers });
}

/** What an operation answered, without the possibility of a problem. Throws Refused. */
export async function need<T>(
  asked: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<NonNullable<T>> {
  const { data, error, response } = await asked;
  if (data !== undefined && data !== null) return data;
  if (isProblem(error)) throw new Refused(error);
  throw new Error(`${response.status} ${response.statusText}: an answer without content`);
}

function isProblem(answer: unknown): answer is Problem {
  return typeof answer === "object" && answer !== null && "type" in answer && "title" in answer;
}

/** Ask again until the work has ended, however it ended; look at its `status`. Throws Refused. */
export async function wait<T extends { status: string }>(
  ask: () => Promise<{ data?: T; error?: unknown; response: Response }>,
  { pollMilliseconds = 500, timeoutMilliseconds = Infinity } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMilliseconds;
  for (;;) {
    const found = await need(ask());
    if (!UNDER_WAY.includes(found.status)) return found;
    if (Date.now() > deadline) throw new Error(`still ${found.status} after ${timeoutMilliseconds} ms`);
    await pause(pollMilliseconds);
  }
}

/** Every item of a listing, page after page. Throws Refused. */
export async function* each<T>(
  listFrom: (
    cursor: string | undefined,
  ) => Promise<{ data?: { items: T[]; next_cursor: string | null }; error?: unknown; response: Response }>,
): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = await need(listFrom(cursor));
    yield* page.items;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

/** One event of a training: `progress`, `epoch` or, as the last, `end`. */
export interface TrainingEvent {
  name: string;
  data: Record<string, unknown>;
}

/**
 * Events of an experiment as they happen, `end` as the last; a lost connection is taken up again.
 * Throws Refused, and what fetch throws when the service stays away.
 */
export async function* followEvents(
  client: IktClient,
  experimentId: string,
  afterEpoch = 0,
): AsyncGenerator<TrainingEvent> {
  let last = afterEpoch;
  for (let attempts = 0; ; attempts += 1) {
    try {
      for await (const event of listen(client, experimentId, last)) {
        attempts = 0;
        if (event.name === "epoch") last = Number(event.data["epoch"]);
        yield event;
        if (event.name === "end") return;
      }
    } catch (trouble) {
      if (trouble instanceof Refused || attempts + 1 >= MOST_ATTEMPTS) throw trouble;
    }
    await pause(RECONNECT_MILLISECONDS);
  }
}

async function* listen(
  client: IktClient,
  experimentId: string,
  lastEventId: number,
): AsyncGenerator<TrainingEvent> {
  const stream = await need(
    client.GET("/experiments/{experiment_id}/events", {
      params: { path: { experiment_id: experimentId }, header: { "last-event-id": lastEventId } },
      parseAs: "stream",
    }),
  );
  const events = stream.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const event of events) {
    yield { name: event.event ?? "message", data: JSON.parse(event.data) };
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
