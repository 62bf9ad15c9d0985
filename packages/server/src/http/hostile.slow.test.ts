// Requests that mean harm, over sockets: each ends in a named problem or a closed connection, and the server
// goes on.

import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateSync } from "node:zlib";
import { loadHomologs, memoryFolder } from "@proteoscope/models";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Job, Problem } from "../api.ts";
import { type RunningServer, startServer } from "../serve.ts";
import { spawnTestWorker } from "../testing/spawn-worker.ts";
import { tinyModelFiles } from "../testing/tiny-model-files.ts";

vi.setConfig({ testTimeout: 600_000 });

let data: string;
let server: RunningServer;
let address: { readonly host: string; readonly port: number };
const log: string[] = [];
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "proteoscope-hostile-"));
  server = await startServer({
    ...{ data, port: 0, examples: [] },
    homologs: await loadHomologs(memoryFolder(tinyModelFiles(), "tiny")),
    spawnWorker: () => spawnTestWorker(data),
    log: pino({ base: null }, { write: (line: string) => void log.push(line) }),
    limits: { worksPerTenSeconds: 100_000, requestsPerTenSeconds: 100_000 },
  });
  await server.ready;
  const { hostname, port } = new URL(server.url);
  address = { host: hostname, port: Number(port) };
}, 120_000);
afterAll(async () => {
  await server.close();
  await rm(data, { recursive: true });
});

const api = (path: string, init?: RequestInit) => fetch(`${server.url}/api/v1${path}`, init);
const isAlive = async () => (await fetch(`${server.url}/readyz`)).status === 200;

async function submit(steps: number, name: string, samples = 1): Promise<Job> {
  const proteins = [{ id: name, sequence: "MKTAYIAKQRQISFVKSHFS" }];
  const request = { proteins, nuclei: ["library:0"], samples, steps };
  const response = await api("/jobs", {
    ...{ method: "POST", headers: { "content-type": "application/json" } },
    body: JSON.stringify({ kind: "generate", request }),
  });
  expect(response.status).toBe(202);
  return response.json() as Promise<Job>;
}

/** Sends text over a socket; resolves to what comes back until the other side ends. */
function send(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(address.port, address.host, () => socket.write(text));
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve(answer) : reject(error),
    );
    socket.on("close", () => resolve(answer));
    socket.setTimeout(30_000, () => socket.destroy(new Error("nothing came back")));
  });
}

const problemIn = (answer: string): Problem => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));

