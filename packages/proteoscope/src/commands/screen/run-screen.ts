// The work of `screen`: opens model and folder, and writes the results of all records that have none yet. It is loaded when
// the words of the command are checked.

import { randomUUID } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ChosenNucleus,
  type GenerateSettings,
  type MicroscopeModel,
  openMicroscope,
  openProteinEncoder,
  readModel,
  readSequenceModel,
  type SequenceModel,
  type WorkOptions,
} from "@proteoscope/microscope";
import {
  recordsOfShard,
  type ScreenInput,
  type ScreenResult,
  type Shard,
  screenProteins,
} from "@proteoscope/microscope/experiments";
import { openScreenFolder, type ScreenDescription } from "@proteoscope/microscope/node";
import type { FileSource } from "@proteoscope/models";
import type { devices } from "../../cli/command.ts";
import { withRuntime } from "../../model-folder.ts";
import { readNuclei } from "../../nuclei.ts";
import { packageVersion } from "../../package-files.ts";
import type { ScreenInputs } from "./screen-inputs.ts";

/** What is drawn. */
export interface ImageOptions {
  readonly settings: GenerateSettings;
  /** Picture of the nucleus; one of the library where it is undefined. */
  readonly nucleus: string | undefined;
  readonly pixelSizeMicrons: number | undefined;
}

export interface ScreenRun extends WorkOptions {
  readonly model: FileSource;
  readonly device: (typeof devices)[number];
  readonly output: string;
  readonly shard: Shard | undefined;
  /** undefined where nothing is drawn. */
  readonly images: ImageOptions | undefined;
  /** PostgreSQL whose workers do the work; undefined where this process does it. */
  readonly databaseUrl: string | undefined;
  /** Called when no worker has done anything for a while. */
  readonly onSilence: () => void;
}

type Results = (inputs: AsyncIterable<ScreenInput>) => AsyncIterable<ScreenResult>;

/** Screens the records of a shard, or all. @throws what the model, the folder and the networks throw. */
export async function runScreen(run: ScreenRun, inputs: ScreenInputs): Promise<void> {
  const { images, signal } = run;
  const nucleus = images && (await chooseNucleus(run.model, images, signal));
  const model = await (images === undefined ? readSequenceModel : readModel)(run.model);
  const folder = await openScreenFolder(run.output, describe(model, images, nucleus), run.shard);
  const { index, count } = run.shard ?? { index: 0, count: 1 };
  const total = Math.ceil((inputs.count - index) / count);
  const first = folder.count;
  const remaining = prepared(folder.remaining(recordsOfShard(inputs.records(), { index, count })), inputs);
  try {
    await withResults(run, { model, nucleus, first }, async (results) => {
      for await (const result of results(remaining)) {
        await inputs.beforeRow?.(result);
        await folder.append(result);
        const note = result.done?.record.id ?? result.refused?.id;
        run.onProgress?.({
          phase: "screen",
          done: folder.count - first,
          total: total - first,
          unit: "proteins",
          note,
        });
      }
    });
    await folder.complete();
  } finally {
    await folder.close();
  }
}

async function* prepared(inputs: AsyncIterable<ScreenInput>, { prepare }: ScreenInputs) {
  for await (const input of inputs) yield prepare === undefined ? input : await prepare(input);
}

const software = { proteoscope: packageVersion() };

interface Chosen {
  readonly model: SequenceModel | MicroscopeModel;
  readonly nucleus: ChosenNucleus | undefined;
  /** Place of the first record that has no result. */
  readonly first: number;
}

/** Lets `work` have what screens records: the networks of this process, or the workers of a database. */
async function withResults(run: ScreenRun, chosen: Chosen, work: (results: Results) => Promise<void>) {
  const { device, images, signal, databaseUrl } = run;
  const { model, nucleus } = chosen;
  if (databaseUrl !== undefined) return withWorkers(databaseUrl, run, chosen, work);
  await withRuntime(device, async (runtime) => {
    if (images === undefined || nucleus === undefined) {
      const encoder = await openProteinEncoder(runtime, model);
      return work((inputs) => screenProteins({ encoder }, inputs, { signal }));
    }
    const microscope = openMicroscope(runtime, model as MicroscopeModel);
    const drawing = { microscope, nucleus, settings: images.settings, software };
    return work((inputs) => screenProteins({ encoder: microscope, images: drawing }, inputs, { signal }));
  });
}

async function withWorkers(
  databaseUrl: string,
  { model: folder, output, shard, images, signal, onSilence }: ScreenRun,
  { nucleus, first }: Chosen,
  work: (results: Results) => Promise<void>,
): Promise<void> {
  const { openDatabase, openQueue, queueName } = await import("@proteoscope/server");
  const database = await openDatabase(databaseUrl);
  const marker = join(
    output,
    shard === undefined ? "queue.json" : `shards/${shard.index + 1}-of-${shard.count}.queue.json`,
  );
  try {
    const queue = await openQueue(database, queueName((await readModel(folder)).checksums));
    const id = await screenId(marker);
    const request = { images: images && nucleus ? { settings: images.settings, nucleus, software } : null };
    const sent = { id, request, first };
    await work((inputs) => queue.screen(sent, inputs, { signal, onSilence })).finally(queue.close);
    await rm(marker, { force: true });
  } finally {
    await database.close();
  }
}

/** The name of this screen in the database; a run that was killed has left it in the folder. */
async function screenId(marker: string): Promise<string> {
  const text = await readFile(marker, "utf8").catch(() => undefined);
  if (text !== undefined) return (JSON.parse(text) as { screen: string }).screen;
  const screen = randomUUID();
  await writeFile(marker, `${JSON.stringify({ screen })}\n`);
  return screen;
}

async function chooseNucleus(
  model: FileSource,
  { nucleus, pixelSizeMicrons, settings }: ImageOptions,
  signal: AbortSignal,
): Promise<ChosenNucleus> {
  const options = { image: nucleus, pixelSizeMicrons, maxNuclei: 1, seed: settings.seed, signal };
  return (await readNuclei(model, options))[0]!;
}

function describe(
  { name, checksums, localization }: SequenceModel,
  images: ImageOptions | undefined,
  nucleus: ChosenNucleus | undefined,
): ScreenDescription {
  return {
    schema: 1,
    model: { name, sha256: checksums },
    labels: localization.config.labels,
    images: images && nucleus ? { ...images.settings, nucleus: nucleus.origin } : null,
  };
}
