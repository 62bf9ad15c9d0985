import { describe, expect, it } from "vitest";
import type { ByteSource } from "../archive/zip.ts";
import { FormatError } from "../errors.ts";
import type { NdArray } from "../nd-array.ts";
import { checkpointOf, integer, storage, tensor, text } from "../testing/checkpoint.ts";
import { readFixture } from "../testing/fixture.ts";
import { isTorchArchive, openTorchCheckpoint, readTorchCheckpoint } from "./checkpoint.ts";
import { collectTensors } from "./state-dict.ts";
import type { StoredTorchTensor } from "./tensors.ts";

/** Bytes in memory as a file of which parts are read, and how many were. */
function sourceOf(bytes: Uint8Array): ByteSource & { readCount(): number } {
  let count = 0;
  return {
    size: bytes.length,
    read: async (begin, end) => {
      const part = bytes.slice(begin, end);
      count += part.length;
      return part;
    },
    readCount: () => count,
  };
}

const open = async (bytes: Uint8Array) =>
  collectTensors<StoredTorchTensor>(await openTorchCheckpoint(sourceOf(bytes)));

describe("openTorchCheckpoint", () => {
  it("reads what readTorchCheckpoint reads, of every type and every order of elements", async () => {
    const bytes = readFixture("checkpoint.pt");
    const whole = collectTensors(readTorchCheckpoint(bytes));
    const later = await open(bytes);
    expect([...later.keys()]).toEqual([...whole.keys()]);
    expect(later.size).toBeGreaterThan(10);
    for (const [name, { dtype, shape, read }] of later) {
      const expected = whole.get(name)!;
      expect([dtype, shape]).toEqual([expected.dtype, expected.shape]);
      const found = await read();
      expect(found.shape).toEqual(expected.shape);
      expect(Array.from(found.data as Float32Array)).toEqual(Array.from(expected.data as Float32Array));
    }
  });

  it("reads a tensor's own part of its storage, and nothing of it before", async () => {
    const data = new Uint8Array(Float32Array.from({ length: 4000 }, (_, i) => i).buffer);
    const view = tensor([2, 2], [2, 1], 3000, storage("FloatStorage", 4000));
    const source = sourceOf(checkpointOf(`\x80\x02}${text("w")}${view}s.`, { "m/data/0": data }));
    const tensors = collectTensors<StoredTorchTensor>(await openTorchCheckpoint(source));
    const before = source.readCount();
    const { data: values } = (await tensors.get("w")!.read()) as NdArray;
    expect([...(values as Float32Array)]).toEqual([3000, 3001, 3002, 3003]);
    expect(source.readCount() - before).toBeLessThan(100);
  });

  it("keeps what is no tensor", async () => {
    const bytes = checkpointOf(`\x80\x02}(${text("step")}${integer(7)}${text("w")}${tensor([4], [1])}u.`);
    const tree = (await openTorchCheckpoint(sourceOf(bytes))) as Map<string, unknown>;
    expect(tree.get("step")).toBe(7);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["a file that is no archive", new Uint8Array(200), /not a zip archive/],
    ["a cut one", checkpointOf(`\x80\x02${tensor([4], [1])}.`).slice(0, -40), /not a zip archive/],
    [
      "a tensor beyond its storage",
      checkpointOf(`\x80\x02${tensor([5], [1])}.`),
      /reaches beyond its storage/,
    ],
    [
      "a storage that is not there",
      checkpointOf(`\x80\x02${tensor([4], [1], 0, storage("FloatStorage", 4, "9"))}.`),
      /"9" is missing/,
    ],
    [
      "a storage of another size",
      checkpointOf(`\x80\x02${tensor([4], [1], 0, storage("FloatStorage", 5))}.`),
      /has 16 bytes, not those of 5/,
    ],
    ["a global that is not allowed", checkpointOf("\x80\x02cos\nsystem\n."), /os\.system/],
  ])("refuses %s", async (_, bytes, message) => {
    const opening = openTorchCheckpoint(sourceOf(bytes));
    await expect(opening).rejects.toThrow(FormatError);
    await expect(openTorchCheckpoint(sourceOf(bytes))).rejects.toThrow(message);
  });

  it("is for archives alone, which the first bytes show", () => {
    expect(isTorchArchive(readFixture("checkpoint.pt"))).toBe(true);
    expect(isTorchArchive(Uint8Array.of(0x80, 2, 0x8a, 0x0a))).toBe(false);
  });
});
