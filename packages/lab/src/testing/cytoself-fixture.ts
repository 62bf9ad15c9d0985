// Made-up files in cytoself's format, for tests and for measuring the import at any size: discs as nuclei, a protein inside or
// around them, labels as OpenCell has them. Written as a stream. Cells repeat after some variants; each crop has its number in
// its first pixels, so that no two are equal.

import { appendFile, mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createGenerator } from "@proteoscope/engine";
import { writeCsv, writeNpyHeader } from "@proteoscope/formats";
import { nuclearDistance } from "@proteoscope/imaging";

export interface CytoselfFixture {
  readonly crops: number;
  /** Pairs of Image_data and Label_data. */
  readonly files: number;
  readonly side?: number;
  /** Half of them nuclear, half of them cytoplasmic. */
  readonly proteins?: number;
  readonly cropsPerField?: number;
}

const variants = 16;
const batch = 64;

/** Writes the files into a folder, and sequences.fasta with a sequence for each gene. */
export async function writeCytoselfFiles(
  folder: string,
  { crops, files, side = 100, proteins = 8, cropsPerField = 8 }: CytoselfFixture,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const cells = [0, 1].map((kind) =>
    Array.from({ length: variants }, (_, seed) => drawCell(kind === 0, seed, side)),
  );
  for (let file = 0; file < files; file++) {
    const [from, to] = [file, file + 1].map((at) => Math.round((at * crops) / files)) as [number, number];
    const number = String(file).padStart(2, "0");
    const image = await open(join(folder, `Image_data${number}.npy`), "w");
    await image.write(writeNpyHeader("float32", [to - from, side, side, 4]));
    const labels = join(folder, `Label_data${number}.csv`);
    const columns = ["ensg", "name", "loc_grade1", "loc_grade2", "loc_grade3", "protein_id", "FOV_id"];
    await writeFile(labels, writeCsv([], columns));
    for (let first = from; first < to; first += batch) {
      const count = Math.min(batch, to - first);
      const values = new Float32Array(count * side * side * 4);
      const rows = Array.from({ length: count }, (_, item) => {
        const crop = first + item;
        const protein = Math.floor(crop / cropsPerField) % proteins;
        const start = item * side * side * 4;
        values.set(cells[protein % 2]![crop % variants]!, start);
        for (let bit = 0; bit < 24; bit++) values[start + 4 * bit] = (crop >> bit) & 1 ? 0.1 : 0;
        return {
          ...{ ensg: `ENSG${protein}`, name: `GENE${protein}`, loc_grade1: "", loc_grade2: "" },
          loc_grade3: protein % 2 === 0 ? "nucleoplasm" : "cytoplasmic;er",
          ...{ protein_id: protein, FOV_id: `field_${Math.floor(crop / cropsPerField)}` },
        };
      });
      await image.write(new Uint8Array(values.buffer));
      await appendFile(labels, writeCsv(rows, columns).slice(writeCsv([], columns).length));
    }
    await image.close();
  }
  await writeFile(join(folder, "sequences.fasta"), fasta(proteins));
}

/** Nuclear proteins are rich in K and R, cytoplasmic ones in D and E. */
function fasta(proteins: number): string {
  return Array.from({ length: proteins }, (_, protein) => {
    const letters = `ACDEFGHIKLMNPQRSTVWY${(protein % 2 === 0 ? "KR" : "DE").repeat(4)}`;
    const draws = createGenerator(protein, "sequence").integers(60 + protein, letters.length);
    return `>GENE${protein}\nM${Array.from(draws, (at) => letters[at]).join("")}\n`;
  }).join("");
}

/** [side, side, 4]: protein, nucleus, distance, segmentation. */
export function drawCell(isNuclear: boolean, seed: number, side: number): Float32Array {
  const noise = createGenerator(seed, "cell").uniform(2 * side * side + 2);
  const centre = [0, 1].map((axis) => side * (0.46 + 0.08 * noise[2 * side * side + axis]!)) as [
    number,
    number,
  ];
  const mask = new Uint8Array(side * side);
  for (let pixel = 0; pixel < mask.length; pixel++) {
    const [x, y] = [pixel % side, Math.floor(pixel / side)];
    if (Math.hypot(x - centre[0], y - centre[1]) < side * 0.2) mask[pixel] = 1;
  }
  const distance = nuclearDistance(mask, { height: side, width: side });
  const values = new Float32Array(4 * side * side);
  for (let pixel = 0; pixel < mask.length; pixel++) {
    const isInCell = distance[pixel]! > -side * 0.2;
    const isBright = mask[pixel] === 1 ? isNuclear : !isNuclear && isInCell;
    values[4 * pixel] = (isBright ? 0.6 : 0.05) + 0.2 * noise[pixel]!;
    values[4 * pixel + 1] = (mask[pixel] === 1 ? 0.7 : 0.02) + 0.1 * noise[side * side + pixel]!;
    values[4 * pixel + 2] = distance[pixel]!;
    values[4 * pixel + 3] = mask[pixel]!;
  }
  return values;
}
