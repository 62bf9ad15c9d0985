import { describe, expect, it } from "vitest";
import { mergeDependencies, releaseManifest } from "./manifest.ts";

const engine = {
  name: "@proteoscope/engine",
  version: "1.0.0",
  dependencies: { runtime: "^1.0.0", browser: "^2.0.0" },
};
const models = {
  name: "@proteoscope/models",
  version: "1.0.0",
  dependencies: { "@proteoscope/engine": "1.0.0", runtime: "^1.0.0" },
};

describe("the dependencies of all workspaces", () => {
  it("are merged without our own packages", () => {
    expect(mergeDependencies([engine, models])).toEqual({ runtime: "^1.0.0", browser: "^2.0.0" });
  });

  it("must agree on their versions", () => {
    const other = { ...models, dependencies: { runtime: "^2.0.0" } };
    expect(() => mergeDependencies([engine, other])).toThrow(
      "runtime is wanted as ^2.0.0 by @proteoscope/models but as ^1.0.0 by @proteoscope/engine",
    );
  });
});

describe("the manifest of a release", () => {
  const own = {
    name: "proteoscope",
    version: "1.2.3",
    private: true,
    bin: { proteoscope: "bin/proteoscope.mjs" },
    exports: { ".": "./src/index.ts" },
    dependencies: { "@proteoscope/engine": "1.0.0" },
    devDependencies: { tsx: "^4.0.0" },
  };

  it("depends on what the bundle imports, and points at the bundle", () => {
    expect(releaseManifest(own, mergeDependencies([engine, models]), ["runtime"])).toEqual({
      name: "proteoscope",
      version: "1.2.3",
      bin: { proteoscope: "bin/proteoscope.mjs" },
      exports: { ".": "./dist/index.js", "./package.json": "./package.json" },
      dependencies: { runtime: "^1.0.0" },
    });
  });

  it("refuses an import that no workspace answers for", () => {
    expect(() => releaseManifest(own, {}, ["left-pad"])).toThrow("left-pad, which no workspace depends on");
  });
});
