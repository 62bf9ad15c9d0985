import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatenateBytes } from "../bytes.ts";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readMutated } from "../testing/mutate.ts";
import { gunzipBounded, isGzip } from "./gzip.ts";

const gunzip = (bytes: Uint8Array, maxBytes = 2 ** 20) =>
  gunzipBounded(bytes, { format: "fasta", name: "a.gz", maxBytes });
const noise = Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);

/** A member with the extra field of bgzip (BC, its length), and a file name where `named`. */
function bgzipMember(bytes: Uint8Array, named = false): Uint8Array {
  const plain = gzipSync(bytes);
  const extra = Uint8Array.of(6, 0, 0x42, 0x43, 2, 0, (plain.length + 7) & 0xff, (plain.length + 7) >> 8);
  const name = named
    ? Uint8Array.from("a.fasta\0", (character) => character.charCodeAt(0))
    : new Uint8Array();
  const head = plain.slice(0, 10);
  head[3] = 4 | (named ? 8 : 0);
  return concatenateBytes([head, extra, name, plain.subarray(10)]);
}

/** The block of no bytes that ends a bgzip file (the SAM specification, section 4.1.2). */
const bgzipEnd = Buffer.from("1f8b08040000000000ff0600424302001b0003000000000000000000", "hex");

describe("gunzipBounded", () => {
  it("gives back any bytes, of one member or several", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 4 }), (parts) => {
        const file = concatenateBytes(parts.map((part) => gzipSync(part)));
        expect(gunzip(file)).toEqual(concatenateBytes(parts));
      }),
    );
  });

  it("gives back what needs many steps, and members that end at any place of a step", () => {
    expect(gunzip(gzipSync(noise))).toEqual(noise);
    for (let size = 4040; size < 4110; size++) {
      const part = noise.subarray(0, size);
      expect(gunzip(concatenateBytes([gzipSync(part), gzipSync(part)])).length).toBe(2 * size);
    }
  });

  it("reads what bgzip writes: members with an extra field, ended by an empty one", () => {
    const file = concatenateBytes([
      bgzipMember(noise.subarray(0, 60_000)),
      bgzipMember(noise, true),
      bgzipEnd,
    ]);
    expect(gunzip(file)).toEqual(concatenateBytes([noise.subarray(0, 60_000), noise]));
    expect(gunzip(bgzipEnd)).toHaveLength(0);
  });

  it("refuses a file that is cut short, wherever", () => {
    const bytes = concatenateBytes([gzipSync(noise.subarray(0, 500)), gzipSync(noise.subarray(0, 300))]);
    const border = gzipSync(noise.subarray(0, 500)).length;
    for (let length = 1; length < bytes.length; length++) {
      if (length === border) continue; // a whole file of one member
      expect(() => gunzip(bytes.subarray(0, length)), `cut at ${length}`).toThrow(FormatError);
    }
    expect(() => gunzip(new Uint8Array(0))).toThrow(/does not match its checksum/);
  });

  it("refuses a member whose checksum or length is another", () => {
    const bytes = new Uint8Array(gzipSync(noise.subarray(0, 500)));
    for (const place of [8, 7, 4, 1]) {
      const changed = bytes.slice();
      changed[bytes.length - place]! ^= 1;
      const message = /a\.gz: gzip data does not match its checksum.*fetch it again/;
      expect(() => gunzip(changed)).toThrow(message);
      expect(() => gunzip(concatenateBytes([changed, bytes]))).toThrow(message);
    }
  });

  it("stops at the bound, long before a bomb has unfolded", () => {
    const bomb = concatenateBytes(Array(2000).fill(gzipSync(new Uint8Array(1_000_000)))); // two gigabytes in two megabytes
    const start = cpuTimeMs();
    expect(() => gunzip(bomb, 1000)).toThrow(
      /fasta: a\.gz: gzip data expands beyond 1000 bytes; unpack and split it/,
    );
    expect(cpuTimeMs() - start).toBeLessThan(500);
  });

  it("refuses more members than any writer makes", () => {
    const members = concatenateBytes(Array(30_001).fill(bgzipEnd));
    const start = cpuTimeMs();
    expect(() => gunzip(members)).toThrow(/more than 30000 members; unpack it first/);
    expect(cpuTimeMs() - start).toBeLessThan(6000);
  });

  it("takes twice the time for twice the members", () => {
    const timeOf = (count: number) => {
      const members = concatenateBytes(Array(count).fill(bgzipEnd));
      const start = cpuTimeMs();
      gunzip(members);
      return cpuTimeMs() - start;
    };
    timeOf(1000);
    expect(timeOf(10_000)).toBeLessThan(6 * timeOf(5000) + 200);
  });

  it("reads or refuses each of 3000 damaged files, and never gives other bytes", async () => {
    const file = concatenateBytes([gzipSync(noise.subarray(0, 300)), gzipSync(noise.subarray(300, 500))]);
    const outcome = await readMutated(file, 3000, (damaged) => {
      const bytes = gunzip(damaged);
      expect(noise.subarray(0, bytes.length)).toEqual(bytes);
    });
    expect(outcome.refused).toBeGreaterThan(2000);
  });
});

it("isGzip tells gzip from other bytes", () => {
  expect(isGzip(gzipSync(noise))).toBe(true);
  expect(isGzip(Uint8Array.of(0x1f))).toBe(false);
  expect(isGzip(Uint8Array.of(0x3e, 0x41))).toBe(false);
});
