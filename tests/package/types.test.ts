import { posix } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { nodeSubpaths, subpaths } from "../../scripts/release/subpaths.ts";
import { compilePrograms } from "./compile-programs.ts";

const { folder } = inject("release");

const names = (paths: readonly string[]): string[] => paths.map((path) => posix.join("proteoscope", path));
const forNode = names(Object.keys(subpaths).filter((path) => path !== "./web"));
const forPages = names(Object.keys(subpaths).filter((path) => !nodeSubpaths.includes(path)));

const importing = (modules: readonly string[]): string =>
  modules.map((name, i) => `import * as m${i} from "${name}";\nconsole.log(m${i});\n`).join("");

const using = `
import { add, f32, linear, type Model, type Tensor } from "proteoscope/engine";
import { parseFasta, type FastaRecord } from "proteoscope/formats";
import { unet } from "proteoscope/models";

const types = { x: f32("batch", 3) };
export const model: Model<typeof types> = (w, { x }) => ({ y: add(linear(w, x, 4), 1) });
/** What models returns is the very tensor that the engine takes. */
export const sum = (...inputs: Parameters<typeof unet>): Tensor => add(unet(...inputs), 1);
export const records: readonly FastaRecord[] = parseFasta(">a\\nMKV");
// @ts-expect-error a number is no FASTA file, so the types are not any
parseFasta(1);
// @ts-expect-error a model gives tensors
export const wrong: Model<typeof types> = () => ({ y: 1 });
`;

const library = `
import { generate, loadPretrained, localize, openMicroscope, openModel, openRuntime, readModel, readNuclei } from "proteoscope";

const runtime = await openRuntime({ device: "cpu" });
const folder = await openModel();
const microscope = openMicroscope(runtime, await readModel(folder));
const nuclei = await readNuclei(folder, { image: "nuclei.tif", pixelSizeMicrons: 0.2, maxNuclei: 3 });
const proteins = [{ id: "a", sequence: "MKV" }];
for await (const { images } of generate(microscope, { proteins, nuclei })) {
  const shape: readonly number[] = [images.height, images.width];
  console.log(shape);
}
export const answers: ReturnType<typeof localize> = localize(microscope, proteins);
export const network = await loadPretrained(folder);
// @ts-expect-error a microscope needs a model that was read
openMicroscope(runtime, folder);
`;

describe("the types of the packed release, in a strict project without skipLibCheck,", () => {
  it("resolve as Node resolves, from ES modules and from CommonJS", () => {
    const required = forNode
      .map((name, i) => `import m${i} = require("${name}");\nconsole.log(m${i});\n`)
      .join("");
    const programs = {
      "all.ts": importing(forNode),
      "required.cts": required,
      "using.ts": using,
      "library.ts": library,
    };
    const { problems } = compilePrograms(folder, "types-node", programs, {
      resolution: "nodenext",
      lib: ["es2023"],
      types: ["node"],
    });
    expect(problems).toBe("");
  });

  it("resolve as bundlers resolve, for a program on Node", () => {
    const { problems } = compilePrograms(
      folder,
      "types-bundler",
      { "library.ts": library },
      {
        resolution: "bundler",
        lib: ["es2023"],
        types: ["node"],
      },
    );
    expect(problems).toBe("");
  });

  it("resolve as bundlers resolve, for a page that knows nothing of Node", () => {
    const programs = { "all.ts": importing(forPages), "using.ts": using };
    const { problems } = compilePrograms(folder, "types-page", programs, {
      resolution: "bundler",
      lib: ["es2023", "dom"],
      types: [],
    });
    expect(problems).toBe("");
  });
});
