// One image of the shipped model end to end, by 15 steps of DPM-Solver++: cold, from process start to files written, as
// `proteoscope generate` makes it; and warm, the next image of a process whose networks are compiled.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFiles, generate, openMicroscope, readModel } from "@proteoscope/microscope";
import { withOutputFolder } from "../../packages/proteoscope/src/cli/output.ts";
import { openModel } from "../../packages/proteoscope/src/model-folder.ts";
import { readNuclei } from "../../packages/proteoscope/src/nuclei.ts";
import { readProteins } from "../../packages/proteoscope/src/proteins.ts";
import type { BenchCase } from "../case.ts";
import { runCommandProcess } from "../command-process.ts";

const protein = "FBL";
const settings = { samples: 1, steps: 15, sampler: "dpm++", seed: 0 } as const;

export interface MiniOptions {
  /** A model folder; the shipped one when absent. */
  readonly model?: string;
}

export const miniImages: readonly BenchCase[] = [miniCold(), miniWarm()];

export function miniCold({ model }: MiniOptions = {}): BenchCase {
  return {
    name: "mini.image.cold",
    title:
      "`proteoscope generate`, one image of the shipped model in 15 steps, process start to files written",
    async prepare() {
      const folder = await mkdtemp(join(tmpdir(), "proteoscope-bench-"));
      const options = { ...settings, output: folder, ...(model === undefined ? {} : { model }) };
      const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
      let peakMb = 0;
      return {
        gflop: null,
        async run() {
          peakMb = Math.max(peakMb, await runCommandProcess(["generate", protein, ...words]));
        },
        peakMb: () => peakMb,
        close: () => rm(folder, { recursive: true }),
      };
    },
  };
}

export function miniWarm({ model }: MiniOptions = {}): BenchCase {
  return {
    name: "mini.image.warm",
    title: "the same image in a process that has drawn before: sequence to files written",
    warmUpRuns: 3,
    async prepare(runtime) {
      const files = await openModel(model);
      const microscope = openMicroscope(runtime, await readModel(files));
      const nuclei = await readNuclei(files, { seed: settings.seed });
      const proteins = await readProteins(protein);
      const folder = await mkdtemp(join(tmpdir(), "proteoscope-bench-"));
      return {
        gflop: null,
        async run() {
          for await (const cell of generate(microscope, { proteins, nuclei, settings }))
            await withOutputFolder(folder, async (output) => {
              for (const [path, bytes] of encodeFiles(cell, ["png", "ome-tiff"]))
                await output.write(path, bytes);
            });
        },
        async close() {
          await microscope.close();
          await rm(folder, { recursive: true });
        },
      };
    },
  };
}
