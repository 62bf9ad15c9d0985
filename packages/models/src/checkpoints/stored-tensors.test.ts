import { float32 } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { torchCheckpoint } from "../testing/torch-checkpoint.ts";
import { type FileSource, memoryFolder } from "./file-source.ts";
import { readWeights } from "./state-dict.ts";
import { openStoredTensors } from "./stored-tensors.ts";

const tensors = new Map([
  ["module.net.w", float32([2, 2], Float32Array.of(1, 2, 3, 4))],
  ["module.net.b", float32([3], Float32Array.of(5, 6, 7))],
]);

/** A folder with one file, whose first `start` bytes are zeros that nothing holds. */
function sparseFolder(start: number, bytes: Uint8Array): FileSource & { readonly largest: () => number } {
  const reads: number[] = [];
  const size = start + bytes.length;
  return {
    ...memoryFolder(new Map([["m.pth", bytes]]), "there"),
    sizeOf: async () => size,
    readPart: async (_, begin, end) => {
      reads.push(Math.min(end, size) - begin);
      if (end === 4) return Uint8Array.of(0x50, 0x4b, 3, 4); // the mark of an archive
      const zeros = new Uint8Array(Math.max(0, start - begin));
      return new Uint8Array(Buffer.concat([zeros, bytes.subarray(Math.max(0, begin - start), end - start)]));
    },
    read: async () => Promise.reject(new Error("the whole file was asked for")),
    largest: () => Math.max(...reads),
  };
}

describe("a file of torch.save above 4 GiB", () => {
  const start = 5 * 2 ** 30;
  const folder = () => sparseFolder(start, torchCheckpoint(tensors, { wrap: ["model"], zip64: true, start }));

  it("is opened by its directory, and read a tensor at a time", async () => {
    const file = folder();
    const opened = await openStoredTensors(file);
    expect([...opened.tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ["net.w", [2, 2]],
      ["net.b", [3]],
    ]);
    expect([...((await opened.tensors.get("net.b")!.read()).data as Float32Array)]).toEqual([5, 6, 7]);
    expect(file.largest()).toBeLessThan(70_000);
  });

  it("is loaded whole without ever being one array", async () => {
    const { tensors: loaded } = await readWeights(folder());
    expect([...(loaded.get("net.w")!.data as Float32Array)]).toEqual([1, 2, 3, 4]);
    expect(loaded.size).toBe(2);
  });

  it("is refused by name where it is cut", async () => {
    const bytes = torchCheckpoint(tensors, { zip64: true, start });
    await expect(openStoredTensors(sparseFolder(start, bytes.slice(0, -30)))).rejects.toThrow(
      /there\/m\.pth: not a zip archive, or cut short/,
    );
  });
});
