// The whole chain as browser and Node run it alike: a model folder, from wherever it is read, and a protein's sequence
// become one image around the first nucleus of the model's own library. All that lies on the way is given back, so
// that a difference is seen where it begins.
import type { Runtime } from "@proteoscope/engine";
import { pickNucleus } from "@proteoscope/imaging";
import { openMicroscope, readModel, readModelNuclei } from "@proteoscope/microscope";
import type { FileSource } from "@proteoscope/models";

export interface FirstImageRequest {
  readonly sequence: string;
  readonly steps: number;
}

/** Values by name: protein representation, its compartments, the image and the compartments seen in it. */
export async function drawFirstImage(
  runtime: Runtime,
  folder: FileSource,
  { sequence, steps }: FirstImageRequest,
): Promise<Record<string, { shape: readonly number[]; values: readonly number[] }>> {
  const [model, nuclei] = await Promise.all([readModel(folder), readModelNuclei(folder)]);
  const microscope = openMicroscope(runtime, model);
  const protein = await microscope.read(sequence);
  const { distance } = pickNucleus(nuclei, 0);
  const drawing = await microscope.draw(protein, distance, { samples: 1, steps, sampler: "dpm++", seed: 0 });
  await microscope.close();
  const { height, width, images, compartments } = drawing;
  const named = (probabilities: Readonly<Record<string, number>>) => ({
    shape: [Object.keys(probabilities).length],
    values: Object.values(probabilities),
  });
  return {
    distance: { shape: [height, width], values: Array.from(distance) },
    condition: {
      shape: [protein.condition.length / protein.width, protein.width],
      values: Array.from(protein.condition),
    },
    fromSequence: named(protein.compartments),
    image: { shape: [1, 2, height, width], values: Array.from(images) },
    seen: named(compartments),
  };
}
