// The command line that does what a job of the page does, for who wants it in a script. A nucleus of the library is chosen by
// the seed there, so that the command is exact where the page took the nucleus of the seed.
import type { JobRequest, Protein } from "../api/types.ts";

/** The command of a request; null where the command line has no way to name its nuclei. */
export function cliCommand(request: JobRequest): string | null {
  switch (request.kind) {
    case "generate": {
      const { settings, nuclei, proteins } = request;
      if (nuclei.length !== 1 || nuclei[0] !== `library:${settings.seed}`) return null;
      const options = [
        ...["--samples", settings.samples, "--steps", settings.steps],
        ...["--sampler", settings.sampler, "--guidance", settings.guidance, "--seed", settings.seed],
      ];
      return join(["generate", ...proteins.map(wordOf), ...options]);
    }
    case "mutate": {
      const { protein, variants, draws, settings, nuclei } = request;
      const isOfLibrary = nuclei.every((id, index) => id === `library:${settings.seed + index}`);
      if (!isOfLibrary) return null;
      const options = [
        ...["--draws", draws, "--nuclei", nuclei.length, "--samples", settings.samples],
        ...["--steps", settings.steps, "--sampler", settings.sampler],
        ...["--guidance", settings.guidance, "--seed", settings.seed],
      ];
      return join(["mutate", wordOf(protein), ...variants, ...options]);
    }
    case "scan": {
      const { protein, mode, window, stride, draws, seed } = request;
      const options = ["--mode", mode, "--window", window, "--stride", stride, "--seed", seed];
      return join(["scan", wordOf(protein), ...options, ...(draws === null ? [] : ["--draws", draws])]);
    }
  }
}

function wordOf({ sequence }: Protein): string {
  return sequence;
}

function join(words: readonly (string | number)[]): string {
  return ["npx", "proteoscope", ...words.map((word) => quote(String(word)))].join(" ");
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
