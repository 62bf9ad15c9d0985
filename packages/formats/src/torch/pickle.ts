// A reader for Python pickles that executes nothing: it knows the opcodes that build plain values (protocols 2 to 5,
// https://github.com/python/cpython/blob/main/Lib/pickletools.py) and calls only what its caller has allowed by name.
//
// Only an allowed callable can make an object, and only one without prototype takes attributes, so that no pickle
// changes what the caller made.
//
//   dict -> Map, list and tuple -> array, set -> Set, int -> number (bigint beyond 2^53), bytes -> Uint8Array

import { PickleMachine, type UnpickleOptions } from "./pickle-machine.ts";

/** Reads one pickle. Throws FormatError, which names whatever is not allowed. */
export function unpickle(bytes: Uint8Array, options: UnpickleOptions): unknown {
  return readPickle(bytes, options).value;
}

/** Reads the pickle that bytes begin with; `end` is one past its last byte. Throws FormatError. */
export function readPickle(bytes: Uint8Array, options: UnpickleOptions): { value: unknown; end: number } {
  const machine = new PickleMachine(bytes, options);
  for (;;) {
    const opcode = machine.nextOpcode();
    if (opcode === stop) return { value: machine.result(), end: machine.position };
    const operation = operations[opcode];
    if (operation === undefined)
      return machine.refuse(`opcode 0x${opcode.toString(16).padStart(2, "0")} is not allowed`);
    operation(machine);
  }
}

const stop = 0x2e;

type Operation = (machine: PickleMachine) => void;

/** What each opcode does; the names are pickletools'. */
const operationsByName: readonly (readonly [opcode: number, name: string, operation: Operation])[] = [
  [0x80, "PROTO", (m) => m.checkProtocol(m.byte())],
  [0x95, "FRAME", (m) => m.skip(8)],
  [0x28, "MARK", (m) => m.mark()],
  [0x30, "POP", (m) => m.pop()],
  [0x31, "POP_MARK", (m) => m.popToMark()],
  [0x32, "DUP", (m) => m.push(m.top())],
  [0x4e, "NONE", (m) => m.push(null)],
  [0x88, "NEWTRUE", (m) => m.push(true)],
  [0x89, "NEWFALSE", (m) => m.push(false)],
  [0x4a, "BININT", (m) => m.push(m.int32())],
  [0x4b, "BININT1", (m) => m.push(m.byte())],
  [0x4d, "BININT2", (m) => m.push(m.uint16())],
  [0x8a, "LONG1", (m) => m.push(decodeInteger(m.take(m.byte())))],
  [0x47, "BINFLOAT", (m) => m.push(m.float64())],
  [0x58, "BINUNICODE", (m) => m.push(m.text(m.uint32()))],
  [0x8c, "SHORT_BINUNICODE", (m) => m.push(m.text(m.byte()))],
  [0x55, "SHORT_BINSTRING", (m) => m.push(m.text(m.byte()))],
  [0x8d, "BINUNICODE8", (m) => m.push(m.text(m.uint64()))],
  [0x42, "BINBYTES", (m) => m.push(new Uint8Array(m.take(m.uint32())))],
  [0x43, "SHORT_BINBYTES", (m) => m.push(new Uint8Array(m.take(m.byte())))],
  [0x8e, "BINBYTES8", (m) => m.push(new Uint8Array(m.take(m.uint64())))],
  [0x96, "BYTEARRAY8", (m) => m.push(new Uint8Array(m.take(m.uint64())))],
  [0x5d, "EMPTY_LIST", (m) => m.push([])],
  [0x29, "EMPTY_TUPLE", (m) => m.push([])],
  [0x7d, "EMPTY_DICT", (m) => m.push(new Map())],
  [0x8f, "EMPTY_SET", (m) => m.push(new Set())],
  [0x6c, "LIST", (m) => m.push(m.popToMark())],
  [0x74, "TUPLE", (m) => m.push(m.popToMark())],
  [0x85, "TUPLE1", (m) => m.push(m.popTuple(1))],
  [0x86, "TUPLE2", (m) => m.push(m.popTuple(2))],
  [0x87, "TUPLE3", (m) => m.push(m.popTuple(3))],
  [0x91, "FROZENSET", (m) => m.push(m.addItems(new Set(), m.popToMark()))],
  [0x64, "DICT", (m) => m.push(m.setItems(new Map(), m.popToMark()))],
  [0x61, "APPEND", (m) => withTop(m, [m.pop()], m.append)],
  [0x65, "APPENDS", (m) => withTop(m, m.popToMark(), m.append)],
  [0x73, "SETITEM", (m) => withTop(m, m.popTuple(2), m.setItems)],
  [0x75, "SETITEMS", (m) => withTop(m, m.popToMark(), m.setItems)],
  [0x90, "ADDITEMS", (m) => withTop(m, m.popToMark(), m.addItems)],
  [0x71, "BINPUT", (m) => m.memoize(m.byte())],
  [0x72, "LONG_BINPUT", (m) => m.memoize(m.uint32())],
  [0x94, "MEMOIZE", (m) => m.memoize()],
  [0x68, "BINGET", (m) => m.recall(m.byte())],
  [0x6a, "LONG_BINGET", (m) => m.recall(m.uint32())],
  [0x63, "GLOBAL", (m) => m.pushGlobal(m.line(), m.line())],
  [0x93, "STACK_GLOBAL", (m) => withPair(m, m.pushGlobal)],
  [0x52, "REDUCE", (m) => withPair(m, m.call)],
  [0x81, "NEWOBJ", (m) => withPair(m, m.call)],
  [0x62, "BUILD", (m) => withTop(m, m.pop(), m.build)],
  [0x51, "BINPERSID", (m) => m.pushPersistent(m.pop())],
];

const operations: readonly (Operation | undefined)[] = (() => {
  const byOpcode = new Array<Operation | undefined>(256).fill(undefined);
  for (const [opcode, , operation] of operationsByName) byOpcode[opcode] = operation;
  return byOpcode;
})();

/** Does something with the value that is on top once `items` have been taken off, and leaves it there. */
function withTop<T>(
  machine: PickleMachine,
  items: T,
  change: (this: PickleMachine, target: unknown, items: T) => void,
): void {
  change.call(machine, machine.top(), items);
}

/** Takes two values, and does something with them. */
function withPair(
  machine: PickleMachine,
  use: (this: PickleMachine, first: unknown, second: unknown) => void,
): void {
  const [first, second] = machine.popTuple(2);
  use.call(machine, first, second);
}

/** Two's complement, little-endian. */
function decodeInteger(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  value = BigInt.asIntN(bytes.length * 8, value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
