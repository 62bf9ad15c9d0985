import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listChecksums } from "../checksums.ts";
import { runCommandLine } from "../cli.ts";
import { recordCommandContext } from "../testing/command-context.ts";
import { type DoctorReport, examineModel } from "./doctor.ts";

describe("proteoscope doctor", () => {
  it("prints one JSON document about this machine", async () => {
    const { commandContext, output } = recordCommandContext({ HF_HOME: join(tmpdir(), "hub-home") });
    await runCommandLine(["doctor", "--json"], commandContext);
    const report: DoctorReport = JSON.parse(output.stdout);
    expect(report.node).toBe(process.version);
    expect(report.cores).toBeGreaterThan(0);
    expect(report.memoryMb.total).toBeGreaterThan(report.memoryMb.free);
    expect(report.devices.map(({ device }) => device)).toEqual(["cpu", "webgpu", "cuda"]);
    expect(report.devices[0]).toMatchObject({ device: "cpu", available: true });
    expect(report.caches[0]).toEqual({
      name: "Hugging Face",
      path: join(tmpdir(), "hub-home", "hub"),
      writable: true,
    });
    expect(output.stderr).toBe("");
  });

  it("prints the same for people, a line each", async () => {
    const { commandContext, output } = recordCommandContext();
    await runCommandLine(["doctor"], commandContext);
    expect(output.stdout).toMatch(/^proteoscope +\d+\.\d+\.\d+$/m);
    expect(output.stdout).toContain(process.version);
    expect(output.stdout).toMatch(/^cpu +available: /m);
    expect(output.stdout).toMatch(/^model +proteoscope-mini: /m);
  });
});

describe("the model's state", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "proteoscope-doctor-"));
    writeFileSync(join(folder, "model.safetensors"), "weights");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is missing where there is no folder, unlisted where nothing vouches for it", async () => {
    expect((await examineModel(undefined)).state).toBe("missing");
    expect((await examineModel(folder)).state).toBe("unlisted");
  });

  it("is whole until a byte changes, and then names the file", async () => {
    writeFileSync(join(folder, "SHA256SUMS"), await listChecksums(folder));
    expect((await examineModel(folder)).state).toBe("whole");
    writeFileSync(join(folder, "model.safetensors"), "Weights");
    expect(await examineModel(folder)).toMatchObject({
      state: "damaged",
      detail: "model.safetensors changed: install the package again",
    });
  });
});
