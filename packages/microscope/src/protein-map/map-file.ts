// The map of proteins as a file of a model folder, protein-map.json, so that it need not be made anew wherever the model runs. It
// names the digest of the files that it follows from: a map of other weights is not read.

import type { FileSource } from "@proteoscope/models";
import { z } from "zod";
import type { SequenceModel } from "../model/model.ts";
import { sha256Hex } from "../sha256.ts";
import type { ProteinMap } from "./map.ts";

/** Name of the file in a model folder. */
export const proteinMapFile = "protein-map.json";

const schema = z.object({
  digest: z.string(),
  source: z.string(),
  compartments: z.array(z.string()),
  proteins: z.array(
    z.object({
      ...{ symbol: z.string(), accession: z.string(), annotated: z.array(z.string()) },
      ...{ shares: z.array(z.number()), place: z.tuple([z.number(), z.number()]) },
    }),
  ),
});

type Checked = Pick<SequenceModel, "checksums">;

/** The text of the file. */
export async function formatProteinMap(map: ProteinMap, model: Checked): Promise<string> {
  const { proteins, ...rest } = map;
  const head = JSON.stringify({ digest: await digestOf(model), ...rest }).slice(0, -1);
  return `${head},"proteins":[\n${proteins.map((one) => JSON.stringify(one)).join(",\n")}\n]}\n`;
}

/** The map of a model folder; undefined where it has none, or one of other weights. */
export async function readProteinMap(folder: FileSource, model: Checked): Promise<ProteinMap | undefined> {
  if (!(await folder.exists(proteinMapFile))) return undefined;
  const text = new TextDecoder().decode(await folder.read(proteinMapFile));
  const { digest, ...map } = schema.parse(JSON.parse(text));
  return digest === (await digestOf(model)) ? map : undefined;
}

/** Digest of the files that predictions and annotations follow from. */
function digestOf({ checksums }: Checked): Promise<string> {
  const used = Object.entries(checksums).filter(([path]) =>
    /^(plm|localization|sequence_features|homologs)\//.test(path),
  );
  return sha256Hex(new TextEncoder().encode(JSON.stringify(used.sort(([a], [b]) => (a < b ? -1 : 1)))));
}
