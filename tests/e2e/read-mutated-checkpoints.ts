// Reads damaged copies of checkpoints - safetensors, torch.save's archives, archives of arrays - and reports as JSON how
// they ended, how long the slowest took, and the most that one reading allocated in buffers, in sizes of its file. A
// process of its own, as read-mutated-files.ts is. A case is its kind and seed, so that it can be repeated.
//
//   node --import tsx tests/e2e/read-mutated-checkpoints.ts <cases of each kind>

import { readFileSync } from "node:fs";
import { collectTensors, readNpz, readSafetensors, readTorchCheckpoint } from "@proteoscope/formats";
import { mutateBytes } from "../../packages/formats/src/testing/mutate.ts";

const fixture = (path: string) => readFileSync(new URL(`../../packages/${path}`, import.meta.url));
const models = (path: string) => fixture(`models/src/fixtures/${path}`);

interface Kind {
  readonly files: readonly Uint8Array[];
  read(bytes: Uint8Array): unknown;
  /** What the reader takes whatever the file says. */
  readonly workspaceBytes?: number;
}

const readTorch = (bytes: Uint8Array) => collectTensors(readTorchCheckpoint(bytes));
const kinds: Record<string, Kind> = {
  safetensors: {
    files: ["hugging-face-esm/model.safetensors", "peft-lora/adapter_model.safetensors"].map(models),
    read: readSafetensors,
  },
  pickle: {
    files: [
      ...["checkpoint.pt", "torch/training.pt", "torch/tensors.pt", "torch/values.pt", "torch/legacy.pt"].map(
        (name) => fixture(`formats/src/fixtures/${name}`),
      ),
      ...[
        "fair-esm/esm2_t2_tiny.pt",
        "hugging-face-esm-bin/pytorch_model.bin",
        "lightning/proteoscope.ckpt",
      ].map(models),
    ],
    read: readTorch,
  },
  zip: {
    files: ["stored.npz", "deflated.npz"].map((name) => fixture(`formats/src/fixtures/${name}`)),
    read: readNpz,
    workspaceBytes: 2 ** 20, // fflate's tables and windows, of two entries
  },
};

const endBytes = 24_000;
const hugeNumbers = [0xffffffff, 0x7fffffff, 0x80000000, 0x10000000, 0xffff, 0];

/** Damage where the structure is, at one end; every third time one number of it made huge. */
function damage(bytes: Uint8Array, seed: number): Uint8Array {
  const atStart = seed % 2 === 0;
  const edge = atStart ? Math.min(endBytes, bytes.length) : Math.max(0, bytes.length - endBytes);
  const [head, tail] = [bytes.subarray(0, edge), bytes.subarray(edge)];
  const [part, rest] = atStart ? [head, tail] : [tail, head];
  const changed = seed % 3 === 0 ? withHugeNumber(part, seed) : mutateBytes(part, seed);
  return new Uint8Array(Buffer.concat(atStart ? [changed, rest] : [rest, changed]));
}

function withHugeNumber(bytes: Uint8Array, seed: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const at = (seed * 7919) % Math.max(1, copy.length - 8);
  new DataView(copy.buffer).setUint32(at, hugeNumbers[seed % hugeNumbers.length]!, seed % 4 < 2);
  return copy;
}

const count = Number(process.argv[2] ?? 100);
const crashes: string[] = [];
const outcome: Record<string, { read: number; refused: number }> = {};
let slowest = { ms: 0, name: "none" };
let largest = { ratio: 0, name: "none" };
for (const [kind, { files, read, workspaceBytes = 0 }] of Object.entries(kinds)) {
  const ends = { read: 0, refused: 0 };
  outcome[kind] = ends;
  for (let seed = 1; seed <= count; seed++) {
    const bytes = damage(files[seed % files.length]!, seed);
    const name = `${kind} ${seed}`;
    const before = process.memoryUsage().arrayBuffers;
    // Time of this process alone: the machine may be busy with something else.
    const start = process.cpuUsage();
    try {
      read(bytes);
      ends.read++;
    } catch (error) {
      ends.refused++;
      if (!(error instanceof Error && error.name === "FormatError"))
        crashes.push(`${name}: ${error instanceof Error ? error.stack : error}`);
    }
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    // Less than before where memory was collected meanwhile.
    const allocated = process.memoryUsage().arrayBuffers - before - workspaceBytes;
    const ratio = allocated / (bytes.length + 4096);
    if (ms > slowest.ms) slowest = { ms, name };
    if (ratio > largest.ratio) largest = { ratio, name };
  }
}
const peakMb = process.resourceUsage().maxRSS / 1024;
const report = { kinds: outcome, crashes: crashes.slice(0, 20), slowest, largest, peakMb };
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
