import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeApiDocs } from "../../scripts/api-docs.ts";
import { subpaths } from "../../scripts/release/subpaths.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-api-docs-"));
  await writeApiDocs(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the reference of the library", () => {
  it("has one page per subpath, and a list of them", () => {
    const names = Object.keys(subpaths).map((subpath) => `proteoscope${subpath.slice(1)}`);
    const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".md"),
    );
    expect(pages.sort()).toEqual(["README.md", ...names.map((name) => `${name}.md`)].sort());
    const list = readFileSync(join(folder, "README.md"), "utf8");
    for (const name of names) expect(list).toContain(`[${name}](${name}.md)`);
  });

  it("gives signatures with their docstrings", () => {
    const page = readFileSync(join(folder, "proteoscope.md"), "utf8");
    expect(page).toContain("### openRuntime()");
    expect(page).toContain("Number of threads of the cpu device; the machine's cores when absent.");
  });
});
