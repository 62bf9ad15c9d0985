// Runs the product's command line as a user does, in a process of its own, and learns how much memory that took.
// Straight from the sources, as `npx proteoscope` does in a clone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../packages/proteoscope/bin/proteoscope.mjs", import.meta.url));
const reportPeak = new URL("./report-peak.mjs", import.meta.url).href;

/** Runs `proteoscope` with words to its end; returns the megabytes it held. @throws Error with what it said. */
export async function runCommandProcess(words: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ["--import", reportPeak, program, ...words], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const [said, peakKilobytes, [code]] = await Promise.all([
    text(child.stderr!),
    text(child.stdio[3] as Readable),
    once(child, "close"),
  ]);
  if (code !== 0) throw new Error(`proteoscope ${words.join(" ")} ended with code ${code}: ${said.trim()}`);
  return Number(peakKilobytes) / 1024;
}
