import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isStandardInput, readInput, readStream } from "./read-input.ts";

const never = new AbortController().signal;
const textOf = async (bytes: Promise<Uint8Array>) => Buffer.from(await bytes).toString();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-input-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("readStream", () => {
  it("gives the bytes as they are, in whatever pieces they come", async () => {
    const bytes = Uint8Array.of(0x1f, 0x8b, 0xff, 0xfe, 0, 0xce, 0xb2);
    const pieces = Readable.from([bytes.subarray(0, 2), bytes.subarray(2)], { objectMode: false });
    expect([...(await readStream(pieces, never))]).toEqual([...bytes]);
    expect(await textOf(readStream(Readable.from([">β\n", "MKT"]), never))).toBe(">β\nMKT");
    expect(await readStream(Readable.from([]), never)).toHaveLength(0);
  });

  it("stops waiting at an abort", async () => {
    const controller = new AbortController();
    const silent = new Readable({ read: () => undefined });
    const reading = readStream(silent, controller.signal);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    expect(silent.destroyed).toBe(true);
  });

  it("refuses more than 256 MB", async () => {
    const piece = Buffer.alloc(2 ** 26);
    const endless = Readable.from(
      (function* () {
        for (;;) yield piece;
      })(),
    );
    await expect(readStream(endless, never)).rejects.toMatchObject({
      kind: "data",
      message: expect.stringContaining("standard input holds more than 256 MB"),
    });
  });

  it("names standard input in an error of the system", async () => {
    const broken = new Readable({
      read() {
        this.destroy(Object.assign(new Error("EISDIR"), { code: "EISDIR" }));
      },
    });
    await expect(readStream(broken, never)).rejects.toMatchObject({ path: "standard input" });
  });
});

describe("isStandardInput", () => {
  it("knows the names that standard input has", () => {
    expect(["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].every(isStandardInput)).toBe(true);
    expect(["", "--", "/dev/fd/63", "stdin", "x.fasta"].some(isStandardInput)).toBe(false);
  });
});

describe("readInput", () => {
  it("reads a file", async () => {
    const path = join(folder, "a.fasta");
    writeFileSync(path, ">a\nMKT\n");
    expect(await textOf(readInput(path, never))).toBe(">a\nMKT\n");
  });

  it("names a missing file and a folder by their paths", async () => {
    const missing = join(folder, "missing");
    await expect(readInput(missing, never)).rejects.toMatchObject({ code: "ENOENT", path: missing });
    await expect(readInput(folder, never)).rejects.toMatchObject({ code: "EISDIR", path: folder });
  });
});

describe.skipIf(process.platform === "win32")("a named pipe", () => {
  const pipe = (name: string): string => {
    const path = join(folder, name);
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    return path;
  };

  it("is read to its end, however late its writer comes and in whatever pieces it writes", async () => {
    const path = pipe("late");
    const reading = textOf(readInput(path, never));
    await wait(50);
    const writer = createWriteStream(path);
    writer.write(">a\n");
    await wait(50);
    writer.end("MKT\n");
    expect(await reading).toBe(">a\nMKT\n");
  });

  it("stops waiting at an abort, with no writer and with a silent one", async () => {
    for (const name of ["nobody", "silent"]) {
      const controller = new AbortController();
      const path = pipe(name);
      const reading = readInput(path, controller.signal);
      reading.catch(() => undefined);
      const writer = name === "silent" ? createWriteStream(path) : undefined;
      await (writer ? once(writer, "open") : wait(50));
      controller.abort();
      await expect(reading).rejects.toMatchObject({ name: "AbortError" });
      writer?.destroy();
    }
  });

  it("is read where a shell gives one for a command", async () => {
    const module = JSON.stringify(new URL("./read-input.ts", import.meta.url).href);
    const script = `import { readInput } from ${module};
      const bytes = await readInput(process.argv[1], new AbortController().signal);
      process.stdout.write(Buffer.from(bytes).toString().toUpperCase());`;
    const node = [process.execPath, "--import", import.meta.resolve("tsx"), "--input-type=module", "--eval"];
    const words = [...node, script].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    const child = spawn("bash", ["-c", `${words} <(echo abc; sleep 0.1; echo def)`]);
    let stdout = "";
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    await once(child, "close");
    expect(stdout).toBe("ABC\nDEF\n");
  });
});
