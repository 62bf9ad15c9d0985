import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { type FakeHub, fallSilent, refuse, startFakeHub } from "@proteoscope/models/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../cli.ts";
import { recordCommandContext } from "../../testing/command-context.ts";

const fixtures = fileURLToPath(new URL("../../../../models/src/fixtures/", import.meta.url));
const fixture = (name: string) => readFileSync(join(fixtures, name));

let cache: string;
let hub: FakeHub;
beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), "proteoscope-models-pull-"));
  hub = await startFakeHub({
    "config.json": fixture("hugging-face-esm/config.json"),
    "model.safetensors": fixture("hugging-face-esm/model.safetensors"),
  });
});
afterEach(async () => {
  await hub.close();
  rmSync(cache, { recursive: true, force: true });
});

const environment = (changes: Record<string, string> = {}) => ({
  ...{ HF_HOME: join(cache, "hf"), XDG_CACHE_HOME: join(cache, "xdg"), HF_ENDPOINT: hub.endpoint },
  ...changes,
});
async function run(words: string[], changes?: Record<string, string>) {
  const { commandContext, output } = recordCommandContext(environment(changes));
  return { exitCode: await runCommandLine(["models", ...words], commandContext), ...output };
}
const snapshot = () => join(cache, "hf", "hub", "models--a--esm", "snapshots", hub.commit);

describe("proteoscope models pull", () => {
  it("fetches a model, prints where it is, and shows its licence once", async () => {
    const first = await run(["pull", "a/esm"]);
    expect(first).toEqual({
      exitCode: 0,
      stdout: `${snapshot()}\n`,
      stderr: `licence of a/esm: mit (${hub.endpoint}/a/esm)\n`,
    });
    rmSync(join(cache, "hf"), { recursive: true });
    expect((await run(["pull", "a/esm"])).stderr).toBe("");
    rmSync(join(cache, "hf"), { recursive: true });
    hub.listing.cardData = { license: "gpl-3.0" };
    expect((await run(["pull", "a/esm"])).stderr).toMatch(/^licence of a\/esm: gpl-3\.0/);
  });

  it("reports to programs as JSON, and uses the token and the revision it is given", async () => {
    const words = ["pull", "a/esm", "--revision", "v1.0", "--json", "--endpoint", `${hub.endpoint}/`];
    const { stdout } = await run(words, { HF_TOKEN: "secret", HF_ENDPOINT: "http://127.0.0.1:1" });
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ model: "a/esm", revision: "v1.0", commit: hub.commit, licence: "mit", path: snapshot() },
      files: ["config.json", "model.safetensors"],
    });
    expect(hub.requests[0]!.path).toContain("/revision/v1.0?");
    expect(hub.requests.every(({ authorization }) => authorization === "Bearer secret")).toBe(true);
  });

  it("asks nobody when it is offline", async () => {
    for (const [words, changes] of [
      [["--offline"], {}],
      [[], { HF_HUB_OFFLINE: "1" }],
    ] as [string[], Record<string, string>][]) {
      const missing = await run(["pull", "a/esm", ...words], changes);
      expect([missing.exitCode, missing.stderr]).toEqual([
        4,
        expect.stringMatching(/a\/esm at main is not in/),
      ]);
    }
    expect(hub.requests).toEqual([]);
    await run(["pull", "a/esm"]);
    const asked = hub.requests.length;
    expect((await run(["pull", "a/esm", "--offline"])).stdout).toBe(`${snapshot()}\n`);
    expect(hub.requests).toHaveLength(asked);
  });

  it.each([
    [["esm2"], /"esm2" is no model of the Hub: those are named <owner>\/<name>/],
    [["../evil"], /is no model of the Hub/],
    [["a/b", "--revision", "../../x"], /"\.\.\/\.\.\/x" is no branch, tag or commit/],
    [["a/b", "--endpoint", "file:///etc"], /the endpoint "file:\/\/\/etc" is no http address/],
    [["a/b", "--endpoint", "nonsense"], /the endpoint "nonsense"/],
  ])("refuses %j", async (words, message) => {
    const { exitCode, stderr } = await run(["pull", ...words]);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(readdirSync(cache)).toEqual([]);
  });

  it("says which variable opens a model that asks for a token, and passes on the exit code of a missing file", async () => {
    hub.faults.push(refuse(401));
    const closed = await run(["pull", "a/esm"]);
    expect([closed.exitCode, closed.stderr]).toEqual([
      1,
      expect.stringMatching(/asks for a token \(401\); set HF_TOKEN to a token that may read it\n$/),
    ]);
    hub.faults.push(refuse(404));
    const missing = await run(["pull", "a/esm"]);
    expect([missing.exitCode, missing.stderr]).toEqual([4, expect.stringMatching(/not found \(404\)\n$/)]);
  });

  it("ends with 130 when it is interrupted, and goes on the next time", async () => {
    hub.faults.push((_, response, bytes) => void response.end(bytes), fallSilent);
    const { commandContext, output, controller } = recordCommandContext(environment());
    const running = runCommandLine(["models", "pull", "a/esm"], commandContext);
    while (hub.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    controller.abort();
    expect(await running).toBe(130);
    expect(output.stderr).toMatch(/proteoscope: interrupted\n$/);
    const blobs = join(dirname(dirname(snapshot())), "blobs");
    expect(readdirSync(blobs).filter((name) => name.endsWith(".incomplete"))).toHaveLength(1);
    expect((await run(["pull", "a/esm"])).exitCode).toBe(0);
    expect(readdirSync(blobs).filter((name) => name.endsWith(".incomplete"))).toEqual([]);
  });
});

describe("a model that was pulled", () => {
  it("is found by its name, with and without its revision", async () => {
    await run(["pull", "a/esm"]);
    const expected = readSafetensors(fixture("expected/hugging-face-esm.safetensors")).tensors;
    const [input, output] = [join(cache, "in.safetensors"), join(cache, "out.safetensors")];
    writeFileSync(input, writeSafetensors([["input_ids", expected.get("input_ids")!]]));
    expect((await run(["run", "a/esm@main", "--input", input, "-o", output])).exitCode).toBe(0);
    const { data } = readSafetensors(readFileSync(output)).tensors.get("last_hidden_state")!;
    const theirs = expected.get("out.last_hidden_state")!.data;
    expect(Number(data[0])).toBeCloseTo(Number(theirs[0]), 4);
    const { exitCode, stdout } = await run(["verify", "a/esm", "--json"]);
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ model: "a/esm", ok: true, networks: [{ architecture: "esm2" }] });
    expect(Object.keys(report.files)).toEqual(["config.json", "model.safetensors"]);
    expect((await run(["list"])).stdout).toContain(`a/esm  esm, `);
  });

  it("is asked for where it is not there", async () => {
    for (const name of ["a/other", "a/other@v2"]) {
      const { exitCode, stderr } = await run(["verify", name]);
      const [model, revision] = name.split("@");
      const advice = `proteoscope models pull ${model}${revision ? ` --revision ${revision}` : ""}`;
      expect([exitCode, stderr]).toEqual([4, expect.stringContaining(`(${advice})`)]);
    }
    expect((await run(["verify", "a/b/c"])).stderr).toBe("proteoscope: a/b/c: no such file or folder\n");
  });
});
