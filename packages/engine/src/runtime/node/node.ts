/**
 * The engine's runtime in Node: onnxruntime-node on a worker thread, on cpu, webgpu (Vulkan, Metal, D3D12) or cuda.
 *
 *     const runtime = await openRuntime({ device: "auto" });
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type InferenceSession, listSupportedBackends } from "onnxruntime-node";
import { checkDevice, DeviceError } from "../device.ts";
import type { OrtOptions } from "../ort-tensors.ts";
import { connectRuntime } from "../remote.ts";
import type { Device, Runtime } from "../runtime.ts";
import { loadThroughFolders } from "./model-folder.ts";
import { withPair } from "./pair.ts";
import { cacheSessions } from "./session-cache.ts";
import type { WorkerData } from "./worker.ts";

/** Options of `openRuntime`. */
export interface OpenOptions {
  /** The device. Default "auto", which is cpu: the fastest that gives the same picture everywhere without a driver. */
  device?: Device | "auto";
  /** Number of threads of the cpu device; the machine's cores when absent. */
  threads?: number;
  /** The folder in which programs compiled for the cpu are cached for later processes; without it none are. */
  cacheDir?: string;
}

/** The longest that an exit waits for native code: code that is at work when its thread ends aborts the process. */
const longestRunMs = 60_000;

const devices = ["cpu", "webgpu", "cuda"] as const satisfies readonly Device[];

const advice: Readonly<Partial<Record<Device, string>>> = {
  webgpu: "it needs a GPU and its Vulkan, Metal or Direct3D 12 driver; the cpu device needs neither",
  cuda: 'it needs CUDA 12, cuDNN 9 and the files that "node node_modules/onnxruntime-node/script/install.js" downloads; webgpu and cpu need none of them',
};

// Since version 1.29 ONNX Runtime reports sessions to its makers, and leaves logs among the temporary files.
process.env.ORT_DISABLE_TELEMETRY ??= "1";

/**
 * Opens a device on a worker thread; the process stays alive while it has work.
 *
 * @throws DeviceError where the device is not there or does not start; it says what to do.
 */
export async function openRuntime({
  device = "auto",
  threads = availableParallelism(),
  cacheDir,
}: OpenOptions = {}): Promise<Runtime> {
  const chosen = device === "auto" ? "cpu" : device;
  const built = listSupportedBackends().map(({ name }) => name);
  if (!built.includes(chosen))
    throw new DeviceError(
      `there is no device "${chosen}" here; choose one of ${devices.filter((name) => built.includes(name)).join(", ")}`,
    );
  if (chosen === "cpu") {
    const openCached = (share: number) => {
      const runtime = openWorker(chosen, share);
      return cacheDir === undefined ? runtime : cacheSessions(runtime, { folder: cacheDir, threads: share });
    };
    return withPair(openCached(threads), threads, openCached);
  }
  const runtime = openWorker(chosen, threads);
  try {
    await checkDevice(runtime, advice[chosen] ?? "choose another");
  } catch (error) {
    await runtime.close();
    throw error;
  }
  return runtime;
}

function openWorker(device: Device, threads: number): Runtime {
  const options: OrtOptions = { device, session: sessionOptions(device, threads) };
  const answered = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const worker = startWorker({ ...options, answered });
  let [posted, replies] = [0, 0];
  const waitForAnswers = () => {
    for (let seen = Atomics.load(answered, 0); seen < posted; seen = Atomics.load(answered, 0))
      if (Atomics.wait(answered, 0, seen, longestRunMs) === "timed-out") return;
  };
  process.on("exit", waitForAnswers);
  const connected = connectRuntime(device, {
    // An idle worker does not keep the process alive; one with work to answer does.
    post: (call, transfer) => {
      worker.postMessage(call, transfer);
      if (posted++ === replies) worker.ref();
    },
    onReply: (listener) =>
      void worker.on("message", (reply) => {
        if (++replies === posted) worker.unref();
        listener(reply);
      }),
    onEnd: (listener) => {
      const end = (reason: Error) => {
        process.off("exit", waitForAnswers);
        listener(reason);
      };
      worker.on("error", end);
      worker.on("exit", (code) => end(new Error(`the runtime's worker thread ended (code ${code})`)));
    },
    close: async () => void (await worker.terminate()),
  });
  return loadThroughFolders(connected);
}

function sessionOptions(device: Device, threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4, // errors are thrown, and would be printed beside that
    // Threads that wait by spinning starve everything else on a busy machine.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
}

/** From source the worker is TypeScript and needs a loader; in the package it is plain JavaScript. */
function startWorker(workerData: WorkerData): Worker {
  const entry = import.meta.url.endsWith(".ts") ? "./worker-from-source.mjs" : "./worker.js";
  const worker = new Worker(new URL(entry, import.meta.url), { workerData, execArgv: [] });
  worker.unref();
  return worker;
}

/** What a device is on this machine. */
export interface DeviceDescription {
  /** The device. */
  device: Device;
  /** Whether it works. */
  available: boolean;
  /** The number of threads, "ready", or what is missing. */
  detail: string;
}

/** Describes cpu, webgpu and cuda as they are on this machine, each found by trying it. */
export async function describeDevices(): Promise<DeviceDescription[]> {
  const descriptions: DeviceDescription[] = [];
  for (const device of devices) {
    try {
      const runtime = await openRuntime({ device });
      await runtime.close();
      descriptions.push({
        device,
        available: true,
        detail: device === "cpu" ? `${availableParallelism()} threads` : "ready",
      });
    } catch (error) {
      descriptions.push({ device, available: false, detail: (error as Error).message });
    }
  }
  return descriptions;
}
