/**
 * The runtime over ONNX Runtime's JavaScript API, the same for Node (native) and the browser (wasm, WebGPU).
 *
 * Runs in the thread that calls it; see host.ts and remote.ts for keeping the caller's thread free.
 */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { emitOnnx } from "../onnx/emit.ts";
import { type OptimizerVectors, updateOnHost } from "../optim/host-optimizers.ts";
import { elementCount } from "../shape.ts";
import { type DType, input, type NdArray } from "../tensor.ts";
import type { Device, LoadOptions, Runtime, Session, StatePart } from "./runtime.ts";

/** The part of onnxruntime-node and onnxruntime-web that the engine uses. */
export interface Ort {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof OrtTensor;
}

/** A state: the value that the next run reads, and the buffer of the value before, to be written over. */
interface State {
  current: OrtTensor;
  spare: OrtTensor | undefined;
}

/** Name of the file beside a saved model that has its weights, which are mapped to memory when it is loaded. */
export const savedWeightsFile = "weights.bin";

/** The device, and ONNX Runtime's options of its sessions. */
export interface OrtOptions {
  device: Device;
  session: InferenceSession.SessionOptions;
}

/** Makes a runtime in this thread. */
export function createOrtRuntime(ort: Ort, { device, session: sessionOptions }: OrtOptions): Runtime {
  const states = new Map<string, State>();
  const sessions = new Set<Session>();
  const onGpu = device === "webgpu";
  // The native runtime writes into buffers that it is given; onnxruntime-web leaves them as they are.
  const canReuse = device === "cpu" || device === "cuda";

  const state = (name: string): State => {
    const found = states.get(name);
    if (found === undefined) throw new Error(`runtime: no state "${name}"`);
    return found;
  };
  const release = ({ current, spare }: State) => {
    current.dispose();
    spare?.dispose();
  };

  // Reading a GPU tensor directly aborts the process in onnxruntime-node 1.30; a session that copies does not. Its
  // tensors belong to it, so it stays open.
  const movers = new Map<string, Promise<InferenceSession>>();
  const move = async (value: OrtTensor, location: "cpu" | "gpu-buffer"): Promise<OrtTensor> => {
    const key = `${value.type} ${value.dims.length} ${location}`;
    if (!movers.has(key)) {
      const model = identityModel(value.type as DType, value.dims.length);
      const options = { ...sessionOptions, preferredOutputLocation: { y: location } };
      movers.set(key, ort.InferenceSession.create(model, options));
    }
    const { y } = (await (await movers.get(key)!).run({ x: value })) as { y: OrtTensor };
    return y;
  };

  const load = async (
    model: Uint8Array | string,
    {
      reads = [],
      writes = {},
      parts = {},
      blocks = {},
      externalData,
      threads,
      saveTo,
      checksum,
    }: LoadOptions = {},
  ): Promise<Session> => {
    if (onGpu && Object.keys(blocks).length > 0)
      throw new Error("runtime: blocks of states are written in main memory alone");
    const locations = Object.fromEntries(
      Object.keys(writes).map((output) => [output, "gpu-buffer" as const]),
    );
    // The native runtime reads external data beside the model's path alone; onnxruntime-web takes it as a blob.
    const files = externalData && [{ path: externalData.location, data: new Blob([...externalData.parts]) }];
    const native = await ort.InferenceSession.create(model as string, {
      ...sessionOptions,
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(saveTo !== undefined && saveOptions(saveTo, sessionOptions)),
      ...(checksum !== undefined && { graphOptimizationLevel: "disabled" as const }),
      ...(files && { externalData: files }),
      ...(onGpu ? { preferredOutputLocation: locations } : {}),
      // A plan of all memory is made by the first run and allocated beside what that run left: training would hold both.
      ...(Object.keys(writes).length > 0 ? { enableMemPattern: false } : {}),
    });
    // A state that is read while it is written needs a second buffer.
    const written = new Set(Object.values(writes));
    const swapped = [...new Set(reads.map((name) => parts[name]?.state ?? name))].filter((name) =>
      written.has(name),
    );
    const targetOf = (name: string) =>
      swapped.includes(name) ? spareOf(ort, state(name)) : state(name).current;
    let isClosed = false;
    const session: Session = {
      run: async (feeds, { signal, cached, position = 0 } = {}) => {
        signal?.throwIfAborted();
        if (isClosed) throw new Error("runtime: the session is closed");
        const inputs: Record<string, OrtTensor> = {};
        for (const name of reads) {
          const part = parts[name];
          inputs[name] = part ? viewOf(ort, state(part.state).current, part) : state(name).current;
        }
        for (const [name, value] of Object.entries({ ...cached, ...feeds })) inputs[name] = toOrt(ort, value);
        const fetches: Record<string, OrtTensor | null> = {};
        for (const name of native.outputNames) {
          const target = canReuse && writes[name] !== undefined ? targetOf(writes[name]) : undefined;
          fetches[name] = (target && parts[name] ? viewOf(ort, target, parts[name]) : target) ?? null;
        }
        const outputs = (await native.run(inputs, fetches as never)) as Record<string, OrtTensor>;
        const results: Record<string, NdArray> = {};
        for (const [name, value] of Object.entries(outputs)) {
          const target = writes[name];
          const block = blocks[name];
          if (block !== undefined) writeBlock(state(block.state).current, value, block.axis, position);
          else if (target === undefined) results[name] = fromOrt(value);
          else if (!canReuse) replaceState(state(target), value, parts[name]);
        }
        // What was written into is in `outputs` too, as a copy, which is left to the garbage collector.
        if (canReuse) for (const name of swapped) swap(state(name));
        return results;
      },
      close: async () => {
        if (isClosed) return;
        isClosed = true;
        sessions.delete(session);
        await native.release();
      },
    };
    sessions.add(session);
    return session;
  };

  return {
    device,
    load,
    setState: async (name, value, { transfer = false } = {}) => {
      const old = states.get(name);
      const current = toOrt(ort, transfer ? value : copyOf(value));
      states.set(name, { current: onGpu ? await move(current, "gpu-buffer") : current, spare: undefined });
      if (old !== undefined) release(old);
    },
    getState: async (name) => {
      const { current } = state(name);
      return copyOf(fromOrt(onGpu ? await move(current, "cpu") : current));
    },
    deleteState: async (name) => {
      const old = states.get(name);
      if (old !== undefined) release(old);
      states.delete(name);
    },
    ...(onGpu
      ? {}
      : {
          update: async (step, names) => {
            const vectors = Object.entries(names).map(([vector, name]) => [vector, state(name).current.data]);
            return updateOnHost(step, Object.fromEntries(vectors) as OptimizerVectors);
          },
        }),
    close: async () => {
      for (const session of [...sessions]) await session.close();
      for (const old of states.values()) release(old);
      states.clear();
      for (const mover of movers.values()) await (await mover).release();
      movers.clear();
    },
  };
}

