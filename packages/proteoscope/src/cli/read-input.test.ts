import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { readStdin } from "./read-stdin.ts";

const never = new AbortController().signal;

describe("readStdin", () => {
  it("joins pieces, also where a character lies on their border", async () => {
    const bytes = Buffer.from(">β\nMKT\n");
    const pieces = Readable.from([bytes.subarray(0, 2), bytes.subarray(2)], { objectMode: false });
    expect(await readStdin(pieces, never)).toBe(">β\nMKT\n");
    expect(await readStdin(Readable.from([">a\n", "MKT"]), never)).toBe(">a\nMKT");
    expect(await readStdin(Readable.from([]), never)).toBe("");
  });

  it("stops waiting when it is told to", async () => {
    const controller = new AbortController();
    const silent = new Readable({ read: () => undefined });
    const reading = readStdin(silent, controller.signal);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    expect(silent.destroyed).toBe(true);
  });

  it("refuses more than 256 MB", async () => {
    const piece = "A".repeat(2 ** 26);
    const endless = Readable.from(
      (function* () {
        for (;;) yield piece;
      })(),
    );
    await expect(readStdin(endless, never)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining("more than 256 MB"),
    });
  });
});
