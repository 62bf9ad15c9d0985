// Hand-made features as an encoder: placement and texture of the protein, as the judge that knows real cells alone has them,
// and the spectrum of both channels. No network, no training.

import { placementFeatures, spectrumFeatures, textureFeatures } from "../judges/cell-features.ts";
import { type CellEncoder, identityOf } from "./encoder.ts";

const version = 1; // goes up with every change of a feature, so that stored embeddings are not mixed

/** Groups of features, each a range of the embedding. */
export interface FeatureGroups {
  readonly names: readonly string[];
  readonly groups: readonly { readonly name: string; readonly start: number; readonly end: number }[];
}

const groupsOf = {
  placement: placementFeatures,
  texture: textureFeatures,
  spectrum: spectrumFeatures,
} as const;

/** The names of the features, in the order of the embedding. */
export function featureGroups(): FeatureGroups {
  const plane = Float32Array.from({ length: 256 }, (_, i) => (i % 16) / 16);
  const planes = { side: 16, protein: plane, nucleus: plane, distance: plane };
  const groups: { name: string; start: number; end: number }[] = [];
  const names: string[] = [];
  for (const [name, featuresOf] of Object.entries(groupsOf)) {
    const found = Object.keys(featuresOf(planes));
    groups.push({ name, start: names.length, end: names.length + found.length });
    names.push(...found);
  }
  return { names, groups };
}

/** Positions of the features that are of one channel alone; the nuclear distance is known to both. */
function channelsOf({ names, groups }: FeatureGroups) {
  const spectrum = groups.find(({ name }) => name === "spectrum")!;
  const ofNucleus = (index: number) => index >= spectrum.start && names[index]!.startsWith("nucleus, ");
  const all = [...names.keys()];
  return {
    protein: all.filter((index) => !ofNucleus(index) && names[index] !== "DNA under protein"),
    nucleus: all.filter(ofNucleus),
  };
}

/** Opens the features. */
export function openFeatureEncoder(): CellEncoder {
  const found = featureGroups();
  const channels = channelsOf(found);
  return {
    name: "features",
    title: "hand-made features of placement, texture and spectrum; no network, no resize",
    identity: identityOf("features", version),
    trainedOn: "nothing",
    ofChannel: (embedding, channel) => Float32Array.from(channels[channel], (index) => embedding[index]!),
    judged: found.groups.find(({ name }) => name === "spectrum")!.start, // colours and cameras differ in it
    encode: async (cells) =>
      cells.map((planes) => ({
        embedding: Float32Array.from(
          Object.values(groupsOf).flatMap((featuresOf) => Object.values(featuresOf(planes))),
        ),
      })),
    close: async () => undefined,
  };
}
