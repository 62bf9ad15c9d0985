// The images that an evaluation has on record as sets: of unseen and seen proteins, their floors, further samples, sweeps, and
// pairs with the real crops whose nuclei they were generated around.

import { type NucleusLibrary, pickNucleus } from "@proteoscope/imaging";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import { labelOfCompartment } from "../../data/atlas/label-class.ts";
import type { ConfidentRecord, CropRecord, ProteinRecord, SweepRecord } from "../answers-file.ts";
import type { CellPlanes } from "../judges/cell-features.ts";
import { decodePlane } from "../predict/proteins.ts";
import type { KnownCrop } from "../sets.ts";
import { planesOf, withChannels } from "./atlas-images.ts";
import type { SuiteSubject } from "./details.ts";
import type { ImageSet, PairSet, SetImage } from "./image-set.ts";
import { floorSubject } from "./pair-figures.ts";
import { type BoundedProtein, type FindBounds, realBounds } from "./real-bounds.ts";

/** The floors of a protein that was not seen, by their names in figures. */
const floors = {
  "shuffled sequence": "shuffledSequence",
  [floorSubject]: "otherProtein",
  "random embedding": "randomEmbedding",
  "no sequence": "unconditional",
} as const;

/** Proteins drawn for a compartment that is predicted of them, by its name in figures; their label is that compartment. */
export const confidentSubject = "confident subset";

export interface GeneratedImages {
  readonly proteins: readonly ProteinRecord[];
  readonly confident: readonly ConfidentRecord[];
  readonly sweeps: readonly SweepRecord[];
  readonly library: NucleusLibrary;
}

/** Generated images of unseen and of seen proteins and of the confident subset, then the floors and the sweeps; sets without an image are left out. */
export function generatedSubjects({ proteins, confident, sweeps, library }: GeneratedImages): SuiteSubject[] {
  const unseen = proteins.filter(({ set }) => set !== "seen");
  const seen = proteins.filter(({ set }) => set === "seen");
  const subject = (
    name: string,
    set: SuiteSubject["set"],
    records: readonly ProteinRecord[],
    planeOf: (record: ProteinRecord) => string | undefined,
  ): SuiteSubject => ({ subject: name, set, images: imagesOf(`${name}, ${set}`, records, planeOf, library) });
  const settings = [...new Set(sweeps.map(({ setting }) => setting))];
  const all = [
    subject("generated", "unseen", unseen, ({ drawn }) => drawn.protein),
    subject("generated", "seen", seen, ({ drawn }) => drawn.protein),
    { subject: confidentSubject, set: "unseen" as const, images: confidentImages(confident, library) },
    ...Object.entries(floors).map(([name, change]) =>
      subject(name, "unseen", unseen, ({ changed }) => changed?.[change].protein),
    ),
    ...settings.map((setting) => {
      const images = new Map(
        sweeps.filter((one) => one.setting === setting).map(({ set, id, image }) => [`${set} ${id}`, image]),
      );
      return subject(setting, "unseen", unseen, ({ set, id }) => images.get(`${set} ${id}`));
    }),
  ];
  return all.filter(({ images }) => images.count > 0);
}

/** Real images in the place of those of unseen proteins, by `findBounds`; sets without an image are left out. */
export function boundSubjects(
  { proteins }: Pick<GeneratedImages, "proteins">,
  sequences: ReadonlyMap<string, Pick<BoundedProtein, "uniprot" | "sequence">>,
  findBounds: FindBounds,
  pixels: CropPixels,
): SuiteSubject[] {
  const found = proteins
    .filter(({ set, id }) => set !== "seen" && sequences.has(id))
    .map((record) => ({ record, bounds: findBounds({ ...sequences.get(record.id)!, ...record }) }));
  return realBounds.flatMap((subject): SuiteSubject[] => {
    const shown = found.flatMap(({ record: { id, label }, bounds }) => {
      const crop = bounds[subject];
      return crop === undefined ? [] : [{ id, label, crop }];
    });
    const images: ImageSet = {
      ...{ name: `${subject}, unseen`, count: shown.length },
      async *read() {
        for (const { id, label, crop } of shown) {
          const { data, height: side } = await pixels.read(crop.index);
          yield { ...{ id, label, protein: id, field: crop.fieldOfView }, planes: planesOf(data, side) };
        }
      },
    };
    return shown.length === 0 ? [] : [{ subject, set: "unseen", images }];
  });
}

