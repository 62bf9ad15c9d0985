import fc from "fast-check";
import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readMutated } from "../testing/mutate.ts";
import { readZipEntries, unpackZipEntry } from "./zip.ts";

const mtime = new Date(1980, 0, 1);
const text = "fluorescence ".repeat(20);
const archive = zipSync({
  "a.txt": [strToU8(text), { level: 6, mtime }],
  "dir/b.bin": [Uint8Array.of(1, 2, 3), { level: 0, mtime }],
});

function unpackAll(bytes: Uint8Array): Record<string, Uint8Array> {
  const entries = [...readZipEntries(bytes, "zip")];
  return Object.fromEntries(entries.map(([name, entry]) => [name, unpackZipEntry(entry, "zip")]));
}

/** The archive with `value` written at `offset` behind the start of its last central record. */
function withCentralField(offset: number, value: number): Uint8Array {
  const bytes = archive.slice();
  const record = bytes.findLastIndex(
    (_, i) => bytes[i] === 0x50 && bytes[i + 1] === 0x4b && bytes[i + 2] === 1,
  );
  new DataView(bytes.buffer).setUint32(record + offset, value, true);
  return bytes;
}

/** Rewrites the end of an archive of small size the way Zip64 writers do, with sizes in 64-bit records. */
function toZip64(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 22;
  const old = new DataView(bytes.buffer, bytes.byteOffset);
  const result = new Uint8Array(bytes.length + 76);
  result.set(bytes.subarray(0, end));
  result.set(bytes.subarray(end), end + 76);
  const view = new DataView(result.buffer);
  view.setUint32(end, 0x06064b50, true);
  view.setBigUint64(end + 4, 44n, true);
  view.setBigUint64(end + 32, BigInt(old.getUint16(end + 10, true)), true);
  view.setBigUint64(end + 40, BigInt(old.getUint32(end + 12, true)), true);
  view.setBigUint64(end + 48, BigInt(old.getUint32(end + 16, true)), true);
  view.setUint32(end + 56, 0x07064b50, true);
  view.setBigUint64(end + 64, BigInt(end), true);
  view.setUint16(end + 76 + 10, 0xffff, true);
  view.setUint32(end + 76 + 12, 0xffffffff, true);
  view.setUint32(end + 76 + 16, 0xffffffff, true);
  return result;
}

describe("zip", () => {
  it("lists and unpacks stored and deflated entries", () => {
    const entries = readZipEntries(archive, "zip");
    expect([...entries.values()].map(({ name, method, size }) => [name, method, size])).toEqual([
      ["a.txt", "deflated", text.length],
      ["dir/b.bin", "stored", 3],
    ]);
    expect(unpackAll(archive)).toEqual({ "a.txt": strToU8(text), "dir/b.bin": Uint8Array.of(1, 2, 3) });
  });

  it("gives stored entries as views of the file", () => {
    const entry = readZipEntries(archive, "zip").get("dir/b.bin")!;
    expect(unpackZipEntry(entry, "zip").buffer).toBe(archive.buffer);
  });

  it("unpacks what any archive was made of", () => {
    const files = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.uint8Array({ maxLength: 200 }));
    fc.assert(
      fc.property(files, fc.constantFrom(0 as const, 6 as const), (content, level) => {
        expect(unpackAll(zipSync(content, { level }))).toEqual({ ...content });
      }),
    );
  });

  it("reads a Zip64 directory", () => {
    expect(unpackAll(toZip64(archive))).toEqual(unpackAll(archive));
  });

  it("skips a comment behind the end record", () => {
    const bytes = new Uint8Array([...archive, ...strToU8("comment")]);
    expect(Object.keys(unpackAll(bytes))).toEqual(["a.txt", "dir/b.bin"]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["three bytes", Uint8Array.of(0x50, 0x4b, 3), /not a zip archive, or cut short/],
    ["an archive without its end", archive.slice(0, -30), /not a zip archive, or cut short/],
    ["an encrypted entry", withCentralField(8, 1), /is encrypted/],
    ["an unknown method", withCentralField(10, 99), /packed by method 99/],
    ["a stored entry of two sizes", withCentralField(24, 4), /its two sizes differ/],
    ["an entry beyond the file", withCentralField(20, 0x7fffffff), /reaches beyond the file/],
    ["a local header beyond the file", withCentralField(42, 0x7fffffff), /no local header/],
    ["Zip64 sizes that are not there", withCentralField(24, 0xffffffff), /Zip64 sizes are missing/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => unpackAll(bytes)).toThrow(FormatError);
    expect(() => unpackAll(bytes)).toThrow(message);
  });

  it("refuses an entry that promises more than deflate can unfold", () => {
    const bytes = archive.slice();
    const central = bytes.findIndex(
      (_, i) => bytes[i] === 0x50 && bytes[i + 1] === 0x4b && bytes[i + 2] === 1,
    );
    new DataView(bytes.buffer).setUint32(central + 24, 0x7fffffff, true);
    expect(() => unpackAll(bytes)).toThrow(/cannot unfold \d+ bytes into 2147483647/);
  });

  it("refuses entries that share their bytes, which would unfold to the square of the file's size", () => {
    const bytes = zipSync({ a: strToU8(text), b: strToU8(text) });
    const view = new DataView(bytes.buffer);
    const second = bytes.findLastIndex(
      (_, i) => view.byteLength - i >= 4 && view.getUint32(i, true) === 0x02014b50,
    );
    view.setUint32(second + 42, 0, true);
    expect(() => readZipEntries(bytes, "zip")).toThrow(/entry "[ab]" lies on another/);
  });

  it("takes twice the time for twice as many entries", () => {
    const timeOf = (count: number): number => {
      const bytes = zipSync(
        Object.fromEntries(Array.from({ length: count }, (_, i) => [`e${i}`, strToU8("x")])),
        { level: 0 },
      );
      const start = cpuTimeMs();
      expect(readZipEntries(bytes, "zip").size).toBe(count);
      return cpuTimeMs() - start;
    };
    timeOf(1000);
    expect(timeOf(40_000)).toBeLessThan(5 * timeOf(20_000) + 200);
  });

  it("names an entry in few words that a terminal does not obey", () => {
    const bytes = zipSync({ [`\u001b[2J${"x".repeat(60_000)}`]: strToU8("x") });
    bytes[
      bytes.findLastIndex((_, i) => bytes[i] === 0x50 && bytes[i + 1] === 0x4b && bytes[i + 2] === 1) + 8
    ] = 1;
    expect(() => readZipEntries(bytes, "zip")).toThrow(
      /^zip: entry "\\u\{1b\}\[2Jx{50,80}\u2026" is encrypted[^\p{Cc}]*$/u,
    );
  });

  it.each([
    ["the archive", archive],
    ["its Zip64 form", toZip64(archive)],
  ])("reads or refuses each of 3000 damaged copies of %s", async (_, bytes) => {
    const outcome = await readMutated(bytes, 3000, unpackAll);
    expect(outcome.read).toBeGreaterThan(50);
    expect(outcome.refused).toBeGreaterThan(500);
  });
});
