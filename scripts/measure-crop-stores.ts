// Measures where crops are best kept: .npy, Zarr v3 with a file per crop, Zarr v3 with shards of 1024 crops. The figures are in
// docs/experiments/crop-store.md.
//   npx tsx scripts/measure-crop-stores.ts CROPS.npy FOLDER [--crops N] [--reads N]
// With --cold, the caches of the system are dropped before the reads (as root, on Linux).
import { writeFileSync } from "node:fs";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { get, open as openZarr, slice } from "zarrita";
import { writeNpyHeader } from "../packages/formats/src/arrays/npy.ts";
import { folderStore } from "../packages/formats/src/node.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    crops: { type: "string", default: "125000" },
    reads: { type: "string", default: "4000" },
    cold: { type: "boolean", default: false },
  },
});
const [source, folder] = positionals as [string, string];
const [count, reads] = [Number(values.crops), Number(values.reads)];
const shape = [3, 100, 100];
const cropBytes = shape.reduce((product, length) => product * length, 1);
const shardCrops = 1024;
const from = await open(source, "r");
const crops = async (first: number, size: number) => {
  const bytes = new Uint8Array(size * cropBytes);
  await from.read(bytes, 0, bytes.length, 128 + first * cropBytes);
  return bytes;
};
const batch = 1024;

async function timed(label: string, work: () => Promise<number>): Promise<void> {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const bytes = await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rate = (bytes / 1e6 / seconds).toFixed(0);
  console.log(
    `${label}: ${seconds.toFixed(1)} s, ${rate} MB/s, ${((user + system) / 1e6).toFixed(2)} s of CPU`,
  );
}

const metadata = (chunk: number, codecs: unknown[]) =>
  JSON.stringify({
    ...{ zarr_format: 3, node_type: "array", shape: [count, ...shape], data_type: "uint8", fill_value: 0 },
    chunk_grid: { name: "regular", configuration: { chunk_shape: [chunk, ...shape] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    codecs,
  });
const bytesCodec = { name: "bytes" };

const writers: Record<string, (path: string) => Promise<void>> = {
  async npy(path) {
    await mkdir(path, { recursive: true });
    const file = await open(join(path, "crops.npy"), "w");
    await file.write(writeNpyHeader("uint8", [count, ...shape]));
    for (let at = 0; at < count; at += batch) await file.write(await crops(at, Math.min(batch, count - at)));
    await file.sync();
    await file.close();
  },
  async "zarr, a file per crop"(path) {
    await mkdir(join(path, "c"), { recursive: true });
    await writeFile(join(path, "zarr.json"), metadata(1, [bytesCodec]));
    for (let at = 0; at < count; at += batch) {
      const size = Math.min(batch, count - at);
      const bytes = await crops(at, size);
      await Promise.all(
        Array.from({ length: size }, async (_, item) => {
          const chunk = join(path, "c", String(at + item), "0", "0");
          await mkdir(chunk, { recursive: true });
          await writeFile(join(chunk, "0"), bytes.subarray(item * cropBytes, (item + 1) * cropBytes));
        }),
      );
    }
  },
  async "zarr, shards of 1024 crops"(path) {
    const sharding = {
      name: "sharding_indexed",
      configuration: {
        ...{ chunk_shape: [1, ...shape], codecs: [bytesCodec], index_location: "end" },
        index_codecs: [{ name: "bytes", configuration: { endian: "little" } }],
      },
    };
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "zarr.json"), metadata(shardCrops, [sharding]));
    for (let at = 0; at < count; at += shardCrops) {
      const size = Math.min(shardCrops, count - at);
      const index = new BigUint64Array(2 * shardCrops).fill(2n ** 64n - 1n);
      for (let item = 0; item < size; item++) {
        index[2 * item] = BigInt(item * cropBytes);
        index[2 * item + 1] = BigInt(cropBytes);
      }
      const chunk = join(path, "c", String(at / shardCrops), "0", "0");
      await mkdir(chunk, { recursive: true });
      const file = await open(join(chunk, "0"), "w");
      await file.write(await crops(at, size));
      await file.write(new Uint8Array(index.buffer));
      await file.sync();
      await file.close();
    }
  },
};

async function reader(name: string, path: string): Promise<(index: number) => Promise<Uint8Array>> {
  if (name === "npy") {
    const file = await open(join(path, "crops.npy"), "r");
    return async (index) => {
      const bytes = new Uint8Array(cropBytes);
      await file.read(bytes, 0, cropBytes, 128 + index * cropBytes);
      return bytes;
    };
  }
  const store = folderStore(path);
  const array = await openZarr(
    {
      get: (key: string) => store.get(key.slice(1)),
      getRange: (key: string, range: Parameters<typeof store.get>[1]) => store.get(key.slice(1), range),
    } as Parameters<typeof openZarr>[0],
    { kind: "array" },
  );
  return async (index) => (await get(array, [slice(index, index + 1), null, null, null])).data as Uint8Array;
}

for (const [name, write] of Object.entries(writers)) {
  const path = join(folder, name.replaceAll(/[^a-z0-9]+/g, "-"));
  await timed(`${name}: write ${count} crops`, async () => {
    await write(path);
    return count * cropBytes;
  });
  for (const temperature of values.cold ? ["cold", "cached"] : ["cached"]) {
    if (temperature === "cold") writeFileSync("/proc/sys/vm/drop_caches", "3");
    const read = await reader(name, path);
    let state = 1;
    await timed(`${name}: ${temperature}, ${reads} crops at random`, async () => {
      for (let at = 0; at < reads; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const index = state % count;
        const bytes = await read(index);
        if (at % 500 === 0 && !Buffer.from(bytes).equals(await crops(index, 1)))
          throw new Error(`${name}: crop ${index} differs`);
      }
      return reads * cropBytes;
    });
  }
  await rm(path, { recursive: true });
}
