/**
 * The arithmetic of AdamW as a WebAssembly function, four numbers at a time, assembled here from its opcodes
 * (WebAssembly core specification 2.0, chapter 5): JavaScript has no vector instructions, and takes three times as long.
 *
 * Its memory holds a block of each vector, which the caller copies in and out; a block stays in the processor's cache.
 */

/** Number of values of a block. */
export const blockLength = 16384;

/** The vectors of a block, in the order in which they lie in memory. */
const vectors = ["gradient", "firstMoment", "secondMoment", "parameters"] as const;
/** The arguments of the function after the number of bytes, float32 each. */
const factors = [
  "clip",
  "beta1",
  "oneMinusBeta1",
  "beta2",
  "oneMinusBeta2",
  "decay",
  "stepSize",
  "scale",
  "epsilon",
] as const;

/** A block of each vector, [blockLength] each. */
export type AdamWBlock = Readonly<Record<(typeof vectors)[number], Float32Array>>;
/** The numbers of a step, as the function takes them. */
export type AdamWFactors = Readonly<Record<(typeof factors)[number], number>>;

/** The function and its memory. */
export interface AdamWKernel {
  /** Views of the memory, [blockLength] each. */
  readonly block: AdamWBlock;
  /** Updates the first `length` numbers of the block; more may be overwritten. */
  run(length: number, values: AdamWFactors): void;
}

/** Compiles the function. */
export function createAdamWKernel(): AdamWKernel {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembleModule()));
  const { buffer } = exports.memory as WebAssembly.Memory;
  const update = exports.update as (...values: number[]) => void;
  const views = vectors.map((name, i) => [name, new Float32Array(buffer, 4 * blockLength * i, blockLength)]);
  return {
    block: Object.fromEntries(views),
    run: (length, values) => update(4 * length, ...factors.map((name) => values[name])),
  };
}

type Code = readonly number[];

const types = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
const getLocal = (local: number): Code => [0x20, local];
const setLocal = (local: number, value: Code): Code => [...value, 0x21, local];
const vectorOperation =
  (code: number) =>
  (...operands: Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(code)];
const [splat, sqrt, add] = [vectorOperation(0x13), vectorOperation(0xe3), vectorOperation(0xe4)];
const [sub, mul, div] = [vectorOperation(0xe5), vectorOperation(0xe6), vectorOperation(0xe7)];

/** Locals: the number of bytes and the factors, which are parameters; the factors four times; offset, g, m, v. */
const locals = { bytes: 0, wide: factors.length, offset: 2 * factors.length + 1 };
const [gradient, first, second] = [1, 2, 3].map((i) => locals.offset + i) as [number, number, number];

function address(name: keyof AdamWBlock): Code {
  return [4, ...unsigned(4 * blockLength * vectors.indexOf(name))]; // aligned to 2^4 bytes
}
const load = (name: keyof AdamWBlock): Code => [...getLocal(locals.offset), 0xfd, 0, ...address(name)];
const store = (name: keyof AdamWBlock, value: Code): Code => [
  ...[...getLocal(locals.offset), ...value, 0xfd, 0x0b],
  ...address(name),
];
const factor = (name: keyof AdamWFactors): Code => getLocal(locals.wide + 1 + factors.indexOf(name));

function assembleUpdate(): Code {
  const [g, m, v] = [getLocal(gradient), getLocal(first), getLocal(second)];
  const moved = div(mul(m, factor("stepSize")), add(mul(sqrt(v), factor("scale")), factor("epsilon")));
  const body = [
    ...factors.flatMap((_, i) => setLocal(locals.wide + 1 + i, splat(getLocal(1 + i)))),
    ...[0x03, 0x40], // loop
    ...setLocal(gradient, mul(load("gradient"), factor("clip"))),
    ...setLocal(first, add(mul(load("firstMoment"), factor("beta1")), mul(g, factor("oneMinusBeta1")))),
    ...setLocal(
      second,
      add(mul(load("secondMoment"), factor("beta2")), mul(mul(g, g), factor("oneMinusBeta2"))),
    ),
    ...[...store("firstMoment", m), ...store("secondMoment", v)],
    ...store("parameters", sub(mul(load("parameters"), factor("decay")), moved)),
    ...[...getLocal(locals.offset), 0x41, 16, 0x6a, 0x22, locals.offset], // offset += 16
    ...[...getLocal(locals.bytes), 0x48, 0x0d, 0, 0x0b, 0x0b], // again if offset < bytes
  ];
  const declared = [
    [factors.length, types.v128],
    [1, types.i32],
    [3, types.v128],
  ];
  return [...list(declared), ...body];
}

function assembleModule(): Uint8Array<ArrayBuffer> {
  const code = assembleUpdate();
  const signature = [0x60, ...list([[types.i32], ...factors.map(() => [types.f32])]), 0];
  const pages = (vectors.length * 4 * blockLength) / 65536;
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, list([signature])),
    ...section(3, list([[0]])),
    ...section(5, list([[0, pages]])),
    ...section(
      7,
      list([
        [...text("memory"), 2, 0],
        [...text("update"), 0, 0],
      ]),
    ),
    ...section(10, list([[...unsigned(code.length), ...code]])),
  ]);
}

const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const text = (value: string): Code => list([...value].map((letter) => [letter.charCodeAt(0)]));

/** Encodes an unsigned integer in LEB128. */
function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}
