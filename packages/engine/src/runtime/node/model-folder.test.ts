import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, exportOnnxModel } from "../../compile.ts";
import { linear } from "../../nn/layers.ts";
import { silu } from "../../ops/elementwise.ts";
import { initializeWeights } from "../../random/initialize.ts";
import { numbers, random } from "../../testing/evaluate.ts";
import { f32, type Model, trace } from "../../trace.ts";
import type { Runtime } from "../runtime.ts";
import { loadThroughFolders } from "./model-folder.ts";
import { openRuntime } from "./node.ts";

const types = { x: f32("batch", 64) };
const model: Model<typeof types> = (w, { x }) => ({
  y: linear(w.at("second"), silu(linear(w.at("first"), x, 64)), 64),
});
const traced = trace(model, types);
const weights = initializeWeights(traced.parameters, 1);
const others = initializeWeights(traced.parameters, 2);
const x = random([3, 64], 7);
const external = { embeddedLimit: 0 };

describe("external data in Node", () => {
  let folder: string;
  let runtime: Runtime;
  const temporary = process.env.TMPDIR;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "proteoscope-test-"));
    process.env.TMPDIR = folder;
    runtime = await openRuntime({ device: "cpu", threads: 1 });
  });
  // The folder for temporary files has those of the TypeScript loader too.
  const modelFolders = () => readdirSync(folder).filter((name) => name.startsWith("proteoscope-model."));
  afterAll(async () => {
    await runtime.close();
    if (temporary === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = temporary;
    rmSync(folder, { recursive: true });
  });

  test("gives what embedded weights give, bit for bit, in two sessions at once, and leaves no file", async () => {
    const [embedded, first, second] = await Promise.all([
      compile(runtime, model, types, { weights: initializeWeights(traced.parameters, 1) }),
      compile(runtime, model, types, { weights, ...external }),
      compile(runtime, model, types, { weights: others, ...external }),
    ]);
    expect(modelFolders()).toEqual([]);
    const expected = numbers((await embedded.run({ x })).y!);
    const different = numbers((await second.run({ x })).y!);
    expect(numbers((await first.run({ x })).y!)).toEqual(expected);
    expect(different).not.toEqual(expected);
    await first.close();
    expect(numbers((await second.run({ x })).y!)).toEqual(different);
    await second.close();
    await embedded.close();
    expect(exitListeners()).toEqual([]);
  });

  test("ONNX Runtime leaves no traces of telemetry among the temporary files", () => {
    expect(readdirSync(folder).filter((name) => !name.startsWith("tsx-"))).toEqual([]);
  });

  test("writes into a folder that no one else may read, and removes it where the model does not load", async () => {
    const seen: { names: string[]; mode: number }[] = [];
    const refusing = loadThroughFolders({
      ...runtime,
      load: async (path) => {
        const parent = join(path as string, "..");
        seen.push({ names: readdirSync(parent).sort(), mode: statSync(parent).mode & 0o777 });
        throw new Error("no");
      },
    });
    const { model: bytes, externalData } = exportOnnxModel(traced, weights, external);
    await expect(refusing.load(bytes, { externalData })).rejects.toThrow("no");
    expect(seen).toEqual([{ names: ["model.onnx", "model.onnx.data"], mode: 0o700 }]);
    expect(modelFolders()).toEqual([]);
  });

  test("reads parts that are blobs, and a model by its path", async () => {
    const { model: bytes, externalData } = exportOnnxModel(traced, weights, external);
    const { location, parts } = externalData!;
    const whole = await runtime.load(bytes, { externalData: { location, parts } });
    const blobs = await runtime.load(bytes, { externalData: { location, parts: [new Blob([...parts])] } });
    expect((await blobs.run({ x })).y).toEqual((await whole.run({ x })).y);
    await expect(runtime.load(join(folder, "absent.onnx"))).rejects.toThrow(/absent\.onnx/);
    await whole.close();
    await blobs.close();
  });

  test("refuses a location outside the folder of the model", async () => {
    const { model: bytes, externalData } = exportOnnxModel(traced, weights, external);
    for (const location of ["../weights", "/weights", "a/b", "model.onnx"])
      await expect(runtime.load(bytes, { externalData: { ...externalData!, location } })).rejects.toThrow(
        `external data: "${location}" must be the name of a file beside the model`,
      );
    expect(modelFolders()).toEqual([]);
  });

  test("says where weights cannot be written and what to do", async () => {
    process.env.TMPDIR = join(folder, "absent");
    const loading = compile(runtime, model, types, { weights, ...external });
    await expect(loading).rejects.toThrow(/weights cannot be written to .*absent.*set TMPDIR/);
    process.env.TMPDIR = folder;
    const program = await compile(runtime, model, types, { weights, ...external });
    await program.close();
  });

  test("removes the folder with the session, or with the runtime, where the system keeps files that are in use", async () => {
    const { model: bytes, externalData } = exportOnnxModel(traced, weights, external);
    let keepsOpenFiles = true;
    const own = loadThroughFolders(await openRuntime({ device: "cpu", threads: 1 }), async (path) => {
      if (keepsOpenFiles) throw new Error("EBUSY");
      rmSync(path, { recursive: true });
    });
    const session = await own.load(bytes, { externalData });
    await own.load(bytes, { externalData });
    expect(modelFolders()).toHaveLength(2);
    keepsOpenFiles = false;
    await session.close();
    expect(modelFolders()).toHaveLength(1);
    await own.close();
    expect(modelFolders()).toEqual([]);
  });

  test("removes the folder of a process that was killed, and none of one that runs", async () => {
    const ended = spawnSync(process.execPath, ["--eval", ""]).pid;
    const host = hostname().replaceAll(/[^\w-]/g, "_");
    const [left, running] = [ended, process.ppid].map((id) => `proteoscope-model.${host}.${id}.aB3dE6`);
    for (const name of [left, running]) mkdirSync(join(folder, name!));
    const { model: bytes, externalData } = exportOnnxModel(traced, weights, external);
    const session = await loadThroughFolders(runtime).load(bytes, { externalData });
    expect(modelFolders()).toEqual([running]);
    rmSync(join(folder, running!), { recursive: true });
    await session.close();
  });

  test("removes the folder when the process ends during a load", async () => {
    const { model: bytes, externalData } = exportOnnxModel(traced, weights, external);
    const ending = loadThroughFolders({
      ...runtime,
      load: async () => {
        expect(modelFolders()).toHaveLength(1);
        for (const listener of exitListeners()) listener(0);
        expect(modelFolders()).toEqual([]);
        throw new Error("ended");
      },
    });
    await expect(ending.load(bytes, { externalData })).rejects.toThrow("ended");
    expect(exitListeners()).toEqual([]);
  });
});

const exitListeners = () => process.listeners("exit").filter(({ name }) => name === "removeAll");
