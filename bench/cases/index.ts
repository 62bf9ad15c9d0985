// All benchmarks, in the order they run and are printed.
// A new case is one file beside this one and one line here.
import type { BenchCase } from "../case.ts";
import { cliCold } from "./cli-cold.ts";

export const cases: readonly BenchCase[] = [cliCold];
