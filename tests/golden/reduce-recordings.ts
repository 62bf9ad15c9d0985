// Makes fixtures/ of whole recordings: gradients, features and activations are reduced to a part of their values
// (reduced.ts), all else is kept as it was recorded. `*_hash` are recorded by fixtures/make_hash_recordings.py; cytoself_small* with the
// original's CytoselfFull (PyTorch 1.13), dropout and stochastic depth off, whose weights, drawn at random, are kept.
//
//     npx tsx tests/golden/reduce-recordings.ts <folder of whole recordings> <name ...>
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { reduceRecording } from "./reduced.ts";

/** What becomes of the tensors of a file. */
interface Rule {
  /** A part of their values is kept (reduced.ts). */
  readonly reduced: RegExp;
  /** They are left out. */
  readonly left?: RegExp;
  /** The first values of each row along the first axis are kept: states of a sampler, whose steps are by value. */
  readonly cropped?: RegExp;
}

/** By file; gradients and features are reduced where it says nothing. */
const rules: Readonly<Record<string, Rule>> = {
  celldiff_small: {
    reduced: /^$/,
    left: /^(?!sched\.|(ddim10|ddpm10|nucl4)\.(t|x|eps|noise)$)/,
    cropped: /^(ddim10|ddpm10|nucl4)\.(x|eps|noise)$/,
  },
  subcell_small: {
    reduced: /^(|[bc]\.)(a\.|x$|out\.embedding$)/,
    left: /^w\.classifiers|^norm\.|softmax_2025$|logits\.\d$|probabilities$/,
  },
  vermeer_small: {
    reduced: /^(logits$|loss|ca\.logits|cache\.|vq\.(z|decoded|quant)|pictures$|pre.*unit$)/,
    left: /^(vq\.(a|decoded_rgb)|a\.(l|n)|loss|pre.*unit|crop|pictures\.u8|ap\.(attention|embedding|pooled|kernel)|cfg.*\.logits)/,
  },
  esmc_small: { reduced: /^(?!w\.|[bc]\.)/, left: /^(legacy|rope)\./ },
};
const usual: Rule = { reduced: /^(g\.|feature)/ };

/** The first 64 values of each row. */
function cropRows({ dtype, shape: [rows = 1], data }: NdArray): NdArray {
  const size = data.length / rows;
  const values = Float32Array.from({ length: rows * 64 }, (_, i) =>
    Number(data[Math.floor(i / 64) * size + (i % 64)]),
  );
  return { dtype, shape: [rows, 64], data: values };
}

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined || names.length === 0)
  throw new Error("name the folder of whole recordings and, without ending, the files to reduce");
for (const name of names) {
  const whole = readSafetensors(readFileSync(join(folder, `${name}.safetensors`)));
  const { reduced, left, cropped } = rules[name] ?? usual;
  const kept = new Map(
    [...whole.tensors].flatMap(([tensor, value]): [string, NdArray][] =>
      left?.test(tensor) ? [] : [[tensor, cropped?.test(tensor) ? cropRows(value) : value]],
    ),
  );
  const { tensors, metadata } = reduceRecording({ ...whole, tensors: kept }, (tensor) =>
    reduced.test(tensor),
  );
  const path = join(import.meta.dirname, "fixtures", `${name}.safetensors`);
  writeFileSync(path, writeSafetensors(tensors, metadata));
}
