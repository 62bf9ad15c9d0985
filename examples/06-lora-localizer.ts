// Adapts ESM2 to a task of your own with LoRA (Hu et al. 2021, arXiv:2106.09685): thin matrices at its attention, and a
// linear layer on the mean of its residues, learn which proteins are nuclear. Eight proteins show how it is done; they
// are too few to predict others. The adapter is saved as peft saves it, so that peft loads it.
import { mkdir, writeFile } from "node:fs/promises";
import { openFolder, openRuntime, readProteins } from "proteoscope";
import {
  binaryCrossEntropy,
  createTrainer,
  f32,
  float32,
  i64,
  initializeWeights,
  mean,
  type RandomSource,
  type Tensor,
  trace,
  type Weights,
} from "proteoscope/engine";
import {
  esm2,
  loadAs,
  localizer,
  loraDefaults,
  loraPrefix,
  saveLora,
  tokenizeBatch,
  withLora,
} from "proteoscope/models";

const proteins = await readProteins("FBL", "NPM1", "COIL", "LMNA", "COX8A", "HSPA5", "CANX", "EGFR");
const targets = float32([proteins.length, 1], Float32Array.of(1, 1, 1, 1, 0, 0, 0, 0)); // 1 is nuclear
const sequences = proteins.map(({ sequence }) => sequence);
const { inputIds } = tokenizeBatch(sequences, { maxResidues: 62 }); // [B, L]; both ends of longer ones
const folder = process.argv[2] ?? "node_modules/proteoscope/checkpoints/proteoscope-mini/plm";
const { config, weights: pretrained } = await loadAs("esm2", openFolder(folder));

const types = { inputIds: i64(...inputIds.shape), targets: f32(...targets.shape) };
type Inputs = Record<keyof typeof types, Tensor>;
const model = (w: Weights, inputs: Inputs, random?: RandomSource) => {
  const task = w.at("task"); // what is trained; ESM2 itself stays as it is
  const adapted = withLora(w, loraDefaults, { random, scope: task });
  const { representations, mask } = esm2(adapted, config, inputs);
  const residues = { sequence: representations.at(-1)!, mask };
  const logits = localizer(task, { labels: ["nuclear"], bottleneck: null }, residues); // [B, 1]
  return { losses: { task: mean(binaryCrossEntropy(logits, inputs.targets)) } };
};

const runtime = await openRuntime();
const { parameters } = trace((w, inputs: Inputs) => model(w, inputs).losses, types);
const trainer = await createTrainer(runtime, model, types, {
  groups: { task: { prefix: "task.", learningRate: () => 0.01 } },
  weights: new Map([...initializeWeights(parameters, 0), ...pretrained]),
  seed: 0,
});
for (let step = 1; step <= 20; step += 1) {
  const losses = await trainer.step({ inputIds, targets });
  if (step % 5 === 0) console.log(`step ${step}, loss ${losses["loss.task"]?.toFixed(4)}`);
}
const trained = [...(await trainer.weights())].filter(([name]) => name.includes(loraPrefix));
await runtime.close();

const weights = new Map(trained.map(([name, value]) => [name.replace("task.", ""), value] as const));
await mkdir("adapter", { recursive: true });
for (const [file, bytes] of saveLora({ config: loraDefaults, weights }))
  await writeFile(`adapter/${file}`, bytes);
