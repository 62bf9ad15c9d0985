// homologs/ of a model folder: the annotated proteins that a sequence is compared with. config.json has the parameters of
// the transfer, and proteins.safetensors the proteins: `sequences` uint8 [residues], `ends` int32 [proteins], `shares` [proteins, labels].

import { type NdArray, readSafetensors, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { z } from "zod";
import { type ConfigFormat, formatConfig, parseConfig, size } from "../checkpoints/config-json.ts";
import { partFolder } from "../checkpoints/earlier-names.ts";
import { CheckpointError, type FileSource, readJson, readParsed } from "../checkpoints/file-source.ts";
import { checkLabels } from "./checkpoint.ts";
import { type AnnotatedProteins, type HomologsConfig, kmerLength } from "./homologs.ts";

const homologsFormat: ConfigFormat<HomologsConfig> = {
  schema: z.object({
    labels: z.array(z.string().min(1)).min(1).max(1000),
    neighbours: size,
    priorWeight: z.number().positive(),
    trust: z.number().min(0).lt(1),
    scale: z.number().positive(),
  }),
  fixed: () => ({ kmerLength }),
};

/** The homologs of a model folder. */
export interface LoadedHomologs {
  readonly config: HomologsConfig;
  readonly proteins: AnnotatedProteins;
}

const file = "proteins.safetensors";

/**
 * Loads the homologs of a model folder for the labels of its localization head; undefined where it has none.
 * @throws CheckpointError or FormatError, naming file and field.
 */
export async function loadHomologs(
  folder: FileSource,
  labels: readonly string[] | undefined,
): Promise<LoadedHomologs | undefined> {
  const place = await partFolder(folder, "homologs");
  if (!(await place.exists("config.json"))) return undefined;
  const path = `${place.name}/config.json`;
  const config = parseConfig(homologsFormat, await readJson(place, "config.json"), path);
  checkLabels(path, config.labels, labels);
  const { tensors } = await readParsed(place, file, readSafetensors);
  const bad = (fault: string) => new CheckpointError(`${place.name}/${file}: ${fault}`);
  const tensor = (name: string, dtypes: readonly string[], rank: number): NdArray => {
    const found = tensors.get(name);
    if (found === undefined || !dtypes.includes(found.dtype) || found.shape.length !== rank)
      throw bad(
        `${name} is ${found === undefined ? "missing" : `${found.dtype} [${found.shape}]`} where ${dtypes.join(" or ")} of rank ${rank} fits`,
      );
    return found;
  };
  const sequences = tensor("sequences", ["uint8"], 1).data as Uint8Array;
  const ends = tensor("ends", ["int32"], 1).data as Int32Array;
  const shares = tensor("shares", ["float32", "float16"], 2);
  if (String(shares.shape) !== String([ends.length, config.labels.length]))
    throw bad(`shares is [${shares.shape}], ends and labels say [${ends.length},${config.labels.length}]`);
  if (ends.some((end, protein) => end < (ends[protein - 1] ?? 0)) || (ends.at(-1) ?? 0) !== sequences.length)
    throw bad(`ends does not rise to the ${sequences.length} residues of sequences`);
  const values = toFloat32(shares);
  if (!values.every((share) => share >= 0 && share <= 1)) throw bad("shares holds numbers outside 0 to 1");
  if (!values.some((share) => share > 0)) throw bad("shares has no label of any protein");
  return { config, proteins: { sequences, ends, shares: values } };
}

/** The files of `homologs/`, by path. */
export function saveHomologs({ config, proteins }: LoadedHomologs): Map<string, Uint8Array> {
  const { sequences, ends, shares } = proteins;
  const json = `${JSON.stringify(formatConfig(homologsFormat, config), null, 2)}\n`;
  const tensors = new Map<string, NdArray>([
    ["sequences", { dtype: "uint8", shape: [sequences.length], data: sequences }],
    ["ends", { dtype: "int32", shape: [ends.length], data: ends }],
    ["shares", { dtype: "float32", shape: [ends.length, config.labels.length], data: shares }],
  ]);
  return new Map([
    ["homologs/config.json", new TextEncoder().encode(json)],
    [`homologs/${file}`, writeSafetensors(tensors)],
  ]);
}
