// Embeds the proteins of a FASTA file with ESM2, as Hugging Face publishes it, and writes one row per protein as .npy:
// the mean of the last hidden states over the residues. Here with the small ESM2 that proteoscope brings.
//
//     node 05-embed-proteins.js proteins.fasta esm2_t6_8M_UR50D embeddings.npy
import { readFile, writeFile } from "node:fs/promises";
import { openFolder, openRuntime } from "proteoscope";
import { compile, i64 } from "proteoscope/engine";
import { readFastaRecords, writeNpy } from "proteoscope/formats";
import { esm2, loadAs, tokenizeBatch } from "proteoscope/models";

const shipped = "node_modules/proteoscope";
const [
  fasta = `${shipped}/examples/proteins.fasta`,
  folder = `${shipped}/checkpoints/proteoscope-mini/plm`,
  output = "embeddings.npy",
] = process.argv.slice(2);

const { config, weights } = await loadAs("esm2", openFolder(folder));
const proteins = [...readFastaRecords(await readFile(fasta), { name: fasta })].flatMap((read) => {
  if (read.refused) console.error(read.refused.error.message); // and the others are embedded
  return read.record ?? [];
});
const runtime = await openRuntime();
const program = await compile(
  runtime,
  (w, inputs) => ({ states: esm2(w, config, inputs).representations.at(-1)! }), // [1, tokens, hidden]
  { inputIds: i64(1, "tokens") },
  { weights },
);

const width = config.hiddenSize;
const embeddings = new Float32Array(proteins.length * width); // [proteins, hidden]
for (const [row, { sequence }] of proteins.entries()) {
  const { inputIds } = tokenizeBatch([sequence], { maxResidues: 1022 });
  const { states } = await program.run({ inputIds });
  const residues = inputIds.data.length - 2; // between <cls> and <eos>
  for (let token = 1; token <= residues; token += 1) {
    for (let i = 0; i < width; i += 1)
      embeddings[row * width + i]! += Number(states.data[token * width + i]) / residues;
  }
}
await writeFile(output, writeNpy({ dtype: "float32", shape: [proteins.length, width], data: embeddings }));
console.log(`${output}: [${proteins.length}, ${width}]`);
await runtime.close();
