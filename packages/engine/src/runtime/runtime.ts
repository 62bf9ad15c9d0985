/**
 * What the engine asks of a runtime: load an ONNX model, run it on named arrays, keep state between runs.
 *
 * State (parameters, optimiser moments) is named arrays that live with the runtime: on its worker thread, or in
 * GPU memory. A session reads a state under its name and may leave a new value of it, which takes its place
 * without a copy: two buffers are swapped.
 */
import type { ExternalData, OnnxModel } from "../onnx/external-data.ts";
import type { OptimizerStates, OptimizerStep } from "../optim/host-optimizers.ts";
import type { NdArray, TypedArray } from "../tensor.ts";

export type Device = "cpu" | "webgpu" | "cuda" | "wasm";

export type NdArrays = Readonly<Record<string, NdArray>>;

/** Neighbouring values of a flat state in main memory, as a model sees them. */
export interface StatePart {
  readonly state: string;
  /** Values before it. */
  readonly offset: number;
  readonly shape: readonly number[];
}

export interface LoadOptions {
  /** Model inputs that are read from the runtime's state. */
  reads?: readonly string[];
  /** Model outputs that become the new value of a state: output name -> state name. */
  writes?: Readonly<Record<string, string>>;
  /** Of these inputs and outputs, those that are a part of a state and not all of it. A session that writes a part writes all. */
  parts?: Readonly<Record<string, StatePart>>;
  /** The file beside the model that it reads large values from. */
  externalData?: ExternalData | undefined;
  /** Threads of the cpu device; the runtime's when absent. */
  threads?: number;
  /** The model's bytes are not used again: they may be moved to the runtime, which leaves the array empty. */
  transfer?: boolean;
  /** Where the model is written as it was optimised for this machine; nothing is written when absent. */
  saveTo?: string;
  /** The CRC-32 of a file that was written so, which is refused where it has another. */
  checksum?: number;
}

export interface RunOptions {
  /** More to feed, which many runs read: it is sent again only where the object is another than at the run before. */
  cached?: NdArrays;
  /** Stops before the run begins; a run under way is finished. */
  signal?: AbortSignal;
}

export interface Session {
  /** Feeds all inputs that are no state, here or by `cached`; returns all outputs that are no state. */
  run(feeds: NdArrays, options?: RunOptions): Promise<Record<string, NdArray>>;
  close(): Promise<void>;
}

/** What a session computes. */
export interface SessionKey {
  /** Equal bytes for equal graphs. */
  readonly signature: readonly Uint8Array[];
  readonly values: readonly TypedArray[];
}

export interface Runtime {
  readonly device: Device;
  /** Takes a model's bytes, or the path (in a browser the URL) of its file. */
  load(model: Uint8Array | string, options?: LoadOptions): Promise<Session>;
  /**
   * Loads what `make` gives, or what an earlier process compiled of an equal graph and equal weights, and keeps what it
   * compiles for later ones. Absent where nothing is cached.
   */
  loadCached?(key: SessionKey, make: () => OnnxModel, options?: LoadOptions): Promise<Session>;
  /** Sets a state to a copy of the value, or to the value itself where `transfer` says that it is not used again. */
  setState(name: string, value: NdArray, options?: { readonly transfer?: boolean }): Promise<void>;
  getState(name: string): Promise<NdArray>;
  deleteState(name: string): Promise<void>;
  /**
   * Takes an optimiser's step on states, which stay where they are, and returns the gradient's global norm before
   * clipping. Absent where state is not in main memory: there a graph takes the step.
   */
  update?(step: OptimizerStep, states: OptimizerStates): Promise<number>;
  /**
   * Two runtimes that work at the same time, each on half of the threads; always the same two, closed with this one.
   * Absent where a device does one thing after the other.
   */
  pair?(): Promise<readonly [Runtime, Runtime]>;
  close(): Promise<void>;
}
