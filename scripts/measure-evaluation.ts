// Measures what `proteoscope evaluate` takes for many images: its time, and the most memory that it holds. The images are crops of
// an atlas, turned and with noise, since the measuring is what is measured; the figures are in docs/experiments/many-images.md.
//   npx tsx scripts/measure-evaluation.ts ATLAS FOLDER [--images 100000] [-- further words for evaluate]
// FOLDER is made, and holds the images (30 kB each), the embeddings and the report; images that are there are used again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createGenerator } from "../packages/engine/src/index.ts";
import { writeNpyHeader } from "../packages/formats/src/arrays/npy.ts";
import { readCsv, writeCsv } from "../packages/formats/src/index.ts";
import { openPixelRows } from "../packages/lab/src/data/atlas/crop-pixels.ts";

const separator = process.argv.indexOf("--");
const [own, further] =
  separator < 0
    ? [process.argv.slice(2), []]
    : [process.argv.slice(2, separator), process.argv.slice(separator + 1)];
const { positionals, values } = parseArgs({
  args: own,
  allowPositionals: true,
  options: { images: { type: "string", default: "100000" } },
});
const [atlas, folder] = positionals;
if (atlas === undefined || folder === undefined)
  throw new Error(
    "usage: tsx scripts/measure-evaluation.ts ATLAS FOLDER [--images N] [-- words for evaluate]",
  );

const count = Number(values.images);
const generated = join(folder, `images-${count}`);
if (!existsSync(generated)) await writeImages(generated);
const report = join(folder, `report-${count}`);
const [started, root] = [performance.now(), fileURLToPath(new URL("..", import.meta.url))];
const child = spawn(
  process.execPath,
  [
    ...[
      "--import",
      join(root, "bench/report-peak.mjs"),
      join(root, "packages/proteoscope/bin/proteoscope.mjs"),
    ],
    ...["evaluate", generated, "--data", atlas, "-o", report, ...further],
  ],
  {
    env: { ...process.env, XDG_CACHE_HOME: join(folder, "cache") },
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  },
);
let peak = "";
child.stdio[3]?.on("data", (bytes: Buffer) => {
  peak += bytes;
});
const [code] = await once(child, "close");
const seconds = (performance.now() - started) / 1000;
console.log(
  `${count} images: ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(1)} per second, ` +
    `${(Number(peak) / 1024).toFixed(0)} MiB at most, exit ${code}`,
);

/** Writes the images as an atlas folder: crop n is crop n of the real ones, one after the other, turned over and with noise. */
async function writeImages(path: string): Promise<void> {
  const rows = readCsv(await readFile(join(atlas!, "crops.csv"), "utf8"), { name: "crops.csv" }).filter(
    ({ synthetic_mix: mix }) => mix === "0",
  );
  const pixels = await openPixelRows(join(atlas!, "crops_u8.npy"), 3);
  const half = `${path}.part`;
  await mkdir(half, { recursive: true });
  const file = await open(join(half, "crops_u8.npy"), "w");
  await file.write(writeNpyHeader("uint8", [count, pixels.height, pixels.width, 3]));
  for (let index = 0; index < count; index++) {
    const bytes = await pixels.read(Number(rows[index % rows.length]!.index));
    const noise = createGenerator(0, "noise", index).normal(bytes.length / 3);
    const turned = new Uint8Array(bytes.length);
    for (let pixel = 0; pixel < bytes.length / 3; pixel++) {
      const from = 3 * (index % 2 === 0 ? pixel : bytes.length / 3 - 1 - pixel);
      turned[3 * pixel] = Math.min(255, Math.max(0, bytes[from]! + 4 * noise[pixel]!));
      turned[3 * pixel + 1] = bytes[from + 1]!;
      turned[3 * pixel + 2] = bytes[from + 2]!;
    }
    await file.write(turned);
  }
  await file.close();
  const ofImages = Array.from({ length: count }, (_, index) => ({
    ...rows[index % rows.length]!,
    ...{ index: String(index), uniprot: `P${index % 1300}`, split_image: "val" },
  }));
  await writeFile(join(half, "crops.csv"), writeCsv(ofImages, Object.keys(rows[0]!)));
  await rename(half, path);
}
