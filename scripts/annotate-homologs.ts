// `tsx scripts/annotate-homologs.ts MODEL ATLAS`: adds to homologs/ of a model folder what is known of its annotated proteins
// (annotations.tsv, and the sources in config.json), and the human proteins of the atlas that it was not trained on
// (unseen.safetensors). proteins.safetensors stays as it is. Evaluation and calibration strike the unseen ones out.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { float32ToFloat16, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { homologsOf, readSequences } from "@proteoscope/lab";
import { saveHomologs } from "@proteoscope/models";

const [model, atlas] = process.argv.slice(2);
if (model === undefined || atlas === undefined)
  throw new Error("usage: tsx scripts/annotate-homologs.ts MODEL ATLAS");

const splits = await readSequences(atlas);
const seen = splits.get("train") ?? [];
const sourceOf = ({ source }: { readonly source: string }) => source.replace(/^(deeploc2-)?hpa-test$/, "hpa");
const seenSequences = new Set(seen.map(({ sequence }) => sequence));
const taken = new Set<string>();
const unseen = [...splits]
  .filter(([split]) => split !== "train")
  .flatMap(([, proteins]) => proteins)
  .filter(({ isHuman, labels, sequence }) => isHuman && labels.length > 0 && !seenSequences.has(sequence))
  .filter((protein) => {
    const key = `${sourceOf(protein)} ${protein.sequence}`;
    return taken.has(key) ? false : taken.add(key);
  });

const all = homologsOf([...seen, ...unseen]);
const { sequences, ends, shares } = all.proteins;
const residues = ends[seen.length - 1]!;
const shipped = readSafetensors(await readFile(join(model, "homologs/proteins.safetensors"))).tensors;
if (Buffer.compare(shipped.get("sequences")!.data as Uint8Array, sequences.subarray(0, residues)) !== 0)
  throw new Error(`${model}/homologs has other proteins than the training split of ${atlas}`);

const width = all.config.labels.length;
const tensors = writeSafetensors(
  new Map([
    [
      "sequences",
      { dtype: "uint8", shape: [sequences.length - residues], data: sequences.slice(residues) } as const,
    ],
    [
      "ends",
      {
        dtype: "int32",
        shape: [unseen.length],
        data: ends.slice(seen.length).map((end) => end - residues),
      } as const,
    ],
    [
      "shares",
      {
        dtype: "float16",
        shape: [unseen.length, width],
        data: float32ToFloat16(shares.slice(seen.length * width)),
      } as const,
    ],
  ]),
);
const files = saveHomologs(all);
for (const name of ["config.json", "annotations.tsv"])
  await writeFile(join(model, "homologs", name), files.get(`homologs/${name}`)!);
await writeFile(join(model, "homologs/unseen.safetensors"), tensors);
console.log(`${seen.length} seen and ${unseen.length} unseen proteins`);
