// answers.jsonl of a report folder: what the model predicts and generates for each protein, one line per record, written
// as soon as it is computed, so that an evaluation can be interrupted and resumed. Its first line holds the model, the data
// set and the settings; records of different ones are never mixed. Figures are made from these lines alone.
import { existsSync } from "node:fs";
import { appendFile, readFile, rmdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { FormatError, ProteoscopeError } from "@proteoscope/formats";
import { createFolder, lockFolder } from "@proteoscope/formats/node";
import { z } from "zod";
import { evaluationSets } from "./sets.ts";

const values = z.array(z.number());
const maybe = z.number().nullable();

/** One value per compartment, in the order of `imageCompartments`; the mean over several samples. */
const probabilities = values;

/** A plane [N, N], 8 bits, in base64. */
const plane = z.base64();

/** An image of a changed sequence; the protein channel of its first sample. */
const changedSchema = z.strictObject({ probabilities, protein: plane });

const proteinSchema = z.strictObject({
  kind: z.literal("protein"),
  id: z.string(),
  set: z.enum(evaluationSets),
  label: z.strictObject({ name: z.string(), members: z.array(z.string()) }),
  /** Index of the nucleus in the model's library. */
  nucleus: z.int(),
  /** Balanced single-label posterior from the sequence, calibrated and uncalibrated. */
  languageModel: probabilities,
  uncalibrated: probabilities,
  drawn: z.strictObject({
    probabilities,
    agreement: maybe,
    /** Nuclear proportion of the first sample; the following fields describe the first sample as well. */
    nuclearProportion: maybe,
    /** Features of the image classifier. */
    features: values,
    /** Both channels of the first sample, and the protein channel of the others. */
    protein: plane,
    nucleus: plane,
    others: z.array(plane),
  }),
  /** The same with one thing changed; null for proteins that were trained on. */
  changed: z
    .strictObject({
      shuffledSequence: changedSchema,
      otherProtein: changedSchema.extend({ id: z.string() }),
      otherNucleus: z.strictObject({ nucleus: z.int(), probabilities }),
      randomEmbedding: changedSchema,
      unconditional: changedSchema,
    })
    .nullable(),
});

/** A protein generated around the nucleus of a real image of it. */
const cropSchema = z.strictObject({
  kind: z.literal("crop"),
  crop: z.int(),
  protein: z.string(),
  isSeen: z.boolean(),
  /** Nuclear proportions of the generated and of the real image. */
  drawn: maybe,
  real: maybe,
  /** Overlap of the real image with the generated one, and with another protein's around the same nucleus. */
  overlap: maybe,
  otherOverlap: maybe,
  /** Protein channels of the generated image and of another protein's around the same nucleus. */
  image: plane,
  otherImage: plane,
});

/** A protein generated with another setting, for a sweep. */
const sweepSchema = z.strictObject({
  kind: z.literal("sweep"),
  id: z.string(),
  set: z.enum(evaluationSets),
  /** What differs from the evaluation's settings, such as "guidance 1". */
  setting: z.string(),
  image: plane,
});

/** A protein of the confident subset: generated for the compartment predicted for it, right or wrong. */
const confidentSchema = z.strictObject({
  kind: z.literal("confident"),
  compartment: z.string(),
  /** Rank of the protein by the predicted probability of the compartment; 0 is the most probable. */
  rank: z.int(),
  protein: z.string(),
  /** Predicted probability of the compartment. */
  probability: z.number(),
  nucleus: z.int(),
  drawn: probabilities,
  /** Protein channel. */
  image: plane,
});

const recordSchema = z.discriminatedUnion("kind", [proteinSchema, cropSchema, confidentSchema, sweepSchema]);
export type ProteinRecord = z.infer<typeof proteinSchema>;
export type CropRecord = z.infer<typeof cropSchema>;
export type ConfidentRecord = z.infer<typeof confidentSchema>;
export type SweepRecord = z.infer<typeof sweepSchema>;
/** One line of answers.jsonl: a protein, a real crop, a protein of the confident subset, or one of a sweep. */
export type AnswerRecord = z.infer<typeof recordSchema>;

/** The model, data set and settings of an evaluation: plain JSON, compared when it is resumed. */
export type EvaluationSetup = Readonly<Record<string, unknown>>;

export interface AnswersFile {
  find(key: string): AnswerRecord | undefined;
  append(record: AnswerRecord): Promise<void>;
  close(): Promise<void>;
}

export const answersFileName = "answers.jsonl";

/** The name of a record within its file. */
export function keyOf(record: AnswerRecord): string {
  switch (record.kind) {
    case "protein":
      return `${record.set} ${record.id}`;
    case "crop":
      return `crop ${record.crop}`;
    case "confident":
      return keyOfConfident(record.compartment, record.rank);
    case "sweep":
      return `sweep ${record.setting} ${record.set} ${record.id}`;
  }
}

export function keyOfConfident(compartment: string, rank: number): string {
  return `confident ${compartment} ${rank}`;
}

/**
 * Opens the records of a report folder, which is made if need be and locked against other processes until `close`.
 * @throws ProteoscopeError (usage) where answers are there and `resume` is not asked for, or none are and it is, or they
 * answer another setup; FormatError for a file that is none.
 */
export async function openAnswers(
  folder: string,
  setup: EvaluationSetup,
  { resume }: { readonly resume: boolean },
): Promise<AnswersFile> {
  const path = join(folder, answersFileName);
  const exists = existsSync(path);
  if (exists && !resume)
    throw new ProteoscopeError(`${folder} holds an evaluation already: resume it, or name another folder`, {
      ...{ kind: "usage", field: "resume" },
    });
  if (!exists && resume) throw usage(`${folder} holds no evaluation to resume`);
  const isNew = (await createFolder(folder)).length > 0;
  const lock = await lockFolder(folder);
  try {
    const { records, ...known } = exists ? await readAnswers(path, setup) : nothing();
    let { hasHeader } = known;
    return {
      find: (key) => records.get(key),
      async append(record) {
        const header = hasHeader ? "" : `${JSON.stringify(setup)}\n`;
        await appendFile(path, `${header}${JSON.stringify(record)}\n`);
        hasHeader = true;
        records.set(keyOf(record), record);
      },
      async close() {
        await lock.release();
        if (isNew && !hasHeader) await rmdir(folder).catch(() => undefined); // not empty: somebody else's now
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface KnownAnswers {
  readonly records: Map<string, AnswerRecord>;
  readonly hasHeader: boolean;
}

const nothing = (): KnownAnswers => ({ records: new Map(), hasHeader: false });

async function readAnswers(path: string, setup: EvaluationSetup): Promise<KnownAnswers> {
  const text = await readFile(path, "utf8");
  // A kill may have cut the last line: that record is computed again.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
  const [header, ...lines] = whole
    .split("\n")
    .slice(0, -1)
    .map((line, index) => parseLine(path, line, index));
  if (header === undefined) return nothing();
  checkSetup(path, header as EvaluationSetup, setup);
  const records = lines.map((line, index) => {
    const result = recordSchema.safeParse(line);
    if (result.success) return result.data;
    const { path: field, message } = result.error.issues[0]!;
    throw broken(path, index + 1, `${field.join(".")}: ${message}`);
  });
  return { records: new Map(records.map((record) => [keyOf(record), record])), hasHeader: true };
}

function parseLine(path: string, line: string, index: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw broken(path, index, "is not JSON", cause);
  }
}

function broken(path: string, index: number, what: string, cause?: unknown): FormatError {
  const hint = "evaluate into another folder";
  return new FormatError("answers", `${path}: ${what}`, { line: index + 1, hint, cause });
}

function checkSetup(path: string, begun: EvaluationSetup, setup: EvaluationSetup): void {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  for (const [name, value] of Object.entries(setup)) {
    if (isDeepStrictEqual(begun[name], plain(value))) continue;
    throw usage(
      `${path} was begun with another ${name}: give the same ${name}, or evaluate into another folder`,
    );
  }
}

function usage(message: string): ProteoscopeError {
  return new ProteoscopeError(message, { kind: "usage" });
}
