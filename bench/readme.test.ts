import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { cases } from "./cases/index.ts";

it("the README has a row for every case", () => {
  const readme = readFileSync(new URL("./README.md", import.meta.url), "utf8");
  const rows = [...readme.matchAll(/^\| `([\w.-]+)`/gm)].map(([, name]) => name);
  expect(rows).toEqual(cases.map(({ name }) => name));
});
