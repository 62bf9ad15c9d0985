// The command line that makes what a job made: for papers, scripts and whoever wants it without a server. There is none where
// the job refers to what only this server has.

import type { z } from "@hono/zod-openapi";
import type {
  generateRequest,
  jobRequest,
  mutateRequest,
  scanRequest,
} from "../http/schemas/job-requests.ts";
import type { ProteinLookup, ResolvedProtein } from "../proteins.ts";

type Request = z.infer<typeof jobRequest>;
type Settings = Partial<
  Pick<z.infer<typeof generateRequest>, "samples" | "steps" | "sampler" | "guidance" | "seed">
>;

/** What a command depends on besides the request. */
export interface CommandSources {
  readonly proteins: ProteinLookup;
  /** Number of nuclei in the library. */
  readonly libraryCount: number;
}

/** The command of a job whose proteins are resolved; null where there is none. */
export function commandOf({ kind, request }: Request, sources: CommandSources): string | null {
  switch (kind) {
    case "generate":
      return generateCommand(request, sources);
    case "mutate":
      return mutateCommand(request, sources);
    case "scan":
      return scanCommand(request, sources);
    default:
      return null;
  }
}

function generateCommand(request: z.infer<typeof generateRequest>, sources: CommandSources): string | null {
  const words = request.proteins.map((protein) => wordOf(protein as ResolvedProtein, sources));
  const [nucleus, ...others] = request.nuclei;
  if (words.includes(null) || others.length > 0 || !nucleus!.startsWith("library:")) return null;
  const isOfSeed = isLibraryChoice(request, sources);
  return join([
    ...["generate", ...(words as string[])],
    ...optional("nucleus", isOfSeed ? undefined : nucleus),
    ...settingWords(request),
    ...optional("cell-line", request.cellLine),
    ...optional("expression", request.expression),
  ]);
}

function mutateCommand(request: z.infer<typeof mutateRequest>, sources: CommandSources): string | null {
  const { protein, variants, nuclei, draws } = request;
  const word = wordOf(protein as ResolvedProtein, sources);
  if (word === null || !isLibraryChoice(request, sources)) return null;
  return join([
    ...["mutate", word, ...variants, "--draws", String(draws), "--nuclei", String(nuclei.length)],
    ...settingWords(request),
  ]);
}

function scanCommand(request: z.infer<typeof scanRequest>, sources: CommandSources): string | null {
  const { protein, mode, windowResidues, strideResidues, draws, seed, images } = request;
  const word = wordOf(protein as ResolvedProtein, sources);
  if (word === null || (images !== undefined && !isLibraryChoice({ seed, ...images }, sources))) return null;
  const plain = ["--mode", mode, "--window", String(windowResidues), "--stride", String(strideResidues)];
  const drawn =
    images === undefined
      ? settingWords({ seed })
      : [
          ...["--images", "--image-draws", String(images.draws), "--nuclei", String(images.nuclei.length)],
          ...settingWords({ ...images, seed: images.seed ?? seed }),
        ];
  return join(["scan", word, ...plain, ...optional("draws", draws), ...drawn]);
}

const shortestBareSequence = 20;

/** A gene or accession that leads to exactly this sequence, else the sequence. */
function wordOf(
  { gene, id, sequence, description }: ResolvedProtein,
  { proteins }: CommandSources,
): string | null {
  for (const name of [gene, id, description]) {
    if (name === undefined || !/^[\w.-]{1,30}$/.test(name)) continue;
    try {
      if (proteins.find(name).sequence === sequence) return name;
    } catch {
      // no protein is called so
    }
  }
  return sequence.length >= shortestBareSequence ? sequence : null;
}

/** Whether the nuclei are those that a command takes for its seed: consecutive ones of the library. */
function isLibraryChoice(
  { nuclei, seed = 0 }: Settings & { readonly nuclei: readonly string[] },
  { libraryCount }: CommandSources,
): boolean {
  return nuclei.every((id, k) => id === `library:${(seed + k) % libraryCount}`);
}

function settingWords({ samples, steps, sampler, guidance, seed }: Settings): string[] {
  return [
    ...optional("samples", samples),
    ...optional("steps", steps),
    ...optional("sampler", sampler),
    ...optional("guidance", guidance),
    ...optional("seed", seed === 0 ? undefined : seed),
  ];
}

function optional(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, String(value)];
}

/** Words as a shell takes them. */
function join(words: readonly string[]): string {
  const quote = (word: string) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return ["proteoscope", ...words].map(quote).join(" ");
}
