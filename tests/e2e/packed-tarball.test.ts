import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packRelease } from "../../scripts/pack.ts";

// The user's side of a release: an empty folder, the tarball, and nothing of this repository.
let folder: string;
let tarball: string;
const isWindows = process.platform === "win32";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-install-"));
  tarball = await packRelease(folder);
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", `./${basename(tarball)}`], {
    cwd: folder,
    stdio: "pipe",
    shell: isWindows,
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function proteoscope(...words: string[]) {
  return spawnSync("npx", ["--no-install", "proteoscope", ...words], {
    cwd: folder,
    encoding: "utf8",
    shell: isWindows,
  });
}

describe("the packed release, installed in an empty folder", () => {
  it("knows its version", () => {
    const { status, stdout } = proteoscope("--version");
    expect(status).toBe(0);
    expect(basename(tarball)).toBe(`proteoscope-${stdout.trim()}.tgz`);
  });

  it("describes the machine as JSON", () => {
    const { status, stdout } = proteoscope("doctor", "--json");
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.node).toBe(process.version);
    expect(report.devices[0]).toMatchObject({ device: "cpu", available: true });
    expect(report.model.state).not.toBe("damaged");
  });

  it("ends with code 2 at a mistyped command", () => {
    const { status, stdout, stderr } = proteoscope("docter");
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("did you mean doctor?");
  });

  it("can be imported as a library", () => {
    const program = 'import { packageVersion } from "proteoscope"; console.log(packageVersion());';
    const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("brings no sources and no workspaces", () => {
    const installed = join(folder, "node_modules", "proteoscope");
    expect(readdirSync(installed)).not.toContain("src");
    expect(readdirSync(join(folder, "node_modules"))).not.toContain("@proteoscope");
  });
});
