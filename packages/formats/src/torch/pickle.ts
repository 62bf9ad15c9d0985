// A reader for Python pickles that executes nothing: it knows the opcodes that build plain values (protocols 2 to 5,
// https://github.com/python/cpython/blob/main/Lib/pickletools.py) and calls only what its caller has allowed by name.
//
// Only an allowed callable can make an object, and only one without prototype takes attributes, so that no pickle
// changes what the caller made.
//
//   dict -> Map, list and tuple -> array, set -> Set, int -> number (bigint beyond 2^53), bytes -> Uint8Array

import { FormatError } from "../errors.ts";
import { printable } from "../printable.ts";
import { createPickleBudget } from "./pickle-budget.ts";

export type PickleCallable = (args: readonly unknown[]) => unknown;

/** What a pickle may name: a function that stands for the Python callable, or a plain value for a class or constant. */
export interface PickleGlobals {
  /** By "module.name"; undefined for what is not allowed. May throw a FormatError that says more of it. */
  get(path: string): PickleCallable | object | string | undefined;
}

export interface UnpickleOptions {
  /** Named in errors. */
  format: string;
  globals: PickleGlobals;
  /** Resolves a persistent id, which stands for data outside the pickle. */
  persistentLoad: (id: unknown) => unknown;
  /** Gives an object that a callable made the state that BUILD has for it; false where it is none of them. */
  setState?: (target: unknown, state: unknown) => boolean;
}

const maxDepthOfMarks = 1000;

/** Reads one pickle. Throws FormatError, which names whatever is not allowed. */
export function unpickle(bytes: Uint8Array, options: UnpickleOptions): unknown {
  return readPickle(bytes, options).value;
}

