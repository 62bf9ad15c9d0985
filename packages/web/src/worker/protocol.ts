// The messages between the page and its worker: calls of the worker's functions by name, their outcomes, and events. What they
// carry is plain data and typed arrays.
import type { Loading } from "../api/backend.ts";
import type { JobEvent, Problem } from "../api/types.ts";

/** Where the worker finds what it needs, and which device it is to take. */
export interface WorkerStart {
  /** URL of the model folder, ending in "/". */
  readonly model: string;
  /** URL of ONNX Runtime's files, ending in "/". */
  readonly runtime: string;
  readonly device: "auto" | "webgpu" | "wasm";
}

/** A call of a function. */
export interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What the worker sends. */
export type FromWorker =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly problem: Problem }
  | { readonly event: JobEvent }
  | { readonly loading: Loading | null };