function saveOptions(
  path: string,
  { extra }: InferenceSession.SessionOptions,
): InferenceSession.SessionOptions {
  const saving = {
    optimized_model_external_initializers_file_name: savedWeightsFile,
    optimized_model_external_initializers_min_size_in_bytes: "1024",
  };
  const session = { ...(extra?.session as Record<string, unknown> | undefined), ...saving };
  return { optimizedModelFilePath: path, extra: { ...extra, session } };
}

/** Gives the buffer that is to be written over, as large as the state. */
function spareOf(ort: Ort, target: State): OrtTensor {
  const { type, data, dims } = target.current;
  target.spare ??= toOrt(ort, {
    dtype: type as DType,
    shape: dims,
    data: data.slice() as NdArray["data"],
  });
  return target.spare;
}

function swap(target: State): void {
  [target.current, target.spare] = [target.spare!, target.current];
}

/** Sets a new value of a state, or of a part of it. */
function replaceState(target: State, value: OrtTensor, part: StatePart | undefined): void {
  if (part !== undefined) {
    (target.current.data as Float32Array).set(value.data as Float32Array, part.offset);
    value.dispose();
    return;
  }
  target.current.dispose();
  target.current = value;
}

/** Writes a value into a tensor that differs from it along one axis alone, from `position` on. @throws RangeError beyond it. */
function writeBlock(target: OrtTensor, value: OrtTensor, axis: number, position: number): void {
  const [length, count] = [target.dims[axis]!, value.dims[axis]!];
  const fits = value.dims.every((size, index) => index === axis || size === target.dims[index]);
  if (!fits || position < 0 || position + count > length)
    throw new RangeError(
      `runtime: a block [${value.dims}] does not fit at ${position} along axis ${axis} of a state [${target.dims}]`,
    );
  const inner = elementCount(target.dims.slice(axis + 1));
  const outer = elementCount(target.dims.slice(0, axis));
  const [to, from] = [target.data as Float32Array, value.data as Float32Array];
  for (let row = 0; row < outer; row++)
    to.set(from.subarray(row * count * inner, (row + 1) * count * inner), (row * length + position) * inner);
  value.dispose();
}

/** Gives a part of a flat tensor, in the same memory. */
function viewOf(ort: Ort, { type, data }: OrtTensor, { offset, shape }: StatePart): OrtTensor {
  const length = elementCount(shape);
  const values = (data as Float32Array).subarray(offset, offset + length);
  return toOrt(ort, { dtype: type as DType, shape, data: values });
}

function identityModel(dtype: DType, rank: number): Uint8Array {
  const x = input("x", { dtype, shape: Array.from({ length: rank }, (_, axis) => `d${axis}`) });
  return emitOnnx({ inputs: new Map([["x", x]]), outputs: new Map([["y", x]]) });
}

function toOrt(ort: Ort, { dtype, data, shape }: NdArray): OrtTensor {
  return new ort.Tensor(dtype as "float32", data as Float32Array, shape);
}

function fromOrt({ type, data, dims }: OrtTensor): NdArray {
  // Newer JavaScript engines have a Float16Array, which ONNX Runtime then returns: the bits are the same.
  const values = data as NdArray["data"];
  const bits = type === "float16" && !(values instanceof Uint16Array);
  return {
    dtype: type as DType,
    shape: [...dims],
    data: bits ? new Uint16Array(values.buffer, values.byteOffset, values.length) : values,
  };
}

function copyOf(value: NdArray): NdArray {
  return { ...value, data: (value.data as Float32Array).slice() };
}
