// All benchmarks, in the order they run and are printed; those of `--scaling` are a set of their own.
// A new case is one file beside this one and one line here.
import type { BenchCase } from "../case.ts";
import { cliCold } from "./cli-cold.ts";
import { convBlocks } from "./conv-block.ts";
import { esm2Cases } from "./esm2.ts";
import { imagePaper } from "./image-paper.ts";
import { loader } from "./loader.ts";
import { miniImages } from "./mini-image.ts";
import { overheadCases } from "./overhead.ts";
import { releasedCases } from "./released.ts";
import { scalingCases } from "./scaling.ts";
import { unetStep } from "./unet-step.ts";
import { unetTrain } from "./unet-train.ts";
import { vaeDecode, vaeTrain } from "./vae.ts";

export const cases: readonly BenchCase[] = [
  unetStep,
  unetTrain,
  loader,
  imagePaper,
  ...overheadCases,
  vaeDecode,
  vaeTrain,
  ...esm2Cases,
  ...convBlocks,
  ...releasedCases,
  ...miniImages,
  cliCold,
];

export { scalingCases };

/** @throws Error when there is no such benchmark. */
export function caseOf(name: string): BenchCase {
  const found = [...cases, ...scalingCases].find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`there is no benchmark "${name}"; --list names them all`);
  return found;
}
