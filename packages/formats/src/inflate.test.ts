import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { deflateSync, zlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { concatenateBytes } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { inflateBounded } from "./inflate.ts";
import { cpuTimeMs } from "./testing/cpu-time.ts";
import { readMutated } from "./testing/mutate.ts";

function inflateTo(size: number, compressed: Uint8Array, wrapper: "raw" | "zlib" = "raw"): Uint8Array {
  return inflateBounded(compressed, { format: "npz", wrapper, minBytes: size, maxBytes: size });
}

describe("inflateBounded", () => {
  it("gives back any bytes, raw and in a zlib wrapper", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(inflateTo(bytes.length, deflateSync(bytes))).toEqual(bytes);
        expect(inflateTo(bytes.length, zlibSync(bytes), "zlib")).toEqual(bytes);
      }),
    );
  });

  it("gives back more than one step of input", () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
    const compressed = deflateSync(bytes, { level: 0 });
    expect(compressed.length).toBeGreaterThan(100_000);
    expect(inflateTo(bytes.length, compressed)).toEqual(bytes);
  });

  it("stops at the bound, long before a bomb has unfolded", () => {
    const block = deflateRawSync(new Uint8Array(1_000_000), { finishFlush: constants.Z_SYNC_FLUSH });
    const bomb = concatenateBytes(Array(4000).fill(block)); // four gigabytes in four megabytes
    const start = cpuTimeMs();
    expect(() => inflateTo(1000, bomb)).toThrow(/npz: compressed data expands beyond 1000 bytes/);
    expect(cpuTimeMs() - start).toBeLessThan(2000);
  });

  it("refuses a stream that is cut short or empty", () => {
    const compressed = deflateSync(Uint8Array.from({ length: 1000 }, (_, i) => i % 251));
    for (const part of [compressed.subarray(0, -5), compressed.subarray(0, 0)]) {
      expect(() => inflateTo(1000, part)).toThrow(FormatError);
    }
  });

  it("reads or refuses each of 2000 damaged streams", async () => {
    const text = new TextEncoder().encode("a virtual microscope ".repeat(40));
    const outcome = await readMutated(zlibSync(text), 2000, (damaged) => {
      expect(inflateTo(text.length, damaged, "zlib")).toHaveLength(text.length);
    });
    expect(outcome.refused).toBeGreaterThan(500);
  });
});
