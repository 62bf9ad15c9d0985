import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cases } from "./cases/index.ts";
import { openPeer } from "./peer.ts";

const folder = mkdtempSync(join(tmpdir(), "proteoscope-peer-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** An interpreter that runs these lines of JavaScript whatever script it is given. */
function interpreter(name: string, lines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!${process.execPath}\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

const hello = `console.log(JSON.stringify({ name: "torch", version: process.argv.slice(3).join(" ") }));`;
const block = { script: "block", work: [128, 25] } as const;
const unix = it.skipIf(process.platform === "win32");

unix("a peer says what it is, and answers a run with its own milliseconds", async () => {
  const python = interpreter(
    "python",
    `${hello} process.stdin.on("data", (line) => console.log(String(line) === "run 1\\n" ? "12.5" : "what?"));`,
  );
  const peer = await openPeer(block, { python, threads: 3 });
  expect(peer).toMatchObject({ name: "torch", version: "3 128 25" });
  expect([await peer!.run(), await peer!.run()]).toEqual([12.5, 12.5]);
  await peer!.close();
  await peer!.close();
});

unix("there is no peer where a library is missing", async () => {
  const python = interpreter("bare", `console.log('{"missing": "No module named torch"}');`);
  expect(await openPeer(block, { python })).toBeUndefined();
});

it("there is no peer where there is no Python", async () => {
  expect(await openPeer(block, { python: join(folder, "nothing") })).toBeUndefined();
});

unix("a peer that breaks is an error that names it", async () => {
  const silent = interpreter("silent", "process.exit(1);");
  await expect(openPeer(block, { python: silent })).rejects.toThrow(
    "block.py 128 25 ended before it answered",
  );
  const wordy = interpreter("wordy", `${hello} process.stdin.on("data", () => console.log("tired"));`);
  const peer = await openPeer(block, { python: wordy });
  await expect(peer!.run()).rejects.toThrow('answered "tired", not milliseconds');
  await peer!.close();
});

it("every case with a peer names a script that is there", () => {
  const scripts = readdirSync(new URL("./peers", import.meta.url));
  for (const { peer } of cases) if (peer !== undefined) expect(scripts).toContain(`${peer.script}.py`);
});

function hasTorch(): boolean {
  try {
    execFileSync(process.env.PROTEOSCOPE_PYTHON ?? "python3", ["-c", "import torch"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

it.skipIf(!hasTorch())("PyTorch takes its turn where it is installed", async () => {
  const peer = await openPeer({ script: "block", work: [32, 5, 1] }, { threads: 1 });
  expect(peer!.name).toBe("torch");
  expect(peer!.version).toMatch(/^\d+\.\d+/);
  expect(await peer!.run()).toBeGreaterThan(0);
  await peer!.close();
});
