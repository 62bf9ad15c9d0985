// How long a user waits for nothing at all: from starting the process to its end, straight from the sources.
// Everything else that the command line does comes on top of this.
import type { BenchCase } from "../case.ts";
import { runCommandProcess } from "../command-process.ts";

/** `proteoscope --version`, cold. */
export const cliCold: BenchCase = {
  name: "cli.version.cold",
  title: "`proteoscope --version`, process start to end",
  prepare: async () => {
    let peakMb = 0;
    return {
      gflop: null,
      async run() {
        peakMb = Math.max(peakMb, await runCommandProcess(["--version"]));
      },
      peakMb: () => peakMb,
    };
  },
};
