// `proteoscope doctor`: what would run where. Prints what this machine has (Node, cores, memory, devices), whether the
// shipped model is there and whole, and where caches lie; it changes nothing and needs no network.
import { existsSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { arch, availableParallelism, freemem, platform, release, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolders } from "../cache-folders.ts";
import { checksumFileName, verifyChecksums } from "../checksums.ts";
import { defineCommand } from "../cli/command.ts";
import { exitCodes } from "../cli/errors.ts";
import { printJson, printLines } from "../cli/print.ts";
import { findShipped, packageVersion, shippedModelName } from "../package-files.ts";

export interface DoctorReport {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memoryMb: { readonly total: number; readonly free: number };
  readonly devices: readonly DeviceState[];
  readonly model: ModelState;
  readonly caches: readonly { readonly name: string; readonly path: string; readonly writable: boolean }[];
}

export interface DeviceState {
  readonly device: string;
  readonly available: boolean;
  readonly detail: string;
}

export interface ModelState {
  readonly name: string;
  readonly path: string | undefined;
  readonly state: "whole" | "damaged" | "unlisted" | "missing";
  readonly detail: string;
}

export const doctorCommand = defineCommand({
  name: "doctor",
  description: "Say what would run where: this machine, the shipped model, the caches",
  args: {},
  examples: ["proteoscope doctor", "proteoscope doctor --json"],
  async run(args, { stdout, env }) {
    const report = await examine(env);
    if (args.json) printJson(stdout, report);
    else printLines(stdout, ...describe(report));
    return report.model.state === "damaged" ? exitCodes.failure : exitCodes.ok;
  },
});

async function examine(env: Readonly<Record<string, string | undefined>>): Promise<DoctorReport> {
  const toMb = (bytes: number): number => Math.round(bytes / 2 ** 20);
  const folders = cacheFolders(env);
  return {
    version: packageVersion(),
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    cores: availableParallelism(),
    memoryMb: { total: toMb(totalmem()), free: toMb(freemem()) },
    devices: await examineDevices(),
    model: await examineModel(findShipped(join("checkpoints", shippedModelName))),
    caches: await Promise.all([
      examineCache("Hugging Face", folders.huggingFace),
      examineCache("proteoscope", folders.proteoscope),
    ]),
  };
}

// The runtime is loaded here and not above: the help of this command does not wait for it.
async function examineDevices(): Promise<readonly DeviceState[]> {
  const { describeDevices } = await import("@proteoscope/engine/node");
  return describeDevices();
}

/** Whether a model folder is there and its files have the checksums that it lists. */
export async function examineModel(path: string | undefined): Promise<ModelState> {
  const name = shippedModelName;
  if (path === undefined) return { name, path, state: "missing", detail: "not in this installation" };
  if (!existsSync(join(path, checksumFileName))) {
    return { name, path, state: "unlisted", detail: `has no ${checksumFileName} to check it against` };
  }
  const problems = await verifyChecksums(path);
  if (problems.length === 0) return { name, path, state: "whole", detail: "every file has its sha256" };
  const detail = problems.map(({ file, problem }) => `${file} ${problem}`).join(", ");
  return { name, path, state: "damaged", detail: `${detail}: install the package again` };
}

// A cache that does not exist yet is as good as the nearest folder above it that does.
async function examineCache(name: string, path: string) {
  let existing = path;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const writable = await access(existing, constants.W_OK).then(
    () => true,
    () => false,
  );
  return { name, path, writable };
}

function describe(report: DoctorReport): string[] {
  const { model, memoryMb } = report;
  const rows: [string, string][] = [
    ["proteoscope", report.version],
    ["Node", report.node],
    ["platform", report.platform],
    ["cores", String(report.cores)],
    ["memory", `${memoryMb.total} MB, ${memoryMb.free} MB free`],
    ...report.devices.map(({ device, available, detail }): [string, string] => [
      device,
      `${available ? "available" : "not available"}: ${detail}`,
    ]),
    ["model", `${model.name}: ${model.state}, ${model.detail}${model.path ? ` (${model.path})` : ""}`],
    ...report.caches.map(({ name, path, writable }): [string, string] => [
      `${name} cache`,
      `${path}${writable ? "" : " (not writable)"}`,
    ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
