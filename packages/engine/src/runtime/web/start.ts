/**
 * Loads ONNX Runtime for the browser: WebAssembly for the wasm device, with WebGPU kernels for the webgpu device.
 *
 * Each is a build of its own, so that a page fetches only what its device needs.
 */
import { createOrtRuntime } from "../ort.ts";
import type { Runtime } from "../runtime.ts";

/** The device, the URL of onnxruntime-web's files, and the number of threads. */
export interface StartOptions {
  readonly device: "wasm" | "webgpu";
  readonly wasmPaths: string;
  readonly threads: number;
}

/** Starts a runtime in this thread. */
export async function startRuntime({ device, wasmPaths, threads }: StartOptions): Promise<Runtime> {
  const ort =
    device === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  ort.env.wasm.wasmPaths = wasmPaths;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "fatal"; // errors are thrown, and would be printed beside that
  const session = {
    executionProviders: [device],
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
  } as const;
  return createOrtRuntime(ort, { device, session });
}
