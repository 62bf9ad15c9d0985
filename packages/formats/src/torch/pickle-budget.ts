// What one pickle may cost, in proportion to its bytes: a byte of a pickle makes a container or a value, three hand a
// long list to a callable once more, and numbers can be chosen so that JavaScript's hash, which has no secret for
// them, puts all in one place, where each new key is compared with every other.

const maxStack = 1_000_000;
const maxContainers = 500_000; // a container takes 200 bytes here
const maxNumberKeys = 2 ** 15;
const fewItems = 64;

export interface PickleBudget {
  /** Before every opcode. */
  step(opcode: number, stackLength: number): void;
  /** Before a key is put into a dict or a set. */
  key(key: unknown): void;
  /** Before a callable or an object takes a value, which it may copy or use as keys. */
  handOver(value: unknown): void;
}

/** The budget of a pickle of `byteLength` bytes; `refuse` throws. */
export function createPickleBudget(byteLength: number, refuse: (what: string) => never): PickleBudget {
  let containers = 0;
  let handedOver = 0;
  let numberKeys = 0;
  const key = (value: unknown): void => {
    if ((typeof value === "number" || typeof value === "bigint") && ++numberKeys > maxNumberKeys)
      refuse(`has more than ${maxNumberKeys} numbers as keys`);
  };
  return {
    step: (opcode, stackLength) => {
      if (stackLength > maxStack) refuse(`has more than ${maxStack} values at once`);
      if (containerOpcodes.has(opcode) && ++containers > maxContainers)
        refuse(`makes more than ${maxContainers} containers`);
    },
    key,
    handOver: (value) => {
      const size = sizeOf(value);
      handedOver += size;
      // What a pickle has once it can hand over again and again.
      if (handedOver > 2 * byteLength + 1000) refuse("handles values more often than it has them");
      if (size <= fewItems || typeof value === "string" || value instanceof Uint8Array) return;
      // A list may hold pairs for a dict.
      for (const item of value instanceof Map ? value.keys() : (value as Iterable<unknown>))
        key(Array.isArray(item) ? item[0] : item);
    },
  };
}

/** EMPTY_LIST, EMPTY_TUPLE, EMPTY_DICT, EMPTY_SET, LIST, TUPLE, TUPLE1 to TUPLE3, FROZENSET, DICT, REDUCE, NEWOBJ. */
const containerOpcodes = new Set([
  ...[0x5d, 0x29, 0x7d, 0x8f, 0x6c, 0x74, 0x85, 0x86, 0x87, 0x91, 0x64, 0x52, 0x81],
]);

function sizeOf(value: unknown): number {
  if (Array.isArray(value) || typeof value === "string" || value instanceof Uint8Array) return value.length;
  return value instanceof Map || value instanceof Set ? value.size : 1;
}
