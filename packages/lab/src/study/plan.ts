// What a study varies: every combination of the values, each with every seed, is a run. `proteins`, `model`, `plm` and
// `autoencoder` are words for what is varied most; anything else is a key of the configuration.

import { ConfigError } from "../config/compose.ts";
import { nearest } from "../config/nearest.ts";

/** One thing that is varied. */
export interface Variation {
  /** As in `--vary name=...`. */
  readonly name: string;
  readonly values: readonly string[];
}

/** One run of a study. */
export interface StudyRun {
  /** Name of its folder. */
  readonly name: string;
  /** Value of each variation. */
  readonly settings: Readonly<Record<string, string>>;
  readonly seed: number;
  /** Preset of the network's size; undefined for the one of the study. */
  readonly preset: string | undefined;
  /** Changes to the configuration, each written `key.path=value`. */
  readonly overrides: readonly string[];
}

const keysOfWords: Readonly<Record<string, string>> = {
  proteins: "data.protein_fraction",
  plm: "models.plm",
  autoencoder: "models.autoencoder",
  cytoself: "models.cytoself",
};

/** Reads `name=value,value`. @throws ConfigError where a name or a value is missing, or the name is unknown */
export function parseVariation(text: string): Variation {
  const at = text.indexOf("=");
  const name = text.slice(0, at);
  const values = text
    .slice(at + 1)
    .split(",")
    .map((value) => value.trim());
  if (at < 1 || values.includes(""))
    throw new ConfigError(`"${text}" is not name=value,value`, { field: "vary" });
  if (new Set(values).size < values.length)
    throw new ConfigError(`"${text}" has a value twice`, { field: "vary" });
  const words = ["model", "seed", ...Object.keys(keysOfWords)];
  if (!words.includes(name) && !name.includes(".")) {
    const meant = nearest(name, words);
    const advice =
      meant === undefined
        ? `one of ${words.join(", ")}, or a key such as train.learning_rate`
        : `did you mean ${meant}?`;
    throw new ConfigError(`"${name}" cannot be varied (${advice})`, { field: "vary" });
  }
  return { name, values };
}

/** All runs of a study, the first variation changing slowest and seeds fastest. @throws ConfigError for a name that occurs twice */
export function planStudy(variations: readonly Variation[], seeds: number): StudyRun[] {
  const twice = variations.find(({ name }, i) => variations.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw new ConfigError(`"${twice.name}" is varied twice`, { field: "vary" });
  let combinations: Record<string, string>[] = [{}];
  for (const { name, values } of variations)
    combinations = combinations.flatMap((rest) => values.map((value) => ({ ...rest, [name]: value })));
  return combinations.flatMap((settings) =>
    Array.from({ length: seeds }, (_, seed): StudyRun => {
      const { model, ...others } = settings;
      const overrides = Object.entries(others).map(
        ([name, value]) => `${keysOfWords[name] ?? name}=${value}`,
      );
      return {
        ...{ name: nameOf(settings, seed), settings, seed, preset: model },
        overrides: [`train.seed=${seed}`, ...overrides],
      };
    }),
  );
}

/** A name that a folder can have: paths are shown by their last part. */
function nameOf(settings: Readonly<Record<string, string>>, seed: number): string {
  const parts = Object.entries(settings).map(([name, value]) => {
    const short = value
      .replace(/\/(model)?\/?$/, "")
      .split("/")
      .at(-1)!;
    return `${name}-${short}`.replace(/[^A-Za-z0-9._-]/g, "_");
  });
  return [...parts, `seed-${seed}`].join("_");
}
