// How long a user waits for nothing at all: from starting the process to its end, straight from the sources.
// Everything else that the command line does comes on top of this.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BenchCase } from "../case.ts";

const program = fileURLToPath(new URL("../../packages/proteoscope/bin/proteoscope.mjs", import.meta.url));

/** `proteoscope --version`, cold. */
export const cliCold: BenchCase = {
  name: "cli.version.cold",
  gflop: null,
  outOfProcess: true,
  prepare: async () => ({
    async run() {
      const child = spawn(process.execPath, [program, "--version"], { stdio: "ignore" });
      const [code] = await once(child, "exit");
      if (code !== 0) throw new Error(`proteoscope --version ended with code ${code}`);
    },
  }),
};