/** All samples of unseen proteins; undefined where there is one each. */
export function generatedSamples({ proteins, library }: GeneratedImages): ImageSet | undefined {
  const unseen = proteins.filter(({ set, drawn }) => set !== "seen" && drawn.others.length > 0);
  if (unseen.length === 0) return undefined;
  return {
    ...{ name: "samples", count: unseen.reduce((sum, { drawn }) => sum + 1 + drawn.others.length, 0) },
    async *read() {
      for (const record of unseen)
        for (const [sample, plane] of [record.drawn.protein, ...record.drawn.others].entries())
          yield imageOf(record, `${record.id} ${sample}`, plane, library);
    },
  };
}

function imagesOf(
  name: string,
  records: readonly ProteinRecord[],
  planeOf: (record: ProteinRecord) => string | undefined,
  library: NucleusLibrary,
): ImageSet {
  const shown = records.filter((record) => planeOf(record) !== undefined);
  return {
    ...{ name, count: shown.length },
    async *read() {
      for (const record of shown) yield imageOf(record, record.id, planeOf(record)!, library);
    },
  };
}

function confidentImages(records: readonly ConfidentRecord[], library: NucleusLibrary): ImageSet {
  return {
    ...{ name: confidentSubject, count: records.length },
    async *read() {
      for (const { compartment, rank, protein, nucleus, image } of records) {
        const { distance, field, nucleus: drawnNucleus } = pickNucleus(library, nucleus);
        yield {
          ...{ id: `${compartment} ${rank}`, protein, field, label: labelOfCompartment(compartment) },
          planes: {
            ...{ side: Math.sqrt(distance.length), distance },
            ...{ protein: decodePlane(image), nucleus: drawnNucleus },
          },
        };
      }
    },
  };
}

function imageOf(
  { id: protein, label, nucleus, drawn }: ProteinRecord,
  id: string,
  plane: string,
  library: NucleusLibrary,
): SetImage {
  const { distance, field } = pickNucleus(library, nucleus);
  const side = Math.sqrt(distance.length);
  return {
    ...{ id, protein, label, field },
    planes: { side, distance, protein: decodePlane(plane), nucleus: decodePlane(drawn.nucleus) },
  };
}

export interface PairedCrops {
  readonly crops: readonly CropRecord[];
  readonly known: readonly KnownCrop[];
  readonly pixels: CropPixels;
  /** The autoencoder: image [2, N, N] -> the same. */
  readonly decode: (image: Float32Array) => Promise<Float32Array>;
  /** Mean protein channel of training crops [N, N]. */
  readonly meanImage: Float32Array;
  readonly findBounds: FindBounds;
}

/** Generated images beside the real crops whose nuclei they have, with what bounds them. */
export function pairedCrops({ crops, known, pixels, decode, meanImage, findBounds }: PairedCrops): PairSet {
  const ofIndex = new Map(known.map((one) => [one.crop.index, one]));
  return {
    count: crops.length,
    async *read() {
      for (const { crop: index, protein, isSeen, image, otherImage } of crops) {
        const { crop, protein: shown } = ofIndex.get(index)!;
        const label = labelOfCompartment(crop.primary);
        const { data, height: side } = await pixels.read(index);
        const real = planesOf(data, side);
        const decoded = withChannels(await decode(data.slice(0, 2 * side * side)), data);
        const bounds = findBounds({ ...shown, id: `crop ${index}`, label });
        const realOnes: [string, CellPlanes][] = [];
        for (const [name, { index: bound }] of Object.entries(bounds))
          realOnes.push([name, planesOf((await pixels.read(bound)).data, side)]);
        yield {
          ...{ id: `crop ${index}`, protein, gene: crop.gene, label, isSeen, field: crop.fieldOfView, real },
          generated: { ...real, protein: decodePlane(image) },
          bounds: {
            [floorSubject]: { ...real, protein: decodePlane(otherImage) },
            autoencoder: planesOf(decoded, side),
            "mean image": { ...real, protein: meanImage },
            ...Object.fromEntries(realOnes),
          },
        };
      }
    },
  };
}
