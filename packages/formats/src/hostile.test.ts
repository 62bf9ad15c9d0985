// Headers that promise far more than their file holds: every reader must refuse them before it allocates.

import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { readNpy } from "./arrays/npy.ts";
import { readNpz } from "./arrays/npz.ts";
import { readSafetensors } from "./arrays/safetensors.ts";
import { FormatError } from "./errors.ts";
import { readPng } from "./image/png.ts";
import { readFixture } from "./testing/fixture.ts";
import { buildTiff, type TiffTag } from "./testing/tiff.ts";
import { readTiff } from "./tiff/read-tiff.ts";
import { readTorchCheckpoint } from "./torch/checkpoint.ts";

const text = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0));

function safetensors(header: string): Uint8Array {
  return text(`${String.fromCharCode(header.length & 0xff, header.length >> 8)}\0\0\0\0\0\0${header}`);
}

function npy(shape: string): Uint8Array {
  const header = `{'descr': '<f8', 'fortran_order': True, 'shape': ${shape}}`;
  return text(`\x93NUMPY\x01\0${String.fromCharCode(header.length)}\0${header}`);
}

function png(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(readFixture("grey8.png"));
  new DataView(bytes.buffer).setUint32(16, width);
  new DataView(bytes.buffer).setUint32(20, height);
  return bytes;
}

function tiff(width: number, height: number, more: Record<number, TiffTag> = {}): Uint8Array {
  const tags: Record<number, TiffTag> = {
    ...{ 256: [4, [width]], 257: [4, [height]], 258: [3, [16]], 259: [3, [1]], 273: [4, [8]], 279: [4, [4]] },
    ...more,
  };
  return buildTiff(Uint8Array.of(1, 2, 3, 4), tags);
}

/** A pickle of one tensor, and the storage "0" of 16 bytes. */
function checkpoint(sizes: number[], strides: number[]): Uint8Array {
  const integer = (value: number) =>
    `J${String.fromCharCode(...new Uint8Array(Int32Array.of(value).buffer))}`;
  const tuple = (values: number[]) => `(${values.map(integer).join("")}t`;
  const storage = `(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpu${integer(4)}tQ`;
  const tensor = `ctorch._utils\n_rebuild_tensor_v2\n(${storage}${integer(0)}${tuple(sizes)}${tuple(strides)}\x89NtR`;
  return zipSync({ "m/data.pkl": text(`\x80\x02${tensor}.`), "m/data/0": new Uint8Array(16) }, { level: 0 });
}

describe("a header that promises too much", () => {
  it.each<[string, (bytes: Uint8Array) => unknown, Uint8Array]>([
    [
      "safetensors of a terabyte",
      readSafetensors,
      safetensors('{"a":{"dtype":"F32","shape":[250000000000],"data_offsets":[0,1000000000000]}}'),
    ],
    [
      "safetensors with a header of 90 MB",
      readSafetensors,
      Uint8Array.of(0, 0x4a, 0x5d, 5, 0, 0, 0, 0, 0x7b),
    ],
    ["npy of a terabyte", readNpy, npy("(1000000, 125000)")],
    ["npy of 2^106 elements", readNpy, npy("(9007199254740991, 9007199254740991)")],
    ["npz of an npy of a terabyte", readNpz, zipSync({ "a.npy": npy("(1000000, 125000)") })],
    ["png of 99 million pixels", readPng, png(9900, 10_000)],
    ["png of 2^62 pixels", readPng, png(0x7fffffff, 0x7fffffff)],
    ["tiff of 99 million pixels", readTiff, tiff(9900, 10_000)],
    ["tiff of 64 samples of 90 million pixels", readTiff, tiff(9000, 10_000, { 277: [3, [64]] })],
    ["deflated tiff of 99 million pixels", readTiff, tiff(9900, 10_000, { 259: [3, [8]] })],
    ["LZW tiff of 99 million pixels", readTiff, tiff(9900, 10_000, { 259: [3, [5]] })],
    ["tiff of strips that all lie on each other", readTiff, tiff(2, 10_000, { 278: [3, [1]] })],
    ["torch tensor of a gigabyte", readTorchCheckpoint, checkpoint([16_384, 16_384], [0, 0])],
    ["torch tensor of 2^62 elements", readTorchCheckpoint, checkpoint([0x7fffffff, 0x7fffffff], [0, 0])],
  ])("is refused before anything large is allocated: %s", (_, read, bytes) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => read(bytes)).toThrow(FormatError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
  });
});
