// Exports a network as an ONNX file and runs the file with ONNX Runtime alone, without proteoscope: the outputs are
// those of proteoscope's own run. A project of yours installs onnxruntime-node by itself.
import { writeFile } from "node:fs/promises";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { loadPretrained, openFolder, openRuntime } from "proteoscope";
import { exportNetwork, runPretrained, tokenizeBatch } from "proteoscope/models";

const folder = process.argv[2] ?? "node_modules/proteoscope/checkpoints/proteoscope-mini/plm";
const network = await loadPretrained(openFolder(folder));
for (const [file, { model }] of exportNetwork(network)) await writeFile(file, model);

const { inputIds, attentionMask } = tokenizeBatch(["MKPGFSPRGGGFGGRGGFGDRGG"]);
const inputs = { input_ids: inputIds, attention_mask: attentionMask };

const session = await InferenceSession.create("model.onnx");
const feeds = Object.entries(inputs).map(([name, { shape, data }]) => [
  name,
  new Tensor("int64", data as BigInt64Array, shape),
]);
const { last_hidden_state: exported } = await session.run(Object.fromEntries(feeds));

const runtime = await openRuntime();
const own = (await runPretrained(runtime, network, new Map(Object.entries(inputs)))).get("last_hidden_state");
await runtime.close();

let largest = 0;
for (const [index, value] of (own!.data as Float32Array).entries())
  largest = Math.max(largest, Math.abs(value - Number(exported!.data[index])));
console.log(`model.onnx: last_hidden_state [${exported!.dims.join(", ")}]`);
console.log(`largest difference from proteoscope's own run: ${largest.toExponential(1)}`);
