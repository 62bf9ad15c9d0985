// The loader of a training: a batch of crops of the paper's size, read from disk, with their nuclear distances, in random
// orientations. Nothing is cached, as in a set that is larger than memory. It is made while the step before runs on the
// runtime's thread, so that it costs nothing as long as it takes less than `unet.train.b8`.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGenerator } from "@proteoscope/engine";
import { writeNpy } from "@proteoscope/formats";
import { openCropPixels } from "../../packages/lab/src/data/atlas/crop-pixels.ts";
import { createImageBatches } from "../../packages/lab/src/data/batches/image-batches.ts";
import { crop } from "../../packages/lab/src/testing/atlas-fixture.ts";
import type { BenchCase } from "../case.ts";

const count = 512;
const side = 100;
const batchSize = 8;

export const loader: BenchCase = {
  name: "loader.crops.b8",
  title: "a batch of 8 crops of 100 x 100 from disk: read, distance, orientation",
  items: batchSize,
  async prepare() {
    const folder = await mkdtemp(join(tmpdir(), "loader-"));
    const data = new Uint8Array(count * side * side * 3);
    const noise = createGenerator(0, "loader").uniform(count);
    for (let i = 0; i < data.length; i += 3) {
      const item = Math.floor(i / (3 * side * side));
      const pixel = (i / 3) % (side * side);
      const [x, y] = [(pixel % side) - side / 2, Math.floor(pixel / side) - side / 2];
      data[i] = (i * 7919) % 251;
      data[i + 1] = (i * 104_729) % 241;
      data[i + 2] = Math.hypot(x, y) < 12 + 8 * noise[item]! ? 255 : 0;
    }
    await writeFile(
      join(folder, "crops_u8.npy"),
      writeNpy({ dtype: "uint8", shape: [count, side, side, 3], data }),
    );
    const crops = Array.from({ length: count }, (_, index) => crop({ index, fieldOfView: `field${index}` }));
    const pixels = await openCropPixels(folder, { isCached: false });
    const batchOf = createImageBatches(crops, pixels, {
      ...{ batchSize, compartmentBalance: 0, sourceBalance: 0, rules: [], validationCount: 1 },
      ...{ blendShare: { start: 0, end: 0 }, seed: 0, totalSteps: 1000 },
    });
    let step = 0;
    return {
      gflop: null,
      run: async () => void (await batchOf(step++)),
      close: () => rm(folder, { recursive: true }),
    };
  },
};
