/**
 * The interface of a runtime, which loads ONNX models, runs them on named arrays and holds state between runs.
 *
 * State (parameters, optimiser moments) is named arrays that live with the runtime: on its worker thread, or in GPU
 * memory. A session reads a state under its name and may leave a new value of it, which takes its place without a copy:
 * two buffers are swapped.
 */
import type { ExternalData, OnnxModel } from "../onnx/external-data.ts";
import type { OptimizerStates, OptimizerStep } from "../optim/host-optimizers.ts";
import type { NdArray, TypedArray } from "../tensor.ts";

/** The device that computes: "wasm" in browsers alone, "cuda" in Node alone. */
export type Device = "cpu" | "webgpu" | "cuda" | "wasm";

/** Arrays by name. */
export type NdArrays = Readonly<Record<string, NdArray>>;

/** Neighbouring values of a flat state in main memory, as a model sees them. */
export interface StatePart {
  /** The name of the state. */
  readonly state: string;
  /** Index of the part's first value. */
  readonly offset: number;
  /** The shape that the model gives the part. */
  readonly shape: readonly number[];
}

/** Neighbouring entries of a state along one axis, all of which an output is. */
export interface StateBlock {
  /** The name of the state. */
  readonly state: string;
  /** The axis along which the output is written, from the front. */
  readonly axis: number;
}

/** Options of `Runtime.load`. */
export interface LoadOptions {
  /** Names of the inputs that are read from the runtime's state. */
  reads?: readonly string[];
  /** Outputs that become the new value of a state, by name: output -> state. */
  writes?: Readonly<Record<string, string>>;
  /**
   * The inputs and outputs among these that are a part of a state and not all of it. A session that writes one part of a
   * state writes all of them.
   */
  parts?: Readonly<Record<string, StatePart>>;
  /**
   * Outputs that are written into a state where it lies, at the `position` of the run along an axis: the rest of the state
   * stays and is not copied. For states in main memory alone.
   */
  blocks?: Readonly<Record<string, StateBlock>>;
  /** The file beside the model from which it reads large values. */
  externalData?: ExternalData | undefined;
  /** Number of threads of the cpu device; the runtime's when absent. */
  threads?: number;
  /** Whether the model's bytes are not used again: they may be moved to the runtime, which leaves the array empty. */
  transfer?: boolean;
  /** Path to which the model is written as it was optimised for this machine; nothing is written when absent. */
  saveTo?: string;
  /** CRC-32 of a file that was written so; a file that has another is refused. */
  checksum?: number;
}

/** Options of a run. */
export interface RunOptions {
  /** Further feeds that many runs share; they are sent again only when the object is another than at the run before. */
  cached?: NdArrays;
  /** Where `blocks` are written, along their axes. Default 0. */
  position?: number;
  /** A signal that stops the run before it begins; a run under way is finished. */
  signal?: AbortSignal;
}

/** A model that is loaded into a runtime. */
export interface Session {
  /**
   * Computes the outputs that are no state from the inputs that are none, which are fed here or by `cached`.
   *
   * @throws Error where a feed is missing or does not fit, or the session is closed.
   */
  run(feeds: NdArrays, options?: RunOptions): Promise<Record<string, NdArray>>;
  /** Frees the session. */
  close(): Promise<void>;
}

/** The identity of what a session computes. */
export interface SessionKey {
  /** Bytes that are equal for equal graphs. */
  readonly signature: readonly Uint8Array[];
  /** The arrays of weights. */
  readonly values: readonly TypedArray[];
}

/** A device with the sessions and states that it holds. */
export interface Runtime {
  /** The device that computes. */
  readonly device: Device;
  /**
   * Loads a model from its bytes, or from the path (in a browser the URL) of its file.
   *
   * @throws Error where that fails.
   */
  load(model: Uint8Array | string, options?: LoadOptions): Promise<Session>;
  /**
   * Loads the model that `make` gives, or what an earlier process compiled of an equal graph and equal weights, and caches
   * what it compiles for later ones. Absent where nothing is cached.
   */
  loadCached?(key: SessionKey, make: () => OnnxModel, options?: LoadOptions): Promise<Session>;
  /** Sets a state to a copy of the value, or to the value itself where `transfer` says that it is not used again. */
  setState(name: string, value: NdArray, options?: { readonly transfer?: boolean }): Promise<void>;
  /** Reads a copy of a state. @throws Error where there is none of this name. */
  getState(name: string): Promise<NdArray>;
  /** Frees a state; does nothing where there is none of this name. */
  deleteState(name: string): Promise<void>;
  /**
   * Takes an optimiser's step on states, which stay where they are, and returns the gradient's global norm before
   * clipping. Absent where state is not in main memory: there a graph takes the step.
   *
   * @throws Error where a state is missing.
   */
  update?(step: OptimizerStep, states: OptimizerStates): Promise<number>;
  /**
   * Gives two runtimes that work at the same time, each on half of the threads; always the same two, which are closed with
   * this one. Absent where a device does one thing after the other.
   */
  pair?(): Promise<readonly [Runtime, Runtime]>;
  /** Frees all sessions and states; what is called afterwards rejects. */
  close(): Promise<void>;
}
