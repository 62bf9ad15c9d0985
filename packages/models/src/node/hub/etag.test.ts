import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkableEtag, etagOfFile } from "./etag.ts";

const mebibyte = 2 ** 20;
const bytes = Buffer.alloc(17 * mebibyte, "ACDEFGHIKLMNPQRSTVWY");
const md5 = (data: Buffer) => createHash("md5").update(data).digest();
const inParts = [
  bytes.subarray(0, 8 * mebibyte),
  bytes.subarray(8 * mebibyte, 16 * mebibyte),
  bytes.subarray(16 * mebibyte),
];
const multipart = `${md5(Buffer.concat(inParts.map(md5))).toString("hex")}-3`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-etag-"));
  writeFileSync(join(folder, "file"), bytes);
  writeFileSync(join(folder, "two"), bytes.subarray(0, 16 * mebibyte));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("an ETag", () => {
  it("can be checked where it is an md5, of the whole or of parts of 8 MiB", () => {
    const whole = md5(bytes).toString("hex");
    expect(checkableEtag(`"${whole}"`, bytes.length)).toBe(whole);
    expect(checkableEtag(`"${multipart}"`, bytes.length)).toBe(multipart);
    for (const other of [`"${whole}-2"`, `W/"${whole}"`, '"5f3a-1c"', undefined])
      expect(checkableEtag(other, bytes.length)).toBeUndefined();
  });

  it("is that of the file's bytes", async () => {
    expect(await etagOfFile(join(folder, "file"), "any")).toBe(md5(bytes).toString("hex"));
    expect(await etagOfFile(join(folder, "file"), "any-3")).toBe(multipart);
    const two = `${md5(Buffer.concat(inParts.slice(0, 2).map(md5))).toString("hex")}-2`;
    expect(await etagOfFile(join(folder, "two"), "any-2")).toBe(two);
  });
});
