// Terms that the project gave up for the field's own (docs/glossary.md) do not return: in names, strings, comments,
// configurations and documents. English that merely resembles one is not matched, or is worded otherwise.
import { describe, expect, it } from "vitest";
import { readRepository, type SourceFile } from "./architecture/repository.ts";

interface Term {
  readonly found: RegExp;
  /** The words to use. */
  readonly instead: string;
  /** Lines that are matched, and lines that are not. */
  readonly examples: { readonly old: readonly string[]; readonly fine: readonly string[] };
}

const things =
  "row|line|protein|label|compartment|class|pixel|residue|hidden|font|image|cell|crop|gene|token|letter|sample|step|batch|record|file";

const terms: readonly Term[] = [
  {
    found: /\btold\b(?! apart)|[a-z]Told\b|\b[Tt]old[A-Z]/i,
    instead: "conditioned on, given, known",
    examples: { old: ["what is told of it", "toldCount"], fine: ["shapes are told apart"] },
  },
  {
    found: /\btell(?:s|er|ers|ing)?\b(?!.* (?:apart|from)\b)|[a-z]Teller\b/i,
    instead: "condition, predict, report",
    examples: { old: ["openTeller(x)", "it tells of every step"], fine: ["it tells gzip from other bytes"] },
  },
  {
    found: /\brelatives\b|[a-z]Relatives?\b|\b(?:nearest|no) relative\b/i,
    instead: "homologs",
    examples: { old: ["relatives=true", "nearest relative"], fine: ["a relative path"] },
  },
  {
    found: /likeness/i,
    instead: "similarity",
    examples: { old: ["likenessOf"], fine: ["likelihood"] },
  },
  {
    found: /\bdrawn[ _]as\b|drawnAs/,
    instead: "target compartment",
    examples: { old: ["drawn as", "drawnAs"], fine: ["drawn at random"] },
  },
  {
    found:
      /\bdecid(?:e|es|ed|ing)\b.*\b(?:compartments?|drawn)\b|\bcompartments?\b.*\bdecid|[a-z]Deci(?:ded|sion)\b|\bdeci(?:ded|sion)[A-Z_]|\bdecision"/,
    instead: "compartment target, prototype",
    examples: {
      old: ["it decides what is drawn", "decided_rate", "decisionSharpness", '"decision"'],
      fine: ["the shot noise decides"],
    },
  },
  {
    found: /\btypical(?:ly)?\b|[a-z]Typical\b|\btypical[A-Z]/i,
    instead: "prototype",
    examples: { old: ["typicalLogits", "what is typical of it"], fine: ["prototype"] },
  },
  {
    found: /descriptors?\b/i,
    instead: "sequence features",
    examples: { old: ["train descriptors"], fine: ["description"] },
  },
  {
    found: /partner/i,
    instead: "paired protein",
    examples: { old: ["partner_confidence"], fine: ["part of"] },
  },
  {
    found: /\b(?:drop|swap)_?rate\b|\bramp_?steps\b|decision_?sharpness/i,
    instead:
      "conditioning_dropout, residue_swap_probability, conditioning_warmup_steps, target_inverse_temperature",
    examples: { old: ["drop_rate: 0.2", "rampSteps"], fine: ["a rate of dropout"] },
  },
  {
    found: /\b(?:Surroundings|Audience|Telling|ReadFolder|Opinions?|opinions?|[iI]nstruments|goOn|keptIn)\b/,
    instead: "CommandContext, Output, FileSource, prediction, tools, resumeCondition, cacheFolder",
    examples: { old: ["surest(opinions)", "ReadFolder"], fine: ["CommandContext"] },
  },
  {
    found: /\bremember/i,
    instead: "memoize, cache",
    examples: { old: ["remember(encode)"], fine: ["a member"] },
  },
  {
    found: /\bkept (?:embeddings|latents|sessions)\b|\bsessions? kept\b|overhead\.kept/,
    instead: "cached",
    examples: { old: ["sessions kept by it"], fine: ["prefixes are kept"] },
  },
  {
    found: /\bbeside\?*:|\bknown beside\b|\bbeside (?:the|a) sequence\b/,
    instead: "extra, in addition to",
    examples: { old: ["beside: Tensor", "known beside the sequence"], fine: ["beside the code"] },
  },
  {
    found: /[lL]abelSlopes|\bslopes\b/,
    instead: "gradients with respect to the logits",
    examples: { old: ["slopes of the loss"], fine: ["leakyRelu(x, slope)"] },
  },
  {
    found: /\bwants:|\.wants\b|"larger" \| "smaller"/,
    instead: 'mode: "max" or "min"',
    examples: { old: ['wants: "larger"'], fine: ["the larger side"] },
  },
  {
    found: new RegExp(
      `\\b(?:rows?|lines?|logits?|cycles|nats|entry|threshold|one|pixels|numbers?) an? (?:${things})\\b`,
    ),
    instead: "per",
    examples: { old: ["one row a protein", "0.1 cycles a pixel"], fine: ["half a pixel", "one per protein"] },
  },
  {
    found: /(?:\/\*\*|^\s*\*|^\s*\/\/|#) Of\b|description: "Of\b/,
    instead: "a sentence that names what the field is",
    examples: { old: ["/** Of the image. */", ' description: "Of png, ..."'], fine: ["// None of them"] },
  },
];

/** Files that have to name earlier terms, and why. */
const exceptions: ReadonlyMap<string, string> = new Map([
  ["tests/words.test.ts", "lists the terms"],
  ["CHANGELOG.md", "says what was renamed"],
  ["docs/model.md", "says which earlier names are read"],
  ["packages/models/src/checkpoints/earlier-names.ts", "reads earlier names of folders"],
  ["packages/models/src/conditioning/checkpoint.ts", "reads earlier names of fields and tensors"],
  ["packages/models/src/conditioning/checkpoint.test.ts", "reads earlier names of fields and tensors"],
  [
    "packages/models/src/localization/feature-head.ts",
    "names a stream of random numbers, which is part of the numbers",
  ],
  ["packages/models/src/localization/feature-head.test.ts", "names streams of random numbers"],
  ["packages/lab/src/config/compose.ts", "reads earlier keys of configurations"],
  ["packages/lab/src/data/batches/paired-crops.ts", "names streams of random numbers"],
  ["tests/recorded/training-configs.ts", "keeps the earlier keys of its recordings, which are still read"],
]);

function findTerms(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) =>
        terms
          .filter(({ found }) => found.test(line))
          .map(
            ({ found, instead }) => `${path}:${index + 1}: "${found.exec(line)![0].trim()}", say: ${instead}`,
          ),
      ),
  );
}

describe("the words of the repository", () => {
  const files = readRepository().filter(({ path }) => !/\/fixtures\/|package-lock|\.json$/.test(path));

  it("are those of the field", () => {
    expect(findTerms(files.filter(({ path }) => !exceptions.has(path)))).toEqual([]);
  });

  it.each([...exceptions])("have an exception in %s, which %s", (path) => {
    expect(findTerms(files.filter((file) => file.path === path))).not.toEqual([]);
  });

  it.each(terms)("are searched with $found", ({ found, examples }) => {
    for (const line of examples.old) expect(line).toMatch(found);
    for (const line of examples.fine) expect(line).not.toMatch(found);
  });
});
