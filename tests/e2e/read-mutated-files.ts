// Reads damaged copies of files with the readers of `generate`, and reports as JSON how they ended: a process of its
// own, so that its memory can be measured and a crash is seen. A case is its kind and seed, so that it can be repeated.
//
//   node --import tsx tests/e2e/read-mutated-files.ts <cases of each kind>

import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import {
  openImage,
  parseFasta,
  readSafetensors,
  writeNpy,
  writeOmeTiff,
  writePng,
  writeSafetensors,
} from "@proteoscope/formats";
import { readNucleus, readNucleusLibrary } from "@proteoscope/imaging";
import { tokenize, windowSequence } from "@proteoscope/models";
import { mutateBytes } from "../../packages/formats/src/testing/mutate.ts";

const side = 96;
const plane = Uint16Array.from({ length: side * side }, (_, pixel) => {
  const distance = Math.hypot((pixel % side) - 40, Math.floor(pixel / side) - 50);
  return (distance < 15 ? 3000 : 200) + ((pixel * 7919) % 40);
});
const fixture = (name: string) =>
  readFileSync(new URL(`../../packages/formats/src/fixtures/${name}`, import.meta.url));
const tiff = (compression: "none" | "deflate", channels: number) =>
  writeOmeTiff({
    data: {
      dtype: "uint16",
      shape: [channels, side, side],
      data: Uint16Array.from({ length: channels * plane.length }, (_, i) => plane[i % plane.length]!),
    },
    channelNames: Array.from({ length: channels }, (_, i) => `channel ${i}`),
    ...{ compression, pixelSizeMicrons: 0.5 },
  });
const pixels = { width: side, height: side };
const library = {
  nucleus: { dtype: "uint8" as const, shape: [2, 12, 12], data: new Uint8Array(288).fill(90) },
  mask: { dtype: "uint8" as const, shape: [2, 12, 12], data: new Uint8Array(288).fill(1) },
};
const libraryText = { pixel_size_microns: "0.4", fields: '["a","b"]', source: "none", licence: "MIT" };

interface Kind {
  /** Whole files, each damaged in its turn. */
  readonly files: readonly Uint8Array[];
  read(bytes: Uint8Array): void | Promise<void>;
}

const kinds: Record<string, Kind> = {
  fasta: {
    files: [
      readFileSync(new URL("../../examples/proteins.fasta", import.meta.url)),
      Buffer.from(">a first\r\nMKTAYIAK\r\nQRQ*\r\n>b\r\nmktaxbuzo\r\n"),
      ...["proteins.fasta.gz", "utf16.fasta"].map((name) => fixture(`fasta/${name}`)),
    ],
    read: (bytes) => {
      for (const { sequence } of parseFasta(bytes)) tokenize(windowSequence(sequence, 512).sequence);
    },
  },
  tiff: {
    files: [
      ...[tiff("none", 1), tiff("deflate", 1), tiff("none", 2)],
      ...["lzw.tif", "tiles.tif", "packbits.tif", "float-predicted.tif", "bigtiff.tif"].map(fixture),
    ],
    read: readPicture,
  },
  png: {
    files: [
      writePng({ ...pixels, channels: 1, depth: 16, data: plane, text: { synthetic: "false" } }),
      writePng({ ...pixels, channels: 1, depth: 8, data: Uint8Array.from(plane, (value) => value / 16) }),
      ...["palette.png", "bilevel.png", "rgba8.png"].map(fixture),
    ],
    // With checksums that are right again: the damage would get no further otherwise.
    read: (bytes) => readPicture(withChecksums(bytes)),
  },
  safetensors: {
    files: [
      writeSafetensors(Object.entries(library), libraryText),
      writeSafetensors([["a", { dtype: "float32", shape: [3, 4], data: new Float32Array(12) }]]),
    ],
    read: (bytes) => {
      const { tensors } = readSafetensors(bytes);
      for (const array of tensors.values()) writeNpy(array);
      if (tensors.has("mask")) readNucleusLibrary(bytes);
    },
  },
};

async function readPicture(bytes: Uint8Array): Promise<void> {
  await readNucleus(await openImage(bytes, { name: "picture" }), {
    ...{ nucleusChannel: 0, pixelSizeMicrons: 0.5, modelPixelSizeMicrons: 1, cropPixels: 40 },
  });
}

/** A PNG whose chunks carry the checksums of what they hold now. */
function withChecksums(bytes: Uint8Array): Uint8Array {
  const repaired = new Uint8Array(bytes);
  const view = new DataView(repaired.buffer);
  for (let at = 8; at + 12 <= repaired.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > repaired.length) break;
    view.setUint32(end, crc32(repaired.subarray(at + 4, end)));
    at = end + 4;
  }
  return repaired;
}

const hugeNumbers = [0xffffffff, 0x7fffffff, 0x80000000, 0x10000000, 0xffff, 0];

/** Damage anywhere, or one number near the start, where headers are, made huge. */
function damage(bytes: Uint8Array, seed: number): Uint8Array {
  const changed = mutateBytes(bytes, seed);
  if (seed % 3 !== 0) return changed;
  const copy = new Uint8Array(bytes);
  const at = Math.floor(seed / 3) % Math.max(1, Math.min(256, copy.length - 4));
  new DataView(copy.buffer).setUint32(at, hugeNumbers[seed % hugeNumbers.length]!, seed % 2 === 0);
  return copy;
}

const count = Number(process.argv[2] ?? 100);
const crashes: string[] = [];
const outcome: Record<string, { results: number; errors: Record<string, number> }> = {};
const namedErrors = ["FormatError", "SequenceError", "NucleusError"];
let slowest = { ms: 0, name: "none" };
for (const [kind, { files, read }] of Object.entries(kinds)) {
  const ends = { results: 0, errors: {} as Record<string, number> };
  outcome[kind] = ends;
  for (let seed = 1; seed <= count; seed++) {
    // Time of this process alone: the machine may be busy with something else.
    const start = process.cpuUsage();
    try {
      await read(damage(files[seed % files.length]!, seed));
      ends.results++;
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      ends.errors[name] = (ends.errors[name] ?? 0) + 1;
      if (!namedErrors.includes(name))
        crashes.push(`${kind} ${seed}: ${error instanceof Error ? error.stack : error}`);
    }
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    if (ms > slowest.ms) slowest = { ms, name: `${kind} ${seed}` };
  }
}
const peakMb = process.resourceUsage().maxRSS / 1024;
const report = {
  kinds: outcome,
  crashes: crashes.slice(0, 20),
  slowestMs: slowest.ms,
  slowest: slowest.name,
  peakMb,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
