// Builds the library of real nuclei that ships with the weights from raw Hoechst fields of OpenCell:
//
//   tsx scripts/build-nuclei-library.ts <nuclei_fovs.npz> <out.safetensors>
//
// The archive holds uint16 fields named img__<field> and their pixel size in um_per_px. Every field gives in its turn
// the best nucleus that lies apart from those already taken, until the library is full: the same archive always
// gives the same file.

import { readFileSync, writeFileSync } from "node:fs";
import { type NdArray, readNpz, toFloat32 } from "@proteoscope/formats";
import { cropNuclei, type NucleusCrop, type NucleusLibrary, writeNucleusLibrary } from "@proteoscope/imaging";

const libraryCount = 48;
const side = 100;
const apartPixels = 50;

interface Candidate {
  readonly field: string;
  readonly crop: NucleusCrop;
}

const [input, output] = process.argv.slice(2);
if (!input || !output) {
  console.error("usage: tsx scripts/build-nuclei-library.ts <nuclei_fovs.npz> <out.safetensors>");
  process.exit(2);
}
const arrays = readNpz(readFileSync(input));
const pixelSize = arrays.get("um_per_px");
if (!pixelSize) throw new Error(`${input} has no um_per_px: it is not an archive of nuclear fields`);
const pixelSizeMicrons = Number(pixelSize.data[0]);

const candidates = [...arrays]
  .filter(([name]) => name.startsWith("img__"))
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, array]) => goodCrops(name.slice("img__".length), array));
const chosen = takeTurns(candidates, libraryCount);
writeFileSync(output, writeNucleusLibrary(asLibrary(chosen)));
const fields = new Set(chosen.map(({ field }) => field));
console.log(`${output}: ${chosen.length} nuclei of ${fields.size} fields`);

/** The crops of a field that show a whole, convex, unsaturated nucleus in their middle, roundest first. */
function goodCrops(field: string, array: NdArray): Candidate[] {
  const [height, width] = array.shape as [number, number];
  const { crops } = cropNuclei(toFloat32(array), {
    height,
    width,
    pixelSizeMicrons,
    modelPixelSizeMicrons: pixelSizeMicrons,
    cropPixels: side,
  });
  return crops
    .filter((crop) => isGood(crop))
    .sort((a, b) => b.centralNucleus.solidity - a.centralNucleus.solidity || a.label - b.label)
    .map((crop) => ({ field, crop }));
}

function isGood({ nucleus, labels, label, centralNucleus, origin, padding }: NucleusCrop): boolean {
  const own = nucleus.filter((_, pixel) => labels[pixel] === label);
  const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
  const saturated = own.filter((value) => value >= 1).length / own.length;
  const offCentre = Math.max(
    Math.abs(centralNucleus.centre.x + 0.5 - origin.x - side / 2),
    Math.abs(centralNucleus.centre.y + 0.5 - origin.y - side / 2),
  );
  const { diameterMicrons, touchesBorder, solidity } = centralNucleus;
  return (
    !touchesBorder &&
    solidity >= 0.93 &&
    diameterMicrons >= 11 &&
    diameterMicrons <= 22 &&
    mean > 0.25 &&
    mean < 0.7 &&
    saturated < 0.03 &&
    offCentre <= 10 &&
    Object.values(padding).every((pixels) => pixels === 0)
  );
}

/** One crop of each field in turn, none of them centred close to another of its field. */
function takeTurns(fields: readonly (readonly Candidate[])[], count: number): Candidate[] {
  const taken: Candidate[] = [];
  const queues = fields.map((field) => [...field]);
  while (taken.length < count && queues.some((queue) => queue.length > 0)) {
    for (const queue of queues) {
      const next = queue.findIndex((candidate) => taken.every((other) => isApart(candidate, other)));
      if (next === -1) queue.length = 0;
      else if (taken.length < count) taken.push(...queue.splice(next, 1));
    }
  }
  return taken;
}

function isApart(a: Candidate, b: Candidate): boolean {
  const p = a.crop.centralNucleus.centre;
  const q = b.crop.centralNucleus.centre;
  return a.field !== b.field || Math.hypot(p.x - q.x, p.y - q.y) >= apartPixels;
}

function asLibrary(chosen: readonly Candidate[]): NucleusLibrary {
  const nuclei = new Uint8Array(chosen.length * side * side);
  const masks = new Uint8Array(nuclei.length);
  chosen.forEach(({ crop }, index) => {
    nuclei.set(
      crop.nucleus.map((value) => Math.round(value * 255)),
      index * side * side,
    );
    masks.set(crop.mask, index * side * side);
  });
  return {
    count: chosen.length,
    height: side,
    width: side,
    pixelSizeMicrons,
    nuclei,
    masks,
    fields: chosen.map(({ field }) => field),
    source:
      "OpenCell Hoechst fields of HEK293T cells, czbiohub-sf/2021-opencell-microscopy-automation and czbiohub/opencell",
    licence: "BSD-3-Clause, Copyright Chan Zuckerberg Biohub",
  };
}
