/**
 * The worker thread that holds ONNX Runtime: a run blocks this thread and no other.
 *
 * @see node.ts, which starts it.
 */
import { parentPort, workerData } from "node:worker_threads";
import * as ort from "onnxruntime-node";
import { serveRuntime } from "../host.ts";
import { createOrtRuntime, type OrtOptions } from "../ort.ts";

ort.env.logLevel = "fatal"; // errors are thrown, and would be printed beside that
const answer = serveRuntime(createOrtRuntime(ort, workerData as OrtOptions), (reply, transfer) =>
  parentPort!.postMessage(reply, transfer),
);
parentPort!.on("message", answer);
