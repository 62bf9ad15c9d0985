// `proteoscope serve` as users run it: it says where it is, does a job with a worker of its own, and ends when it is asked to.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

const program = fileURLToPath(new URL("../../bin/proteoscope.mjs", import.meta.url));
const children: ChildProcess[] = [];

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  place.remove();
});

function start(...words: readonly string[]): ChildProcess {
  const { DATABASE_URL: _, ...env } = process.env;
  const all = [program, "serve", "--model", place.model, "--device", "cpu", "--open", "no", ...words];
  const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"], env });
  children.push(child);
  return child;
}

/** What a server prints when it listens: a line, or a document of several. */
async function firstOutput(child: ChildProcess): Promise<string> {
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout!)) {
    lines.push(line);
    if (lines[0] !== "{" || line === "}") break;
  }
  return lines.join("\n");
}

describe("serve", () => {
  it("refuses what it cannot take", async () => {
    const refused = async (...words: string[]) => {
      const { exitCode, stderr } = await runWords(["serve", "--model", place.model, ...words]);
      return [exitCode, stderr];
    };
    expect(await refused("--port", "70000")).toEqual([2, expect.stringMatching(/port/)]);
    expect(await refused("--origin", "lab")).toEqual([2, expect.stringMatching(/--origin is an address/)]);
    expect(await refused("--open", "maybe")).toEqual([2, expect.stringMatching(/open/)]);
  });

  it("does a job, keeps it, and ends when it is asked to", async () => {
    const data = join(place.path, "data");
    const words = ["--port", "0", "--data", data, "--token", "word"];
    let child = start(...words, "--json");
    const { url, pid } = JSON.parse(await firstOutput(child)) as { url: string; pid: number };
    expect(pid).toBe(child.pid);
    expect(new URL(url).search).toBe("?token=word");
    const { origin } = new URL(url);
    const headers = { authorization: "Bearer word", "content-type": "application/json" };
    const ask = async (path: string, init: RequestInit = {}) => fetch(origin + path, { ...init, headers });
    expect((await fetch(`${origin}/api/v1/jobs`)).status).toBe(401);
    const request = {
      proteins: [{ id: "mine", sequence: "MKTAYIAKQR" }],
      nuclei: ["library:0"],
      samples: 1,
      steps: 2,
    };
    const body = JSON.stringify({ kind: "generate", request });
    const job = (await (await ask("/api/v1/jobs", { method: "POST", body })).json()) as { id: string };
    const look = async () =>
      (await (await ask(`/api/v1/jobs/${job.id}`)).json()) as { state: string; result: unknown };
    while ((await look()).state !== "done") await sleep(200);

    const second = start("--port", "0", "--data", data);
    let text = "";
    second.stderr!.on("data", (chunk) => (text += chunk));
    expect((await once(second, "exit"))[0]).toBe(2);
    expect(text).toMatch(/is in use by process \d+/);

    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    child = start("--port", new URL(url).port, "--data", data, "--token", "word");
    expect(await firstOutput(child)).toBe(`proteoscope is at ${url}`);
    expect(await look()).toMatchObject({ state: "done", result: { cells: [{ protein: "mine" }] } });
    const last = once(child, "exit");
    child.kill("SIGINT");
    expect(await last).toEqual([0, null]);
  });

  it("shows the built page where the installation has one", async () => {
    const { findPage } = await import("../page-folder.ts");
    const notices: string[] = [];
    const signal = new AbortController().signal;
    const find = () => findPage({ signal, onNotice: (line) => notices.push(line) });
    const page = await find();
    expect(readFileSync(join(page!, "index.html"), "utf8")).toMatch(/<title>proteoscope/);
    expect(await find()).toBe(page);
    expect(notices.length).toBeLessThanOrEqual(1); // it is built once
  });
});
