// The stack machine that a pickle runs on: its bytes and the place in them, the stack with its marks, the memo, and what
// opcodes do with them. Every step is bounded, see pickle-budget.ts, and everything that is not as it must be is refused.

import { FormatError } from "../errors.ts";
import { printable } from "../printable.ts";
import { createPickleBudget, type PickleBudget } from "./pickle-budget.ts";

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

const newestProtocol = 5;
const maxDepthOfMarks = 1000;
const decoder = new TextDecoder();

/** A pickle that is being read; every method throws FormatError. */
export class PickleMachine {
  /** Number of bytes read. */
  position = 0;
  private startOfOpcode = 0;
  private readonly view: DataView;
  private readonly memo: unknown[] = []; // of any index: an array hashes those with a secret where they are sparse
  private memoSize = 0;
  private readonly marks: number[] = [];
  private readonly stack: unknown[] = [];
  private readonly budget: PickleBudget;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly options: UnpickleOptions,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.budget = createPickleBudget(bytes.length, (what) => this.refuse(what));
  }

  refuse(what: string): never {
    throw new FormatError(this.options.format, `pickle ${what}`, { offset: this.startOfOpcode });
  }

  // Bytes

  nextOpcode(): number {
    this.startOfOpcode = this.position;
    const opcode = this.byte();
    this.budget.step(opcode, this.stack.length);
    return opcode;
  }

  /** Passes over bytes; returns where they begin. */
  skip(size: number): number {
    if (size > this.bytes.length - this.position) this.refuse("is cut short");
    this.position += size;
    return this.position - size;
  }

  byte(): number {
    return this.view.getUint8(this.skip(1));
  }

  uint16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  int32(): number {
    return this.view.getInt32(this.skip(4), true);
  }

  uint64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  float64(): number {
    return this.view.getFloat64(this.skip(8));
  }

  take(size: number): Uint8Array {
    return this.bytes.subarray(this.skip(size), this.position);
  }

  text(size: number): string {
    return decoder.decode(this.take(size));
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) return this.refuse("is cut short");
    const result = this.text(end - this.position);
    this.position++;
    return result;
  }

  checkProtocol(protocol: number): void {
    if (protocol > newestProtocol) this.refuse("is of an unknown protocol");
  }

  // The stack: values below the last mark belong to what encloses them.

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    this.checkNotEmpty();
    return this.stack.pop();
  }

  top(): unknown {
    this.checkNotEmpty();
    return this.stack.at(-1);
  }

  mark(): void {
    if (this.marks.length === maxDepthOfMarks) this.refuse("is nested too deep");
    this.marks.push(this.stack.length);
  }

  popToMark(): unknown[] {
    const mark = this.marks.pop();
    return mark === undefined ? this.refuse("lacks a mark") : this.stack.splice(mark);
  }

  popTuple(size: number): unknown[] {
    return Array.from({ length: size }, () => this.pop()).reverse();
  }

  /** The value that is left when the pickle stops. */
  result(): unknown {
    if (this.stack.length !== 1 || this.marks.length > 0) this.refuse("does not end in one value");
    return this.stack[0];
  }

  private checkNotEmpty(): void {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.refuse("takes a value that is not there");
  }

  // The memo

  memoize(index = this.memoSize): void {
    if (!(index in this.memo)) this.memoSize++;
    this.memo[index] = this.top();
  }

  recall(index: number): void {
    if (!(index in this.memo)) this.refuse(`recalls value ${index}, which it never stored`);
    this.push(this.memo[index]);
  }

  // Containers

  /** Puts keys and values, in turn, into a dict. */
  setItems(target: unknown, items: readonly unknown[]): unknown {
    if (!(target instanceof Map) || items.length % 2 !== 0) this.refuse("sets items of what is no dict");
    for (let i = 0; i < items.length; i += 2) {
      this.budget.key(items[i]);
      target.set(items[i], items[i + 1]);
    }
    return target;
  }

  addItems(target: unknown, items: readonly unknown[]): unknown {
    if (!(target instanceof Set)) this.refuse("adds to what is no set");
    for (const item of items) {
      this.budget.key(item);
      target.add(item);
    }
    return target;
  }

  append(target: unknown, items: readonly unknown[]): void {
    if (!Array.isArray(target)) this.refuse("appends to what is no list");
    for (const item of items) target.push(item);
  }

  // Globals and objects

  pushGlobal(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string")
      this.refuse("names a global by what is no text");
    const path = `${module}.${name}`;
    const value = this.options.globals.get(path);
    if (value === undefined) {
      const what = `the pickle asks for ${printable(path)}, which is not allowed`;
      const hint = "only tensors and plain values are read: save the state dict alone";
      throw new FormatError(this.options.format, what, { offset: this.startOfOpcode, hint });
    }
    this.push(value);
  }

  pushPersistent(id: unknown): void {
    this.push(this.options.persistentLoad(id));
  }

  call(callable: unknown, args: unknown): void {
    if (typeof callable !== "function" || !Array.isArray(args)) this.refuse("calls what is no function");
    for (const value of args) this.budget.handOver(value);
    this.push((callable as PickleCallable)(args));
  }

  /** Attributes go to an object without prototype; those of a dict (a state dict's _metadata) are dropped. */
  build(target: unknown, state: unknown): void {
    if (target instanceof Map && state instanceof Map) return;
    this.budget.handOver(state);
    if (this.options.setState?.(target, state)) return;
    if (!isBareObject(target) || !(state instanceof Map)) this.refuse("gives attributes to what has none");
    for (const [key, value] of state) {
      if (typeof key !== "string") this.refuse("names an attribute by what is no text");
      target[key] = value;
    }
  }
}

function isBareObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}
