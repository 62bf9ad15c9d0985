// Makes protein-map.json of a model folder: `npx tsx scripts/map-proteins.ts checkpoints/proteoscope-mini`. It takes half a
// minute, and is due whenever the weights or the annotations of the model have changed.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRuntime } from "@proteoscope/engine/node";
import { openProteinEncoder, readSequenceModel } from "@proteoscope/microscope";
import { formatProteinMap, mapProteins, proteinMapFile } from "@proteoscope/microscope/protein-map";
import { openFolder } from "@proteoscope/models/node";

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("give a model folder");
const runtime = await openRuntime({ device: "cpu" });
const model = await readSequenceModel(openFolder(path));
const encoder = await openProteinEncoder(runtime, model);
const map = await mapProteins(encoder, model.homologs);
writeFileSync(join(path, proteinMapFile), await formatProteinMap(map, model));
console.log(`${map.proteins.length} proteins of ${map.source}`);
await encoder.close();
await runtime.close();
