/**
 * The states of a runtime over ONNX Runtime: tensors that stay on the device from run to run, by name.
 */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { emitOnnx } from "../onnx/emit.ts";
import { elementCount } from "../shape.ts";
import { type DType, input, type NdArray } from "../tensor.ts";
import { copyOf, fromOrt, type Ort, type OrtOptions, toOrt } from "./ort-tensors.ts";
import type { StatePart } from "./runtime.ts";

/** A state: the value that the next run reads, and the buffer of the value before, to be written over. */
interface State {
  current: OrtTensor;
  spare: OrtTensor | undefined;
}

/** All states of a runtime. Methods throw Error for a name that has none. */
export class OrtStates {
  private readonly states = new Map<string, State>();
  private readonly movers = new Map<string, Promise<InferenceSession>>();
  private readonly onGpu: boolean;

  constructor(
    private readonly ort: Ort,
    private readonly options: OrtOptions,
  ) {
    this.onGpu = options.device === "webgpu";
  }

  get(name: string): State {
    const found = this.states.get(name);
    if (found === undefined) throw new Error(`runtime: no state "${name}"`);
    return found;
  }

  /** Sets a state, which keeps the array's memory where the device can. */
  async set(name: string, value: NdArray): Promise<void> {
    const old = this.states.get(name);
    const current = toOrt(this.ort, value);
    this.states.set(name, {
      current: this.onGpu ? await this.move(current, "gpu-buffer") : current,
      spare: undefined,
    });
    if (old !== undefined) release(old);
  }

  /** Reads a state, as a copy. */
  async read(name: string): Promise<NdArray> {
    const { current } = this.get(name);
    return copyOf(fromOrt(this.onGpu ? await this.move(current, "cpu") : current));
  }

  /** Sets a new value of a state, or of a part of it, which was computed into a tensor of its own. */
  replace(name: string, value: OrtTensor, part: StatePart | undefined): void {
    const state = this.get(name);
    if (part !== undefined) {
      (state.current.data as Float32Array).set(value.data as Float32Array, part.offset);
      value.dispose();
      return;
    }
    state.current.dispose();
    state.current = value;
  }

  /**
   * Writes a tensor into a state that differs from it along one axis alone, from `position` on.
   * @throws RangeError beyond the state's end, or where the shapes do not fit.
   */
  writeBlock(name: string, value: OrtTensor, axis: number, position: number): void {
    const target = this.get(name).current;
    const [length, count] = [target.dims[axis]!, value.dims[axis]!];
    const fits = value.dims.every((size, index) => index === axis || size === target.dims[index]);
    if (!fits || position < 0 || position + count > length)
      throw new RangeError(
        `runtime: a block [${value.dims}] does not fit at ${position} along axis ${axis} of a state [${target.dims}]`,
      );
    const inner = elementCount(target.dims.slice(axis + 1));
    const outer = elementCount(target.dims.slice(0, axis));
    const [to, from] = [target.data as Float32Array, value.data as Float32Array];
    for (let row = 0; row < outer; row++) {
      const block = from.subarray(row * count * inner, (row + 1) * count * inner);
      to.set(block, (row * length + position) * inner);
    }
    value.dispose();
  }

  /** Gives the buffer of a state that is to be written over, as large as the state. */
  spare(name: string): OrtTensor {
    const state = this.get(name);
    const { type, data, dims } = state.current;
    state.spare ??= toOrt(this.ort, {
      dtype: type as DType,
      shape: dims,
      data: data.slice() as NdArray["data"],
    });
    return state.spare;
  }

  /** Makes what was written into the spare buffer the value. */
  swap(name: string): void {
    const state = this.get(name);
    [state.current, state.spare] = [state.spare!, state.current];
  }

  delete(name: string): void {
    const old = this.states.get(name);
    if (old !== undefined) release(old);
    this.states.delete(name);
  }

  async close(): Promise<void> {
    for (const old of this.states.values()) release(old);
    this.states.clear();
    for (const mover of this.movers.values()) await (await mover).release();
    this.movers.clear();
  }

  // Reading a GPU tensor directly aborts the process in onnxruntime-node 1.30; a session that copies does not. Its
  // tensors belong to it, so it stays open.
  private async move(value: OrtTensor, location: "cpu" | "gpu-buffer"): Promise<OrtTensor> {
    const key = `${value.type} ${value.dims.length} ${location}`;
    if (!this.movers.has(key)) {
      const model = identityModel(value.type as DType, value.dims.length);
      const options = { ...this.options.session, preferredOutputLocation: { y: location } };
      this.movers.set(key, this.ort.InferenceSession.create(model, options));
    }
    const { y } = (await (await this.movers.get(key)!).run({ x: value })) as { y: OrtTensor };
    return y;
  }
}

function release({ current, spare }: State): void {
  current.dispose();
  spare?.dispose();
}

function identityModel(dtype: DType, rank: number): Uint8Array {
  const x = input("x", { dtype, shape: Array.from({ length: rank }, (_, axis) => `d${axis}`) });
  return emitOnnx({ inputs: new Map([["x", x]]), outputs: new Map([["y", x]]) });
}