describe("a flood of headers, or no HTTP at all,", () => {
  it("ends in a problem", async () => {
    const host = `host: ${address.host}:${address.port}\r\n`;
    const flood = Array.from({ length: 2000 }, (_, index) => `x-${index}: ${"a".repeat(50)}\r\n`).join("");
    const answer = await send(`GET /healthz HTTP/1.1\r\n${host}${flood}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(problemIn(answer)).toMatchObject({ status: 431, kind: "limit" });
    expect(problemIn(await send("no http at all\r\n\r\n"))).toMatchObject({ status: 400, kind: "usage" });
    expect(
      problemIn(await send(`GET /healthz HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n`)).status,
    ).toBeGreaterThan(399);
    expect(await isAlive()).toBe(true);
  });
});

describe("bombs", () => {
  const upload = async (bytes: Uint8Array) => {
    const body = bytes as Uint8Array<ArrayBuffer>;
    const response = await api("/nuclei?name=bomb&pixelSizeMicrons=1", { method: "POST", body });
    return (await response.json()) as Problem;
  };
  const u32 = (...values: number[]) =>
    Buffer.from(
      values.flatMap((value) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]),
    );

  it("in PNG are refused by what they claim", async () => {
    const chunk = (type: string, body: Uint8Array) =>
      Buffer.concat([u32(body.length), Buffer.from(type), body, u32(0)]);
    const header = Buffer.concat([u32(60_000, 60_000), Buffer.from([16, 0, 0, 0, 0])]);
    const zeros = deflateSync(new Uint8Array(50_000_000));
    const png = Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      ...[chunk("IHDR", header), chunk("IDAT", zeros), chunk("IEND", new Uint8Array())],
    ]);
    expect(await upload(png)).toMatchObject({ status: 422, kind: "data" });
  });

  it("in TIFF are refused by what they claim", async () => {
    const entry = (tag: number, type: number, value: number) => {
      const bytes = Buffer.alloc(12);
      bytes.writeUInt16LE(tag, 0);
      bytes.writeUInt16LE(type, 2);
      bytes.writeUInt32LE(1, 4);
      bytes.writeUInt32LE(value, 8);
      return bytes;
    };
    const packed = deflateSync(new Uint8Array(20_000_000));
    const entries = [
      ...[
        entry(256, 4, 200_000),
        entry(257, 4, 200_000),
        entry(258, 3, 8),
        entry(259, 3, 8),
        entry(262, 3, 1),
      ],
      ...[entry(273, 4, 400), entry(277, 3, 1), entry(278, 4, 200_000), entry(279, 4, packed.length)],
    ];
    const count = Buffer.alloc(2);
    count.writeUInt16LE(entries.length);
    const head = Buffer.concat([
      Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0]),
      count,
      ...entries,
      Buffer.alloc(4),
    ]);
    const tiff = Buffer.concat([head, Buffer.alloc(400 - head.length), packed]);
    const problem = await upload(tiff);
    expect(problem.status).toBeGreaterThan(400);
    expect(problem.status).toBeLessThan(500);
  });

  it("in zip, and bodies above the limit, are refused", async () => {
    expect(await upload(Buffer.from("PK\u0003\u0004 an archive"))).toMatchObject({
      status: 422,
      kind: "data",
    });
    const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const headers = { "content-length": 200 * 2 ** 20 };
      const sent = httpRequest(
        `${server.url}/api/v1/nuclei?name=a`,
        { method: "POST", headers },
        async (response) => {
          let text = "";
          for await (const part of response) text += part;
          resolve({ status: response.statusCode!, body: text });
          sent.destroy();
        },
      );
      sent.on("error", reject);
      sent.write("x");
    });
    expect([status, JSON.parse(body).kind]).toEqual([413, "limit"]);
    // One that does not say its length is ended when it is above the limit.
    const chunked = await new Promise<number>((resolve) => {
      const sent = httpRequest(`${server.url}/api/v1/nuclei?name=a`, { method: "POST" }, (response) => {
        response.resume();
        resolve(response.statusCode!);
        sent.destroy();
      });
      sent.on("error", () => resolve(0));
      const block = Buffer.alloc(2 ** 20);
      const write = (): void => {
        while (!sent.destroyed && sent.write(block));
        sent.once("drain", write);
      };
      write();
    });
    expect([0, 413]).toContain(chunked);
    expect(await isAlive()).toBe(true);
  });
});

describe("a thousand event streams", () => {
  it("are refused beyond the limit, and the others are served", async () => {
    const { id } = await submit(1000, "streamed", 64);
    const controller = new AbortController();
    const opened = await Promise.all(
      Array.from({ length: 1000 }, () =>
        api(`/jobs/${id}/events`, { signal: controller.signal }).then(
          (response) => response, // held, since the stream of a response that is collected as garbage ends
          () => undefined,
        ),
      ),
    );
    const count = (wanted: number) => opened.filter((response) => (response?.status ?? 0) === wanted).length;
    controller.abort();
    // On a busy machine some connections are not made in time: those are 0.
    expect([count(200), count(429) + count(0)]).toEqual([64, 936]);
    expect(count(429)).toBeGreaterThan(700);
    expect(await isAlive()).toBe(true);
    await sleep(500);
    expect((await api(`/jobs/${id}`, { method: "DELETE" })).status).toBe(200);
    const text = await (await api(`/jobs/${id}/events`)).text();
    expect(text).toMatch(/"state":"cancelled"/);
  });

  it("do not wait for a reader that reads nothing", async () => {
    const { id } = await submit(300, "slow");
    const sockets: Socket[] = [];
    for (let index = 0; index < 20; index++) {
      const socket = connect(address.port, address.host);
      socket.pause();
      const host = `${address.host}:${address.port}`;
      socket.write(`GET /api/v1/jobs/${id}/events HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
      socket.on("error", () => undefined);
      sockets.push(socket);
    }
    const text = await (await api(`/jobs/${id}/events`)).text();
    expect(text).toMatch(/"state":"done"/);
    for (const socket of sockets) socket.destroy();
    expect(await isAlive()).toBe(true);
  });
});
