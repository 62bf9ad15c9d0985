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

  const subpaths = { ".": "packages/proteoscope/src/index.ts", "./web": "packages/proteoscope/src/web.ts" };
  const ranges = { runtime: "^1.0.0", "onnxruntime-web": "^2.0.0", unused: "^3.0.0" };
  const made = releaseManifest(own, ranges, ["onnxruntime-web", "runtime"], subpaths);

  it("keeps what is said of the package, and depends on what its files import", () => {
    const { exports: _, peerDependencies: __, peerDependenciesMeta: ___, ...rest } = made;
    expect(rest).toEqual({
      name: "proteoscope",
      version: "1.2.3",
      bin: { proteoscope: "bin/proteoscope.mjs" },
      sideEffects: ["./dist/*worker.js"],
      dependencies: { runtime: "^1.0.0" },
    });
  });

  it("exports each subpath with its types, which come first, as resolvers need it", () => {
    expect(made.exports).toEqual({
      ".": { types: "./types/proteoscope/index.d.ts", default: "./dist/index.js" },
      "./web": { types: "./types/proteoscope/web.d.ts", default: "./dist/web.js" },
      "./web/worker": "./dist/web-worker.js",
      "./package.json": "./package.json",
    });
    expect(Object.keys((made.exports as Record<string, object>)["."]!)).toEqual(["types", "default"]);
  });

  it("leaves to a page what only a page needs", () => {
    expect(made.peerDependencies).toEqual({ "onnxruntime-web": "^2.0.0" });
    expect(made.peerDependenciesMeta).toEqual({ "onnxruntime-web": { optional: true } });
  });

  it("refuses an import that no workspace answers for", () => {
    expect(() => releaseManifest(own, {}, ["left-pad"], subpaths)).toThrow(
      "left-pad, which no workspace depends on",
    );
  });
});
