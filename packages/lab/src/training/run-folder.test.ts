import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRunFolder, readRunConfig } from "./run-folder.ts";

let parent: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "run-"));
  path = join(parent, "inner", "run");
});
afterEach(() => rm(parent, { recursive: true }));

const tensors = (value: number) =>
  new Map([["w", { dtype: "float32", shape: [2], data: Float32Array.of(value, value) } as const]]);
const checkpoint = (step: number) => ({ step, tensors: tensors(step), metadata: { note: "x" } });
const checkpointFiles = async () => (await readdir(join(path, "checkpoints"))).sort();
const metricLines = async () =>
  (await readFile(join(path, "metrics.jsonl"), "utf8")).split("\n").slice(0, -1);

describe("openRunFolder", () => {
  it("makes a new run with its configuration, and resumes it without one", async () => {
    await (await openRunFolder(path, { config: "a: 1\n" })).close();
    expect((await readdir(path)).sort()).toEqual(["checkpoints", "config.yaml", "metrics.jsonl", "samples"]);
    await (await openRunFolder(path, { config: undefined })).close();
    expect(await readRunConfig(path)).toBe("a: 1\n");
  });

  it("neither overwrites a run nor resumes what is none", async () => {
    await expect(openRunFolder(path, { config: undefined })).rejects.toThrow(/holds no run to resume/);
    await (await openRunFolder(path, { config: "a: 1\n" })).close();
    await expect(openRunFolder(path, { config: "a: 2\n" })).rejects.toThrow(/holds a run already/);
  });

  it("excludes a second process", async () => {
    const folder = await openRunFolder(path, { config: "a: 1\n" });
    await expect(openRunFolder(path, { config: undefined })).rejects.toThrow(/is in use by process/);
    await folder.close();
  });
});

describe("checkpoints", () => {
  it("come back as they were saved, the latest by number, not by name", async () => {
    const folder = await openRunFolder(path, { config: "" });
    expect(await folder.latestCheckpoint()).toBeUndefined();
    await folder.saveCheckpoint(checkpoint(9));
    await folder.saveCheckpoint(checkpoint(10));
    const latest = await folder.latestCheckpoint();
    expect(latest).toMatchObject({ step: 10, metadata: { note: "x", step: "10" } });
    expect([...latest!.tensors.get("w")!.data]).toEqual([10, 10]);
    await folder.close();
  });

  it("are those of the last two steps and of the best one", async () => {
    const folder = await openRunFolder(path, { config: "" });
    for (const step of [1, 2, 3, 4, 5]) await folder.saveCheckpoint(checkpoint(step), { bestStep: 2 });
    expect(await checkpointFiles()).toEqual([
      "step-2.safetensors",
      "step-4.safetensors",
      "step-5.safetensors",
    ]);
    await folder.saveCheckpoint(checkpoint(6), { bestStep: 6 });
    expect(await checkpointFiles()).toEqual(["step-5.safetensors", "step-6.safetensors"]);
    await folder.close();
  });

  it("are read where a kill left another one half written", async () => {
    const folder = await openRunFolder(path, { config: "" });
    await folder.saveCheckpoint(checkpoint(1));
    await writeFile(join(path, "checkpoints", "step-2.safetensors.99.partial"), "half");
    expect((await folder.latestCheckpoint())!.step).toBe(1);
    await folder.close();
  });

  it("are refused where the name and the content differ", async () => {
    const folder = await openRunFolder(path, { config: "" });
    await mkdir(join(path, "checkpoints"), { recursive: true });
    await writeFile(
      join(path, "checkpoints", "step-7.safetensors"),
      writeSafetensors(tensors(1), { step: "3" }),
    );
    await expect(folder.latestCheckpoint()).rejects.toThrow(/step-7\.safetensors says that it is of step 3/);
    await folder.close();
  });
});

describe("metrics", () => {
  it("are one object per line", async () => {
    const folder = await openRunFolder(path, { config: "" });
    await folder.appendMetrics({ step: 1, loss: 2.5 });
    await folder.appendMetrics({ step: 2, loss: 2, time: "now" });
    await folder.close();
    expect((await metricLines()).map((line) => JSON.parse(line))).toEqual([
      { step: 1, loss: 2.5 },
      { step: 2, loss: 2, time: "now" },
    ]);
  });

  it("are cut back to a step, with the line that a kill has cut", async () => {
    let folder = await openRunFolder(path, { config: "" });
    for (const step of [1, 2, 3]) await folder.appendMetrics({ step });
    await folder.close();
    const file = join(path, "metrics.jsonl");
    await writeFile(file, `${await readFile(file, "utf8")}{"step":2,"lo`);
    folder = await openRunFolder(path, { config: undefined });
    await folder.rewindMetrics(2);
    await folder.appendMetrics({ step: 3 });
    await folder.close();
    expect(await metricLines()).toEqual(['{"step":1}', '{"step":2}', '{"step":3}']);
  });
});

describe("other files", () => {
  it("get their folders and leave nothing temporary", async () => {
    const folder = await openRunFolder(path, { config: "" });
    await folder.write("model/unet/config.json", "{}");
    await folder.write("samples/step-1.png", Uint8Array.of(1, 2));
    await folder.close();
    expect(await readFile(join(path, "model/unet/config.json"), "utf8")).toBe("{}");
    expect(await readdir(join(path, "samples"))).toEqual(["step-1.png"]);
  });
});

describe("the events for TensorBoard", () => {
  const events = async () =>
    (await readFile(join(path, "events.out.tfevents.0.proteoscope"))).toString("hex");

  it("say what metrics.jsonl says, and are made anew of it by a run that is resumed", async () => {
    const folder = await openRunFolder(path, { config: "" });
    await folder.rewindMetrics(0);
    for (const step of [1, 2, 3])
      await folder.appendMetrics({ step, time: "2026-01-01T00:00:00.000Z", "loss.a": step / 2 });
    const whole = await events();
    expect(whole.match(/0a066c6f73732e6115/g)).toHaveLength(3); // tag "loss.a", then its value
    await folder.rewindMetrics(2);
    expect(whole.startsWith(await events())).toBe(true);
    await folder.appendMetrics({ step: 3, time: "2026-01-01T00:00:00.000Z", "loss.a": 1.5 });
    expect(await events()).toBe(whole);
    await folder.close();
  });
});
