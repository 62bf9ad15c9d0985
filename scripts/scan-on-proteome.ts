// `tsx scripts/scan-on-proteome.ts MODEL SET OUT.json [PROTEINS]`: whether `scan` finds the residues that decide. Of proteins of
// a simulated proteome that MODEL never saw, those are scanned of which one planted signal decides: without it, half of the
// protein or more would be elsewhere by the rule. At most PROTEINS (default 60) are scanned, in the order of the set.
import { writeFile } from "node:fs/promises";
import { openRuntime } from "@proteoscope/engine/node";
import { phenotypeOf, readProteins, readProteinTruth, readSignalTruth } from "@proteoscope/lab";
import { readSequenceModel } from "@proteoscope/microscope";
import { openSequencePredictor } from "@proteoscope/microscope/experiments";
import { openFolder } from "@proteoscope/models/node";
import { decidingSignal, fraction, rankSignal, scanOne } from "./scan-calibration/measure.ts";

const [modelPath, set, out, most = "60"] = process.argv.slice(2);
if (modelPath === undefined || set === undefined || out === undefined)
  throw new Error("usage: tsx scripts/scan-on-proteome.ts MODEL SET OUT.json [PROTEINS]");
const heldOut = 4;
const settings = { mode: "delete", windowResidues: 15, strideResidues: 5, seed: 0 } as const;

const runtime = await openRuntime({ device: "cpu" });
const predictor = await openSequencePredictor(runtime, await readSequenceModel(openFolder(modelPath)));
const signals = await readSignalTruth(set);
const unseen = new Set(
  (await readProteinTruth(set)).filter(({ partition }) => partition === heldOut).map(({ id }) => id),
);
const scans = [];
for (const { id, sequence } of await readProteins(set)) {
  if (scans.length === Number(most)) break;
  const deciding = unseen.has(id)
    ? decidingSignal(signals.get(id) ?? [], (without) => phenotypeOf(sequence, without).mixture)
    : undefined;
  if (deciding === undefined) continue;
  const result = await scanOne(predictor, { ...settings, protein: { id, sequence } });
  const [first, last] = [deciding.begin + 1, deciding.end];
  const { rank, window } = rankSignal(result, first, last);
  scans.push({ id, signal: deciding.name, strength: deciding.strength, first, last, rank, q: window.q });
  console.error(`${scans.length}  ${id}  ${deciding.name} ${first}-${last}: rank ${rank ?? "none"}`);
}
await predictor.close();
await runtime.close();
const found = fraction(scans.filter(({ rank }) => rank === 1).length, scans.length);
await writeFile(out, `${JSON.stringify({ settings, first: found, scans }, null, 2)}\n`);
console.log(JSON.stringify({ scans: scans.length, first: found }));
