// Checkpoints of PyTorch opcode by opcode, for tests that need one that PyTorch would never write: each function gives
// the opcodes, as text of one byte per character, that push one value.

import { type Zippable, zipSync } from "fflate";

export const latin1 = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
export const text = (value: string) => `U${String.fromCharCode(value.length)}${value}`;
export const integer = (value: number) =>
  `J${String.fromCharCode(...new Uint8Array(Int32Array.of(value).buffer))}`;
export const tuple = (...values: readonly string[]) => `(${values.join("")}t`;
export const sizes = (...values: readonly number[]) => tuple(...values.map(integer));
export const global = (path: string) => {
  const dot = path.lastIndexOf(".");
  return `c${path.slice(0, dot)}\n${path.slice(dot + 1)}\n`;
};
export const call = (path: string, ...args: readonly string[]) => `${global(path)}${tuple(...args)}R`;

/** A storage by its persistent id. */
export const storage = (name = "FloatStorage", length = 4, key = "0", ...more: readonly string[]) =>
  `${tuple(text("storage"), global(`torch.${name}`), text(key), text("cpu"), integer(length), ...more)}Q`;

export const tensor = (
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
  from: string = storage(),
) =>
  call(
    "torch._utils._rebuild_tensor_v2",
    from,
    integer(offset),
    sizes(...shape),
    sizes(...strides),
    "\x89",
    "N",
  );

/** An archive of data.pkl, the storage 0 of the float32 1, 2, 3, 4, and more files. */
export function checkpointOf(pickle: string, files: Zippable = {}): Uint8Array {
  const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  return zipSync({ "m/data.pkl": latin1(pickle), "m/data/0": data, ...files }, { level: 0 });
}
