// A request to generate images: which proteins, around which nuclei, with which settings. Plain data, without files,
// options of a command line or streams, so that a command, a server and a page share it.

import { ProteoscopeError, printable } from "@proteoscope/formats";
import type { ProteinContext } from "@proteoscope/models";
import { type GenerateOptions, mostSteps } from "../image/generate.ts";
import type { MicroscopeModel } from "../model/model.ts";
import { samplerNames } from "./formats.ts";
import type { ChosenNucleus } from "./nuclei.ts";

/** A protein's sequence with its name and origin. */
export interface NamedSequence {
  /** The protein's own name, whole; the provenance carries it unchanged. */
  readonly id: string;
  /** Begins the names of its files, changed where a file cannot have it or another has it already; by default the id. */
  readonly fileName?: string | undefined;
  /** One-letter amino-acid codes. */
  readonly sequence: string;
  readonly description?: string | undefined;
  readonly gene?: string | undefined;
  /** Where it came from: a file's name, "example", "command line". */
  readonly source?: string | undefined;
}

/** Settings of a generation, all of them given. */
export type GenerateSettings = Required<
  Pick<GenerateOptions, "samples" | "steps" | "sampler" | "guidance" | "seed">
>;

/** The proteins and nuclei to generate, and how. */
export interface GenerateRequest {
  readonly proteins: readonly NamedSequence[];
  readonly nuclei: readonly ChosenNucleus[];
  /** Fields that are absent are those of `generateDefaults`. */
  readonly settings?: Partial<GenerateSettings> | undefined;
  /** Context of all proteins in addition to sequence and gene: cell line, expression level. By default none. */
  readonly context?: Omit<ProteinContext, "gene"> | undefined;
  /** Versions of the programs, by name, for the provenance. */
  readonly software?: Readonly<Record<string, string>> | undefined;
}

/** Checks that a model can meet a request. @throws ProteoscopeError (usage) naming the field that it cannot meet. */
export function checkRequest(
  model: MicroscopeModel,
  {
    settings,
    context,
    stains = [],
  }: Required<Pick<GenerateRequest, "context">> & {
    readonly settings: GenerateSettings;
    readonly stains?: readonly string[];
  },
): void {
  const refuse = (field: string, message: string) => {
    throw new ProteoscopeError(message, { kind: "usage", field });
  };
  const whole = (field: "samples" | "steps" | "seed", least: number) => {
    if (!Number.isSafeInteger(settings[field]) || settings[field] < least)
      refuse(field, `${field}: a whole number from ${least}, got ${settings[field]}`);
  };
  whole("samples", 1);
  whole("steps", 1);
  whole("seed", 0);
  if (!Number.isFinite(settings.guidance)) refuse("guidance", `guidance: a number, got ${settings.guidance}`);
  if (!samplerNames.includes(settings.sampler))
    refuse(
      "sampler",
      `sampler: one of ${samplerNames.join(", ")}, got ${printable(String(settings.sampler))}`,
    );
  const most = mostSteps(model, settings.sampler);
  if (settings.steps > most)
    refuse("steps", `at most ${most} steps for ${settings.sampler}, got ${settings.steps}`);
  const further = model.constants.stains.filter((stain) => stain !== "nucleus");
  const unknown = stains.filter((stain) => !further.some((known) => known === stain));
  if (unknown.length > 0) {
    const trained = further.length === 0 ? "without further stains" : `with ${further.join(", ")}`;
    refuse("stains", `${model.name} was trained ${trained}, not with ${unknown.join(", ")}`);
  }
  const { cellLine, expression } = context ?? {};
  const conditions = model.extra?.config.conditions ?? [];
  const lines = conditions.flatMap((one) => (one.kind === "cell_line" ? one.cellLines : []));
  if (cellLine !== undefined && !lines.some((name) => name.toUpperCase() === cellLine.toUpperCase()))
    refuse(
      "cellLine",
      lines.length === 0
        ? `${model.name} was not trained with cell lines`
        : `${model.name} was trained with ${lines.join(", ")}, not with "${cellLine}"`,
    );
  if (expression !== undefined && !conditions.some(({ kind }) => kind === "level"))
    refuse("expression", `${model.name} was not trained with expression levels`);
}
