// Released networks at their real sizes: writes a checkpoint of random numbers under the names and in the kind of file that
// was released, then loads it and runs it, in a process of its own, so that its peak memory is its own. The work is that of
// the cases of `cases/released.ts`, which are measured beside PyTorch.
//
//     npx tsx bench/released.ts write subcell <folder>       # once; cell-diff takes 7 GB of disk
//     npx tsx bench/released.ts measure subcell <folder>     # prints one line of JSON
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ParameterDeclaration, Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { declareParameters, esmcPresets, fairEsmName, loadAs, type Pretrained } from "@proteoscope/models";
import { openCellDiffFile, openFolder } from "@proteoscope/models/node";
import {
  cellDiffDefaults,
  openStagedCellDiff,
  subcellDefaults,
  vermeerPresets,
} from "@proteoscope/models/released";
import { torchCheckpointParts, type WrittenTensor } from "../packages/models/src/testing/torch-checkpoint.ts";
import { caseOf } from "./cases/index.ts";
import type { ReleasedCase } from "./cases/released.ts";
import { measure } from "./measure.ts";
import { openPeer } from "./peer.ts";
import { randomInput, randomWeights } from "./random-weights.ts";

interface Released {
  /** Its file, as it was released. */
  readonly file: string;
  /** A network of the real size, without weights. */
  readonly network: Pretrained;
  /** The stored name of a parameter; the name itself when absent. */
  stored?(name: string): string;
  readonly wrap?: readonly string[];
  /** The case whose work is done. */
  readonly work: string;
}

const weights = new Map();
const esmPrefix = "net.protein_sequence_embedding.model.";
const released: Readonly<Record<string, Released>> = {
  subcell: {
    file: "all_channels_ViT-ProtS-Pool.pth",
    network: { architecture: "subcell", config: subcellDefaults, weights },
    stored: (name) => name.replace(/(attention_[uv])\.0/, "$1.1"),
    work: "subcell.b1",
  },
  "esmc-300m": {
    file: "model.pth",
    network: { architecture: "esmc", config: esmcPresets["300M"], weights },
    work: "esmc.300M",
  },
  "esmc-600m": {
    file: "model.pth",
    network: { architecture: "esmc", config: esmcPresets["600M"], weights },
    work: "esmc.600M",
  },
  "cell-diff": {
    file: "hpa_pretrained.pth",
    network: { architecture: "cell-diff", config: cellDiffDefaults, weights },
    stored: (name) =>
      name.startsWith(esmPrefix) ? esmPrefix + fairEsmName(name.slice(esmPrefix.length)) : name,
    work: "cell-diff.step",
  },
  "vermeer-b": {
    file: "vermeer_B.ckpt",
    network: { architecture: "vermeer", config: vermeerPresets.B, weights },
    wrap: ["model"],
    work: "vermeer.B",
  },
};

async function write(
  { file, network, stored = (name) => name, wrap = [] }: Released,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = new Map(
    [...declareParameters(network)].map(([name, declaration]): [string, WrittenTensor] => [
      stored(name),
      { shape: declaration.shape, values: () => valuesOf(name, declaration) },
    ]),
  );
  const parts = torchCheckpointParts(tensors, { wrap, zip64: true });
  await pipeline(Readable.from(parts), createWriteStream(join(folder, file)));
}

function valuesOf(name: string, declaration: ParameterDeclaration): Float32Array {
  return randomWeights(new Map([[name, declaration]])).get(name)!.data as Float32Array;
}

/** Milliseconds of loading, beside PyTorch's where it is there, and of the case's work with what was loaded. */
async function measureLoaded(
  { file, network, work }: Released,
  folder: string,
  runtime: Runtime,
): Promise<Record<string, number>> {
  for await (const _ of createReadStream(join(folder, file))); // the file is in the system's cache then, for both
  const loadStart = performance.now();
  const model = await loadAs(network.architecture, openFolder(folder), { file });
  const loading = performance.now() - loadStart;
  const peer = await openPeer({ script: "released", work: ["load", join(folder, file)] });
  const peerLoading = await peer?.run(); // the first in its process, as ours
  await peer?.close();
  const { prepare } = caseOf(work) as ReleasedCase;
  const start = performance.now();
  const prepared = await prepare(runtime, () => model.weights);
  const opening = performance.now() - start;
  const { ours } = await measure(prepared, { leastRuns: 3, leastTotalMs: 0 });
  await prepared.close?.();
  return {
    load: loading,
    ...(peerLoading !== undefined && { "load by PyTorch": peerLoading }),
    opening,
    [work]: ours.ms,
  };
}

/** CELL-Diff as `generate` runs it: in 16 bits, to which its file is converted once, and by stages. */
async function measureStaged(
  { file }: Released,
  folder: string,
  runtime: Runtime,
): Promise<Record<string, number>> {
  const ms: Record<string, number> = {};
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    ms[what] = performance.now() - start;
    console.error(`${what}: ${Math.round(ms[what])} ms, ${peakMb()} MB`);
    return result;
  };
  const tokens = 447;
  const stored = await timed("conversion or opening", () => openCellDiffFile(folder, file));
  const stepper = await openStagedCellDiff(runtime, stored, { tokens, height: 64, width: 64 });
  const ids = Array.from({ length: tokens }, (_, index) => 4 + (index % 20));
  await timed("the sequence", () => stepper.readSequence(ids));
  const [sample, cell] = [randomInput("sample", 1, 4, 64, 64), randomInput("cell", 1, 12, 64, 64)];
  await timed("opening and the first step", () => stepper.step(sample, cell, 100));
  await timed("one step", () => stepper.step(sample, cell, 100));
  await timed("one step more", () => stepper.step(sample, cell, 98));
  await stepper.close();
  return ms;
}

const peakMb = (): number => Math.round(process.resourceUsage().maxRSS / 1024);

const [task, name = "", folder] = process.argv.slice(2);
const chosen = released[name];
if (
  chosen === undefined ||
  folder === undefined ||
  !["write", "measure", "measure-staged"].includes(task ?? "")
)
  throw new Error(
    `usage: released.ts write|measure|measure-staged ${Object.keys(released).join("|")} <folder>`,
  );
if (task === "write") await write(chosen, join(folder, name));
else {
  const runtime = await openRuntime({ device: "cpu" });
  const measured = await (task === "measure" ? measureLoaded : measureStaged)(
    chosen,
    join(folder, name),
    runtime,
  );
  await runtime.close();
  const ms = Object.fromEntries(Object.entries(measured).map(([what, value]) => [what, Math.round(value)]));
  console.log(JSON.stringify({ name, ms, peakMb: peakMb() }));
}
