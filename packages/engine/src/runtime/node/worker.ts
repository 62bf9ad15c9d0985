/**
 * The worker thread that holds ONNX Runtime: a run blocks this thread and no other.
 *
 * @see node.ts, which starts it.
 */
import { parentPort, workerData } from "node:worker_threads";
import * as ort from "onnxruntime-node";
import { serveRuntime } from "../host.ts";
import { createOrtRuntime } from "../ort.ts";
import type { OrtOptions } from "../ort-tensors.ts";
import { checkFiles } from "./file-checksum.ts";

/** The data that the thread starts with. */
export interface WorkerData extends OrtOptions {
  /** Number of calls answered, in shared memory [1], for a caller that cannot wait for a message. */
  answered: Int32Array;
}

ort.env.logLevel = "fatal"; // errors are thrown, and would be printed beside that
const { answered, ...options } = workerData as WorkerData;
const answer = serveRuntime(checkFiles(createOrtRuntime(ort, options)), (reply, transfer) => {
  parentPort!.postMessage(reply, transfer);
  Atomics.add(answered, 0, 1);
  Atomics.notify(answered, 0);
});
parentPort!.on("message", answer);
