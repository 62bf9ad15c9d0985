import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { describe, expect, inject, it } from "vitest";

const { folder, tarball } = inject("release");
const installed = join(folder, "node_modules", "proteoscope");
const shell = process.platform === "win32";

function proteoscope(...words: string[]) {
  return spawnSync("npx", ["--no-install", "proteoscope", ...words], {
    cwd: folder,
    encoding: "utf8",
    shell,
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

  it("is a package as npm and bundlers want it", async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg!, { color: false }))).toEqual([]);
  });

  it("brings no sources, no workspaces and no source maps", () => {
    expect(readdirSync(installed)).not.toContain("src");
    expect(readdirSync(join(folder, "node_modules"))).not.toContain("@proteoscope");
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(files.filter((path) => /\.map$|(?<!\.d)\.ts$/.test(path) && !path.startsWith("examples"))).toEqual(
      [],
    );
  });

  it("does not install what only a page needs", () => {
    expect(existsSync(join(folder, "node_modules", "onnxruntime-web"))).toBe(false);
  });

  it("runs without ONNX Runtime's binaries for other systems", () => {
    const runtime = join(folder, "node_modules", "onnxruntime-node");
    const [api] = readdirSync(join(runtime, "bin"));
    const own = join(process.platform, process.arch);
    const systems = readdirSync(join(runtime, "bin", api!)).flatMap((system) =>
      readdirSync(join(runtime, "bin", api!, system)).map((arch) => join(system, arch)),
    );
    expect(systems).toContain(own);
    for (const other of systems.filter((system) => system !== own))
      rmSync(join(runtime, "bin", api!, other), { recursive: true });
    const { status, stdout } = proteoscope("doctor", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout).devices[0]).toMatchObject({ device: "cpu", available: true });
  });
});
