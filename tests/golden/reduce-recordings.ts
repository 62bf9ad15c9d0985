// Makes fixtures/ of whole recordings: gradients, features and activations are reduced to a part of their values
// (reduced.ts), all else is kept as it was recorded. `*_hash` are recorded by fixtures/make_hash_recordings.py; cytoself_small* with the
// original's CytoselfFull (PyTorch 1.13), dropout and stochastic depth off, whose weights, drawn at random, are kept.
//
//     npx tsx tests/golden/reduce-recordings.ts <folder of whole recordings> <name ...>
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { reduceRecording } from "./reduced.ts";

/** Which tensors of a file are reduced, and which are left out: gradients and features are reduced where it says nothing. */
const rules: Readonly<Record<string, { reduced: RegExp; left?: RegExp }>> = {
  subcell_small: {
    reduced: /^(|[bc]\.)(a\.|x$|out\.embedding$)/,
    left: /^w\.classifiers|^norm\.|softmax_2025$|logits\.\d$|probabilities$/,
  },
  esmc_small: { reduced: /^(?!w\.|[bc]\.)/, left: /^(legacy|rope)\./ },
};
const usual = { reduced: /^(g\.|feature)/ };

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined || names.length === 0)
  throw new Error("name the folder of whole recordings and, without ending, the files to reduce");
for (const name of names) {
  const whole = readSafetensors(readFileSync(join(folder, `${name}.safetensors`)));
  const { reduced, left }: { reduced: RegExp; left?: RegExp } = rules[name] ?? usual;
  const kept = new Map([...whole.tensors].filter(([tensor]) => left?.test(tensor) !== true));
  const { tensors, metadata } = reduceRecording({ ...whole, tensors: kept }, (tensor) =>
    reduced.test(tensor),
  );
  const path = join(import.meta.dirname, "fixtures", `${name}.safetensors`);
  writeFileSync(path, writeSafetensors(tensors, metadata));
}
