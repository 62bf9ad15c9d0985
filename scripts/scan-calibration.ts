// Measures `scan` with a model: p-values where nothing should be found (500 proteins in random order), and the rank of known
// signals (scan-calibration/signals.fasta). docs/experiments/scan-calibration.md holds the figures.
//
//     npx tsx scripts/scan-calibration.ts checkpoints/proteoscope-mini [null | signals]

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createGenerator } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { parseFasta } from "@proteoscope/formats";
import { readSequenceModel } from "@proteoscope/microscope";
import { openSequencePredictor, type SequencePredictor } from "@proteoscope/microscope/experiments";
import { openFolder } from "@proteoscope/models/node";
import { fraction, kolmogorovSmirnov, rankSignal, scanOne } from "./scan-calibration/measure.ts";

const shuffledProteins = 500;
const seed = 17;

const [folder = "checkpoints/proteoscope-mini", part] = process.argv.slice(2);
const runtime = await openRuntime({ device: "cpu" });
const predictor = await openSequencePredictor(runtime, await readSequenceModel(openFolder(folder)));
if (part !== "signals") await measureNull(predictor);
if (part !== "null") await measureSignals(predictor);
await predictor.close();
await runtime.close();

/** Scans shuffled annotated proteins of 100 to 250 residues; one random window of each enters the test of uniformity. */
async function measureNull(predictor: SequencePredictor): Promise<void> {
  const { sequences, ends } = predictor.model.homologs!.proteins;
  const proteins = Array.from(ends, (end, index) =>
    new TextDecoder().decode(sequences.subarray(ends[index - 1] ?? 0, end)),
  ).filter(({ length }) => length >= 100 && length <= 250);
  const ps: number[] = [];
  let [scansWithDiscovery, windows] = [0, 0];
  for (let index = 0; index < shuffledProteins; index++) {
    const random = createGenerator(seed, "calibration", index);
    const protein = proteins[random.integer(proteins.length)]!;
    const order = createGenerator(seed, "order", index).shuffle(protein.length - 1);
    const sequence = protein[0]! + Array.from(order, (at) => protein[1 + at]).join("");
    const settings = { windowResidues: 25, strideResidues: 25, draws: 200, seed: index };
    const result = await scanOne(predictor, {
      ...settings,
      protein: { id: String(index), sequence },
      mode: "delete",
    });
    ps.push(result.windows[random.integer(result.windows.length, 1)]!.p);
    windows += result.windows.length;
    if (result.windows.some(({ q }) => q <= 0.05)) scansWithDiscovery++;
    if ((index + 1) % 50 === 0) report(ps, scansWithDiscovery, windows);
  }
}

function report(ps: readonly number[], discoveries: number, windows: number): void {
  const { distance, p } = kolmogorovSmirnov(ps);
  const below = [0.01, 0.05, 0.1, 0.5].map(
    (level) => `${level}: ${fraction(ps.filter((x) => x <= level).length, ps.length).value.toFixed(3)}`,
  );
  const { value, low, high } = fraction(discoveries, ps.length);
  console.log(
    `${ps.length} shuffled proteins, ${windows} windows: Kolmogorov-Smirnov D ${distance.toFixed(4)}, p ${p.toFixed(3)}; ` +
      `p at most ${below.join(", ")}; a window with q <= 0.05 in ${value.toFixed(3)} of the scans [${low.toFixed(3)}, ${high.toFixed(3)}]`,
  );
}

/** Scans the textbook proteins as `proteoscope scan` does by default. */
async function measureSignals(predictor: SequencePredictor): Promise<void> {
  const path = join(import.meta.dirname, "scan-calibration", "signals.fasta");
  console.log("| signal | protein | predicted | rank | window | effect | p | q | after |");
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const { id, description, sequence } of parseFasta(readFileSync(path, "utf8"), { name: path })) {
    const [name, range] = id.split(":") as [string, string];
    const [first, last] = range.split("-").map(Number) as [number, number];
    const request = {
      protein: { id: name, sequence },
      mode: "delete" as const,
      windowResidues: 25,
      strideResidues: 5,
    };
    const result = await scanOne(predictor, { ...request, seed: 0 });
    const { rank, window } = rankSignal(result, first, last);
    const [best] = Object.entries(result.wildType).sort(([, a], [, b]) => b - a);
    const cells = [
      ...[`${description.replace(/^\S+ /, "")}, ${range}`, name, `${best![0]} ${best![1].toFixed(2)}`],
      ...[`${rank ?? "-"}`, `${window.first}-${window.last}`, window.effect.toFixed(2)],
      ...[window.p.toFixed(4), window.q.toFixed(3), `${window.compartment}`],
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
