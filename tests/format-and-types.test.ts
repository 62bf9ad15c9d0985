import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { repositoryRoot } from "./architecture/repository.ts";

// A tool that is content prints nothing that matters: its words are shown only if it fails.
function expectContent(tool: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(join("node_modules", ".bin", tool), args, {
    cwd: repositoryRoot,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) expect.fail(`${tool} exited with ${status}\n${stdout}${stderr}`);
}

it("every file is formatted and passes the linter", () => {
  expectContent("biome", ["check", "--colors=off", "--error-on-warnings", "."]);
});

it("everything type-checks under the strict settings", () => {
  expectContent("tsc", ["--noEmit", "-p", "."]);
});

it("the components of the page type-check, and have no warning", () => {
  const project = ["--workspace", "packages/web", "--tsconfig", "tsconfig.json"];
  expectContent("svelte-check", [...project, "--fail-on-warnings", "--output", "human"]);
});
