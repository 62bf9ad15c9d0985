import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors, writeSafetensors } from "@proteoscope/formats";
import {
  breakAfter,
  type FakeBucket,
  type FakeHub,
  fallSilent,
  refuse,
  startFakeBucket,
  startFakeHub,
} from "@proteoscope/models/testing";
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
      stderr: expect.stringMatching(
        new RegExp(
          `^a/esm: 0\\.\\d MB to fetch into .*, \\S+ .B free\\nlicence of a/esm: mit \\(${hub.endpoint}/a/esm\\)\\n$`,
        ),
      ),
    });
    rmSync(join(cache, "hf"), { recursive: true });
    expect((await run(["pull", "a/esm"])).stderr).not.toMatch(/licence/);
    rmSync(join(cache, "hf"), { recursive: true });
    hub.listing.cardData = { license: "gpl-3.0" };
    expect((await run(["pull", "a/esm"])).stderr).toMatch(/^licence of a\/esm: gpl-3\.0/m);
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

describe("models pull of a release", () => {
  let bucket: FakeBucket;
  const encoder = Uint8Array.from({ length: 3000 }, (_, i) => i % 251);
  const folders = Array.from(
    { length: 10 },
    (_, seed) => `DNA-Protein_ViT_MLP_classifier/DNA-Protein_ViT_MLP_classifier_seed_${seed}.pth`,
  );
  beforeEach(async () => {
    bucket = await startFakeBucket({
      "DNA-Protein_ViT-ProtS-Pool.pth": encoder,
      ...Object.fromEntries(folders.map((path, seed) => [path, encoder.subarray(seed)])),
    });
  });
  afterEach(() => bucket.close());
  const pull = (...words: string[]) =>
    run(["pull", "subcell-dna-protein", "--endpoint", bucket.address, ...words]);
  const place = () => join(cache, "xdg", "proteoscope", "released", "subcell-DNA-Protein");

  it("says size, disk and licence, asks for the licence once, and shows the sums", async () => {
    const asked = await pull();
    expect(asked.exitCode).toBe(2);
    expect(asked.stderr).toMatch(
      /^subcell-DNA-Protein: 0\.0 MB to fetch into .*released.subcell-DNA-Protein, .* free$/m,
    );
    expect(asked.stderr).toMatch(
      /^licence of subcell-DNA-Protein: code MIT; weights: not stated .* \(https:/m,
    );
    expect(asked.stderr).toMatch(/is to be read at https:.* and accepted once \(--accept-licence\)$/m);
    const taken = await pull("--accept-licence");
    const path = join(place(), "DNA-Protein_ViT-ProtS-Pool.pth");
    expect([taken.exitCode, taken.stdout]).toEqual([0, `${path}\n`]);
    expect(taken.stderr.match(/^sha256 [0-9a-f]{64} {2}\S+\.pth$/gm)).toHaveLength(11);
    expect((await pull("--json")).stdout).toContain(`"path": ${JSON.stringify(path)}`);
    expect((await pull("--offline")).stdout).toBe(`${path}\n`);
  });

  it("lists it with licence and training, and commands find it by its name", async () => {
    const missing = await run(["verify", "subcell-DNA-Protein"]);
    expect([missing.exitCode, missing.stderr]).toEqual([
      4,
      expect.stringContaining("(proteoscope models pull subcell-DNA-Protein)"),
    ]);
    await pull("--accept-licence");
    const { stdout } = await run(["list", "--protein", "FBL"]);
    expect(stdout).toMatch(/^subcell-DNA-Protein {2}subcell, 0\.0 MB, release$/m);
    expect(stdout).toMatch(
      /licence code MIT; weights: .*; trained on Human Protein Atlas\n {2}not known per protein/,
    );
    expect(stdout).toMatch(
      /^proteoscope-mini .*\n {2}licence cc-by-sa-4\.0; .*\n {2}(trained on|never saw) FBL$/m,
    );
    const found = await run(["verify", "subcell-DNA-Protein"]);
    expect([found.exitCode, found.stderr + found.stdout]).toEqual([3, expect.stringContaining("pth")]);
  });

  it("names what the makers have changed, and the option that takes it", async () => {
    await pull("--accept-licence");
    rmSync(join(place(), "DNA-Protein_ViT-ProtS-Pool.pth"));
    bucket.files.set("DNA-Protein_ViT-ProtS-Pool.pth", encoder.subarray(1));
    const { exitCode, stderr } = await pull();
    expect([exitCode, stderr]).toEqual([
      3,
      expect.stringMatching(/its makers have changed it \(--update\)\n$/),
    ]);
    expect((await pull("--update")).exitCode).toBe(0);
  });

  it("suggests the name that was meant", async () => {
    const { exitCode, stderr } = await run(["pull", "cell-dif-hpa"]);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/did you mean cell-diff-hpa\?/)]);
    expect((await run(["pull", "esmc"])).stderr).toMatch(/no release: there are esmc-300m, esmc-600m$/m);
  });

  it("says of all releases which are here", async () => {
    expect((await run(["list", "--released"])).stdout).not.toMatch(/^ {2}here:/m);
    await pull("--accept-licence");
    const { stdout } = await run(["list", "--released"]);
    expect(stdout.match(/^ {2}here: .*$/gm)).toEqual([
      `  here: ${join(place(), "DNA-Protein_ViT-ProtS-Pool.pth")}`,
    ]);
    expect(stdout).toMatch(/^ {2}not here: proteoscope models pull esmc-300m$/m);
  });

  it("says what another file has become since its first download, and what is missing", async () => {
    await pull("--accept-licence");
    const path = join(place(), "DNA-Protein_ViT-ProtS-Pool.pth");
    const intact = await run(["verify", "subcell"]);
    expect(intact.stderr).toBe("");
    expect(intact.stdout.match(/^[0-9a-f]{64} {2}/gm)).toHaveLength(11);
    expect(intact.stdout).toMatch(/^every file was compared with its first download$/m);
    expect(intact.stdout).not.toContain("is not what came on");
    writeFileSync(path, encoder.toReversed());
    rmSync(join(place(), folders[3]!));
    const { exitCode, stdout } = await run(["verify", "subcell"]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`problem: ${path} is not what came on `);
    expect(stdout).toContain("remove it, then proteoscope models pull subcell-DNA-Protein\n");
    expect(stdout).toMatch(/^problem: \S+seed_3\.pth is missing: proteoscope models pull /m);
  });

  it("says how much is still to come, and that it waits for its next attempt", async () => {
    bucket.faults.push(
      breakAfter(1000),
      ...Array.from({ length: 4 }, () => refuse(503, { "retry-after": "0" })),
    );
    const broken = await pull("--accept-licence");
    expect(broken.exitCode).toBe(1);
    expect(broken.stderr).toMatch(/^127\.0\.0\.1:\d+: .*connection broke; next attempt in 1 s$/m);
    expect(broken.stderr).toMatch(/kept; --endpoint names a mirror, --offline takes what is here\n$/);
    const plans: number[] = [];
    const { pullReleased } = await import("@proteoscope/models/node");
    const { findReleasedWeights } = await import("@proteoscope/models/released");
    const released = join(cache, "xdg", "proteoscope", "released");
    const request = { hubFolder: cache, releasedFolder: released, acceptsLicence: true, takesChanged: false };
    const access = { endpoint: bucket.address, token: undefined, signal: new AbortController().signal };
    await pullReleased(
      findReleasedWeights("subcell")!,
      { ...request, bucketAddress: bucket.address },
      access,
      { onPlan: ({ bytes }) => void plans.push(bytes) },
    );
    expect(plans).toEqual([2000 + folders.reduce((sum, _, seed) => sum + 3000 - seed, 0)]);
  });
});
