/**
 * A model in ONNX Runtime, bound to the states that it reads and writes.
 */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import type { NdArray } from "../tensor.ts";
import type { OrtStates } from "./ort-states.ts";
import { fromOrt, type Ort, type OrtOptions, toOrt, viewOf } from "./ort-tensors.ts";
import type { Device, LoadOptions, NdArrays } from "./runtime.ts";

/** Name of the file beside a saved model that has its weights, which are mapped to memory when it is loaded. */
export const savedWeightsFile = "weights.bin";

/** Loads a model, by its bytes or its path. */
export function createNativeSession(
  ort: Ort,
  model: Uint8Array | string,
  { device, session: sessionOptions }: OrtOptions,
  { writes = {}, externalData, threads, saveTo, checksum }: LoadOptions,
): Promise<InferenceSession> {
  const written = Object.keys(writes);
  const locations = Object.fromEntries(written.map((output) => [output, "gpu-buffer" as const]));
  // The native runtime reads external data beside the model's path alone; onnxruntime-web takes it as a blob.
  const files = externalData && [{ path: externalData.location, data: new Blob([...externalData.parts]) }];
  return ort.InferenceSession.create(model as string, {
    ...sessionOptions,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(saveTo !== undefined && saveOptions(saveTo, sessionOptions)),
    ...(checksum !== undefined && { graphOptimizationLevel: "disabled" as const }),
    ...(files && { externalData: files }),
    ...(device === "webgpu" ? { preferredOutputLocation: locations } : {}),
    // A plan of all memory is made by the first run and allocated beside what that run left: training would hold both.
    ...(written.length > 0 ? { enableMemPattern: false } : {}),
  });
}

/**
 * The runs of a loaded model: feeds in, the outputs that are no state out. Blocks of states are written from `position` on.
 * @throws Error for blocks on a GPU; the run throws RangeError for a block that does not fit.
 */
export function bindSession(
  ort: Ort,
  native: InferenceSession,
  states: OrtStates,
  device: Device,
  { reads = [], writes = {}, parts = {}, blocks = {} }: LoadOptions,
): (feeds: NdArrays, position: number) => Promise<Record<string, NdArray>> {
  if (device === "webgpu" && Object.keys(blocks).length > 0)
    throw new Error("runtime: blocks of states are written in main memory alone");
  // The native runtime writes into buffers that it is given; onnxruntime-web leaves them as they are.
  const canReuse = device === "cpu" || device === "cuda";
  // A state that is read while it is written needs a second buffer.
  const written = new Set(Object.values(writes));
  const readStates = new Set(reads.map((name) => parts[name]?.state ?? name));
  const swapped = new Set([...readStates].filter((name) => written.has(name)));
  const partOf = (name: string, value: OrtTensor) => (parts[name] ? viewOf(ort, value, parts[name]) : value);
  const targetOf = (output: string, state: string) =>
    partOf(output, swapped.has(state) ? states.spare(state) : states.get(state).current);

  return async (feeds, position) => {
    const inputs: Record<string, OrtTensor> = {};
    for (const name of reads) inputs[name] = partOf(name, states.get(parts[name]?.state ?? name).current);
    for (const [name, value] of Object.entries(feeds)) inputs[name] = toOrt(ort, value);
    const fetches: Record<string, OrtTensor | null> = {};
    for (const name of native.outputNames) {
      const state = writes[name];
      fetches[name] = canReuse && state !== undefined ? targetOf(name, state) : null;
    }
    const outputs = (await native.run(inputs, fetches as never)) as Record<string, OrtTensor>;
    const results: Record<string, NdArray> = {};
    for (const [name, value] of Object.entries(outputs)) {
      const state = writes[name];
      const block = blocks[name];
      if (block !== undefined) states.writeBlock(block.state, value, block.axis, position);
      else if (state === undefined) results[name] = fromOrt(value);
      else if (!canReuse) states.replace(state, value, parts[name]);
    }
    // What was written into is in `outputs` too, as a copy, which is left to the garbage collector.
    if (canReuse) for (const name of swapped) states.swap(name);
    return results;
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
