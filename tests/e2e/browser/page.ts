// The page of the browser test: runs a model on a device, with weights and inputs fetched as safetensors, and gives
// plain numbers back. esbuild bundles it; nothing here knows of the test around it.
import {
  add,
  compile,
  createGenerator,
  emitOnnx,
  input,
  type NdArray,
  type Runtime,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/web";
import { readSafetensors } from "@proteoscope/formats";
import { webFolder } from "@proteoscope/models";
import { drawFirstImage, type FirstImageRequest } from "./first-image.ts";
import { type BrowserModelName, browserModels } from "./models.ts";

type Device = "wasm" | "webgpu" | "auto";

/** Arrays as they pass through the test's channel. */
export type Plain = Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>;

export interface PageEngine {
  run(name: BrowserModelName, device: Device, where: "worker" | "page"): Promise<Plain>;
  /** The first image of the model folder that is served at `path`. */
  firstImage(device: Device, path: string, request: FirstImageRequest): Promise<Plain>;
  normals(seed: number, count: number): number[];
  /** The states that a counter goes through. */
  count(device: Device, steps: number): Promise<number[]>;
  /** The device that opens. */
  opened(device: Device): Promise<string>;
  /** The message of the error that opening ends in. */
  failToOpen(device: Device, wasmPaths: string): Promise<string>;
  /** Ticks of a timer while a model runs in the worker. */
  ticksDuring(name: BrowserModelName, device: Device): Promise<number>;
}

const open = (device: Device, where: "worker" | "page" = "worker"): Promise<Runtime> =>
  openRuntime({
    device,
    wasmPaths: "/onnxruntime/",
    worker: where === "page" ? "none" : () => new Worker("/worker.js", { type: "module" }),
  });

async function values(
  name: BrowserModelName,
): Promise<{ weights: Map<string, NdArray>; feeds: Record<string, NdArray> }> {
  const response = await fetch(`/${name}.safetensors`);
  const { tensors } = readSafetensors(new Uint8Array(await response.arrayBuffer()));
  const below = (prefix: string) =>
    [...tensors].flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    );
  return { weights: new Map(below("w.")), feeds: Object.fromEntries(below("x.")) };
}

async function load(runtime: Runtime, name: BrowserModelName) {
  const { model, types } = browserModels[name];
  const { weights, feeds } = await values(name);
  return { program: await compile(runtime, model, types, { weights }), feeds };
}

const engine: PageEngine = {
  run: async (name, device, where) => {
    const runtime = await open(device, where);
    const { program, feeds } = await load(runtime, name);
    const outputs = await program.run(feeds);
    await runtime.close();
    const plain = (array: NdArray) => ({
      shape: array.shape,
      values: Array.from(array.data as Float32Array),
    });
    return Object.fromEntries(Object.entries(outputs).map(([key, array]) => [key, plain(array)]));
  },
  firstImage: async (device, path, request) => {
    const runtime = await open(device);
    const image = await drawFirstImage(runtime, webFolder(new URL(path, location.href)), request);
    await runtime.close();
    return image;
  },
  normals: (seed, count) => Array.from(createGenerator(seed, "browser").normal(count)),
  count: async (device, steps) => {
    const runtime = await open(device);
    const [state, step] = ["state", "step"].map((name) => input(name, { dtype: "float32", shape: [1] }));
    const inputs = new Map(Object.entries({ state: state!, step: step! }));
    const model = emitOnnx({ inputs, outputs: new Map([["next", add(state!, step!)]]) });
    const session = await runtime.load(model, { reads: ["state"], writes: { next: "state" } });
    const one = (value: number): NdArray => ({ dtype: "float32", shape: [1], data: Float32Array.of(value) });
    await runtime.setState("state", one(1));
    const seen: number[] = [];
    for (let i = 1; i <= steps; i++) {
      await session.run({ step: one(i) });
      seen.push(Number((await runtime.getState("state")).data[0]));
    }
    await runtime.close();
    return seen;
  },
  opened: async (device) => {
    const runtime = await open(device);
    await runtime.close();
    return runtime.device;
  },
  failToOpen: (device, wasmPaths) =>
    openRuntime({ device, wasmPaths, worker: () => new Worker("/worker.js", { type: "module" }) }).then(
      () => "it opened",
      (error: Error) => `${error.name}: ${error.message}`,
    ),
  ticksDuring: async (name, device) => {
    const runtime = await open(device);
    const { program, feeds } = await load(runtime, name);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 2);
    await program.run(feeds);
    clearInterval(timer);
    await runtime.close();
    return ticks;
  },
};

Object.assign(globalThis, { engine });
