import { compile, f32, float32, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noCalibration, posteriorProbabilities } from "../localization/calibration.ts";
import { applyCompartmentTarget } from "./compartment-target.ts";

const labels = ["extracellular", "ER", "Golgi"];
const compartments = ["Golgi", "ER"];
const rows = [-9, -2, 8, -7, 6, -1];
const prototypes = float32([2, 3], Float32Array.from(rows));
const posterior = { scale: 0.5, bias: [0, 1, -1] };

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

async function applyTarget(logits: number[], inverseTemperature: number) {
  const program = await compile(
    runtime,
    (w, inputs) => ({
      ...applyCompartmentTarget(w, inputs.context, { compartments, inverseTemperature }, labels, posterior),
    }),
    { context: f32("proteins", 3) },
    { weights: new Map([["compartments.prototypes", prototypes]]) },
  );
  const proteins = logits.length / 3;
  const targeted = await program.run({ context: float32([proteins, 3], Float32Array.from(logits)) });
  await program.close();
  return {
    shares: [...(targeted.shares.data as Float32Array)],
    logits: [...(targeted.logits.data as Float32Array)],
  };
}

function expectNumbers(found: readonly number[], wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(found[i], `index ${i}`).toBeCloseTo(value, 5);
  });
}

describe("applyCompartmentTarget", () => {
  it("mixes the prototypes by the posterior at an inverse temperature of 1", async () => {
    const logits = [3, 0.5, 2];
    const p = posteriorProbabilities(logits, { ...noCalibration(3), posterior });
    const golgi = p[2]! / (p[1]! + p[2]!);
    const targeted = await applyTarget(logits, 1);
    expectNumbers(targeted.shares, [golgi, 1 - golgi]);
    expectNumbers(
      targeted.logits,
      [0, 1, 2].map((i) => golgi * rows[i]! + (1 - golgi) * rows[3 + i]!),
    );
  });

  it("takes the most probable alone at a high one, each protein by itself", async () => {
    const targeted = await applyTarget([0, 0, 6, 0, 6, 0], 50);
    expectNumbers(targeted.shares, [1, 0, 0, 1]);
    expectNumbers(targeted.logits, [-9, -2, 8, -7, 6, -1]);
  });

  it("halves a tie however sharp it is", async () => {
    // 0.5 * 4 - 1 = 0.5 * 0 + 1
    expectNumbers((await applyTarget([9, 0, 4], 100)).shares, [0.5, 0.5]);
  });

  it("draws nothing that has no image, as sure as the head may be of it", async () => {
    const sure = await applyTarget([100, 0, 9], 8);
    expectNumbers(sure.shares, (await applyTarget([-100, 0, 9], 8)).shares);
  });
});
