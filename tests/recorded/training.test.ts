import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type NdArray, readNpy, readSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beginRun, simulateCells, writeRecordedAtlas } from "./atlas.ts";
import { proteoscope } from "./command.ts";
import { expectRecorded, spreadValues } from "./recording.ts";
import { recordedRuns } from "./training-configs.ts";

let atlas: Awaited<ReturnType<typeof writeRecordedAtlas>>;
beforeAll(async () => {
  atlas = await writeRecordedAtlas();
});
afterAll(() => atlas?.remove());

/** The tensors of a run's model by file, and those of its checkpoints by what they are, such as "average". */
function tensorsOf(run: string): Map<string, NdArray[]> {
  const groups = new Map<string, NdArray[]>();
  const files = readdirSync(run, { recursive: true, encoding: "utf8" }).map((file) =>
    file.replaceAll("\\", "/"),
  );
  for (const file of files.filter((file) => /^(model|checkpoints)\/.*\.safetensors$/.test(file)).sort())
    for (const [name, tensor] of readSafetensors(readFileSync(join(run, file))).tensors) {
      const group = file.startsWith("model/") ? file : `${file} ${name.split(".")[0]}`;
      groups.set(group, [...(groups.get(group) ?? []), tensor]);
    }
  return groups;
}

/** The losses of each step, by name. */
function lossesOf(run: string): Record<string, number[]> {
  const lines = readFileSync(join(run, "metrics.jsonl"), "utf8").trim().split("\n");
  const losses: Record<string, number[]> = {};
  for (const line of lines)
    for (const [name, value] of Object.entries(JSON.parse(line) as Record<string, number>))
      if (name.startsWith("loss.")) (losses[name] ??= []).push(value);
  return losses;
}

/** [N, C, H, W] as [N, H, W, C], the order of the recording. */
function channelsLast({ shape, data }: NdArray): NdArray {
  const [count, channels, height, width] = shape as [number, number, number, number];
  const plane = height * width;
  const bytes = data as Uint8Array;
  const moved = Uint8Array.from(bytes, (_, at) => {
    const [crop, rest] = [Math.floor(at / (plane * channels)), at % (plane * channels)];
    return bytes[(crop * channels + (rest % channels)) * plane + Math.floor(rest / channels)]!;
  });
  return { dtype: "uint8", shape: [count, height, width, channels], data: moved };
}

describe("training on an atlas", () => {
  it("is preceded by simulated cells, as recorded", () => {
    simulateCells(atlas.path);
    const pixels = channelsLast(readNpy(readFileSync(join(atlas.path, "simulated/crops.npy"))));
    const numbers = { pixels: spreadValues(pixels, 24) };
    expectRecorded("training", "simulated", { arrays: new Map([["pixels", [pixels]]]), numbers }, 0.01);
  });

  it.each(recordedRuns)("leaves the tensors as recorded: $run", (recorded) => {
    const { run } = recorded;
    proteoscope(atlas.path, "train", ...beginRun(atlas.path, recorded), "-o", run);
    const numbers = lossesOf(join(atlas.path, run));
    expect(Object.values(numbers)[0]).toHaveLength(4);
    expectRecorded("training", run, { arrays: tensorsOf(join(atlas.path, run)), numbers }, 1e-3);
  });
});
