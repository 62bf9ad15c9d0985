/**
 * The engine's runtime in a browser: onnxruntime-web in a web worker, on wasm or webgpu.
 *
 *     const runtime = await openRuntime({ device: "auto", wasmPaths: "/onnxruntime/" });
 *
 * Several wasm threads need a page that is cross-origin isolated (COOP and COEP headers).
 */
import { checkDevice, DeviceError } from "../device.ts";
import type { Call, Reply } from "../host.ts";
import { connectRuntime, type Port } from "../remote.ts";
import type { Runtime } from "../runtime.ts";
import { type StartOptions, startRuntime } from "./start.ts";

/** Options of `openRuntime`. */
export interface OpenOptions {
  /** The device. Default "auto": webgpu where the browser has a working adapter, else wasm. */
  device?: "wasm" | "webgpu" | "auto";
  /** URL of the folder, ending in "/", that serves onnxruntime-web's `ort-wasm-simd-threaded.*` files. */
  wasmPaths: string;
  /** Number of threads of the wasm device; the machine's where the page is cross-origin isolated, else 1. */
  threads?: number;
  /** Starts `worker.ts` where a bundler has put it elsewhere; "none" runs in this thread, which a run then blocks. */
  worker?: "none" | (() => Worker);
}

const advice = {
  webgpu: "it needs a browser with WebGPU and a GPU that it may use; the wasm device needs neither",
  wasm: "wasmPaths must be the URL of the folder that serves onnxruntime-web's ort-wasm-simd-threaded files",
};

/** Opens a device in a web worker. @throws DeviceError where it does not start; it says what to do. */
export async function openRuntime({ device = "auto", ...options }: OpenOptions): Promise<Runtime> {
  if (device !== "auto") return openDevice(device, options);
  if (!("gpu" in navigator)) return openDevice("wasm", options);
  try {
    return await openDevice("webgpu", options);
  } catch (error) {
    if (error instanceof DeviceError) return openDevice("wasm", options);
    throw error;
  }
}

async function openDevice(device: "wasm" | "webgpu", options: Omit<OpenOptions, "device">): Promise<Runtime> {
  const { wasmPaths, threads = crossOriginIsolated ? navigator.hardwareConcurrency : 1 } = options;
  const start: StartOptions = { device, wasmPaths, threads };
  const { worker = typeof Worker === "undefined" ? "none" : startWorker } = options;
  const runtime =
    worker === "none" ? await startRuntime(start) : connectRuntime(device, portOf(worker(), start));
  try {
    await checkDevice(runtime, advice[device]);
  } catch (error) {
    await runtime.close();
    throw error;
  }
  return runtime;
}

function startWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "proteoscope engine" });
}

function portOf(worker: Worker, start: StartOptions): Port {
  worker.postMessage(start);
  return {
    post: (call: Call, transfer) => worker.postMessage(call, transfer),
    onReply: (listener) =>
      worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => listener(data)),
    onEnd: (listener) =>
      worker.addEventListener("error", ({ message }) =>
        listener(new Error(`the runtime's worker ended: ${message ?? "its script did not load"}`)),
      ),
    close: async () => worker.terminate(),
  };
}