/** Reads the pickle that bytes begin with; `end` is one past its last byte. Throws FormatError. */
export function readPickle(bytes: Uint8Array, options: UnpickleOptions): { value: unknown; end: number } {
  const { format, globals, persistentLoad, setState } = options;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const memo: unknown[] = []; // of any index: an array hashes those with a secret where they are sparse
  let memoSize = 0;
  const marks: number[] = [];
  const stack: unknown[] = [];
  const decoder = new TextDecoder();
  let position = 0;
  let start = 0;

  const refuse: (what: string) => never = (what) => {
    throw new FormatError(format, `pickle ${what}`, { offset: start });
  };
  const budget = createPickleBudget(bytes.length, refuse);
  const skip = (size: number): number => {
    if (size > bytes.length - position) refuse("is cut short");
    position += size;
    return position - size;
  };
  const byte = () => view.getUint8(skip(1));
  const uint32 = () => view.getUint32(skip(4), true);
  const length64 = () => Number(view.getBigUint64(skip(8), true));
  const take = (size: number) => bytes.subarray(skip(size), position);
  const text = (size: number) => decoder.decode(take(size));
  const line = (): string => {
    const end = bytes.indexOf(0x0a, position);
    if (end < 0) return refuse("is cut short");
    const result = text(end - position);
    position++;
    return result;
  };

  // Values below the last mark belong to what encloses them.
  const floor = () => marks.at(-1) ?? 0;
  const pop = (): unknown =>
    stack.length > floor() ? stack.pop() : refuse("takes a value that is not there");
  const top = (): unknown =>
    stack.length > floor() ? stack.at(-1) : refuse("takes a value that is not there");
  const popToMark = (): unknown[] => {
    const mark = marks.pop();
    return mark === undefined ? refuse("lacks a mark") : stack.splice(mark);
  };
  const popTuple = (size: number): unknown[] => {
    const values = Array.from({ length: size }, pop);
    return values.reverse();
  };
  const setItems = (target: unknown, items: readonly unknown[]): void => {
    if (!(target instanceof Map) || items.length % 2 !== 0) refuse("sets items of what is no dict");
    for (let i = 0; i < items.length; i += 2) {
      budget.key(items[i]);
      target.set(items[i], items[i + 1]);
    }
  };
  const addItems = (target: unknown, items: readonly unknown[]): void => {
    if (!(target instanceof Set)) refuse("adds to what is no set");
    for (const item of items) {
      budget.key(item);
      target.add(item);
    }
  };
  const append = (target: unknown, items: readonly unknown[]): void => {
    if (!Array.isArray(target)) refuse("appends to what is no list");
    for (const item of items) target.push(item);
  };
  const memoize = (index: number): void => {
    if (!(index in memo)) memoSize++;
    memo[index] = top();
  };
  const recall = (index: number): void => {
    if (!(index in memo)) refuse(`recalls value ${index}, which it never stored`);
    stack.push(memo[index]);
  };
  const findGlobal = (module: unknown, name: unknown): void => {
    if (typeof module !== "string" || typeof name !== "string") refuse("names a global by what is no text");
    const path = `${module}.${name}`;
    const value = globals.get(path);
    if (value === undefined) {
      const what = `the pickle asks for ${printable(path)}, which is not allowed`;
      const hint = "only tensors and plain values are read: save the state dict alone";
      throw new FormatError(format, what, { offset: start, hint });
    }
    stack.push(value);
  };
  const call = (callable: unknown, args: unknown): void => {
    if (typeof callable !== "function" || !Array.isArray(args)) refuse("calls what is no function");
    for (const value of args) budget.handOver(value);
    stack.push((callable as PickleCallable)(args));
  };
  /** Attributes go to an object without prototype; those of a dict (a state dict's _metadata) are dropped. */
  const build = (target: unknown, state: unknown): void => {
    if (target instanceof Map && state instanceof Map) return;
    budget.handOver(state);
    if (setState?.(target, state)) return;
    if (!isBareObject(target) || !(state instanceof Map)) refuse("gives attributes to what has none");
    for (const [key, value] of state) {
      if (typeof key !== "string") refuse("names an attribute by what is no text");
      target[key] = value;
    }
  };

  for (;;) {
    start = position;
    const opcode = byte();
    budget.step(opcode, stack.length);
    switch (opcode) {
      case 0x80: // PROTO
        if (byte() > 5) refuse("is of an unknown protocol");
        break;
      case 0x95: // FRAME
        skip(8);
        break;
      case 0x2e: // STOP
        if (stack.length !== 1 || marks.length > 0) refuse("does not end in one value");
        return { value: stack[0], end: position };
      case 0x28: // MARK
        if (marks.length === maxDepthOfMarks) refuse("is nested too deep");
        marks.push(stack.length);
        break;
      case 0x30: // POP
        pop();
        break;
      case 0x31: // POP_MARK
        popToMark();
        break;
      case 0x32: // DUP
        stack.push(top());
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
        stack.push(true);
        break;
      case 0x89: // NEWFALSE
        stack.push(false);
        break;
      case 0x4a: // BININT
        stack.push(view.getInt32(skip(4), true));
        break;
      case 0x4b: // BININT1
        stack.push(byte());
        break;
      case 0x4d: // BININT2
        stack.push(view.getUint16(skip(2), true));
        break;
      case 0x8a: // LONG1
        stack.push(decodeInteger(take(byte())));
        break;
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(skip(8)));
        break;
      case 0x58: // BINUNICODE
        stack.push(text(uint32()));
        break;
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
        stack.push(text(byte()));
        break;
      case 0x8d: // BINUNICODE8
        stack.push(text(length64()));
        break;
      case 0x42: // BINBYTES
        stack.push(new Uint8Array(take(uint32())));
        break;
      case 0x43: // SHORT_BINBYTES
        stack.push(new Uint8Array(take(byte())));
        break;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        stack.push(new Uint8Array(take(length64())));
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        break;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        break;
      case 0x8f: // EMPTY_SET
        stack.push(new Set());
        break;
      case 0x6c: // LIST
      case 0x74: // TUPLE
        stack.push(popToMark());
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(popTuple(opcode - 0x84));
        break;
      case 0x91: {
        // FROZENSET
        const items = popToMark();
        const set = new Set();
        addItems(set, items);
        stack.push(set);
        break;
      }
      case 0x64: {
        // DICT
        const items = popToMark();
        const dict = new Map();
        setItems(dict, items);
        stack.push(dict);
        break;
      }
      case 0x61: {
        // APPEND
        const item = pop();
        append(top(), [item]);
        break;
      }
      case 0x65: {
        // APPENDS
        const items = popToMark();
        append(top(), items);
        break;
      }
      case 0x73: {
        // SETITEM
        const item = popTuple(2);
        setItems(top(), item);
        break;
      }
      case 0x75: {
        // SETITEMS
        const items = popToMark();
        setItems(top(), items);
        break;
      }
      case 0x90: {
        // ADDITEMS
        const items = popToMark();
        addItems(top(), items);
        break;
      }
      case 0x71: // BINPUT
        memoize(byte());
        break;
      case 0x72: // LONG_BINPUT
        memoize(uint32());
        break;
      case 0x94: // MEMOIZE
        memoize(memoSize);
        break;
      case 0x68: // BINGET
        recall(byte());
        break;
      case 0x6a: // LONG_BINGET
        recall(uint32());
        break;
      case 0x63: // GLOBAL
        findGlobal(line(), line());
        break;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = popTuple(2);
        findGlobal(module, name);
        break;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callable, args] = popTuple(2);
        call(callable, args);
        break;
      }
      case 0x62: {
        // BUILD
        const state = pop();
        build(top(), state);
        break;
      }
      case 0x51: // BINPERSID
        stack.push(persistentLoad(pop()));
        break;
      default:
        refuse(`opcode 0x${opcode.toString(16).padStart(2, "0")} is not allowed`);
    }
  }
}

/** Two's complement, little-endian. */
function decodeInteger(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  value = BigInt.asIntN(bytes.length * 8, value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function isBareObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}
