import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { subpaths } from "../../scripts/release/subpaths.ts";
import { repositoryRoot } from "../architecture/repository.ts";
import { interfaceModules } from "./modules.ts";
import { hasSentence, readPublicApi } from "./public-api.ts";

// One list per module, one name per line, so that a diff shows what was added to an interface and what was taken away.
// After a change that is meant: `npm run api:update`.
const lists = join(import.meta.dirname, "exports");
const modules = interfaceModules();
const api = readPublicApi(repositoryRoot, [...modules.values()]);

describe("what can be imported", () => {
  it.each([...modules])("from %s is what its list says", async (name, module) => {
    const lines = api.get(module)!.map(({ name, isType }) => (isType ? `type ${name}` : name));
    expect(lines).not.toEqual([]);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(join(lists, `${name}.txt`));
  });

  it("has no list that is left over", () => {
    expect(readdirSync(lists).sort()).toEqual([...modules.keys()].map((name) => `${name}.txt`).sort());
  });
});

describe("the library's reference", () => {
  it("has a sentence on every name", () => {
    const names = Object.values(subpaths).flatMap((module) => api.get(module)!);
    const undocumented = names.filter(({ docstring }) => !hasSentence(docstring));
    const report = undocumented.map(({ name, path, line }) => `${path}:${line}: ${name}`);
    expect([...new Set(report)].sort().join("\n")).toBe("");
  });
});
