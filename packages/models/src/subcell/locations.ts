// The 31 locations of SubCell's classifiers, in the order of their outputs, and the scale and range of the images that it
// was trained on.

/** Locations by the index of a classifier's output. */
export const subcellLocations: readonly string[] = [
  ...["Actin filaments", "Aggresome", "Cell Junctions", "Centriolar satellite", "Centrosome"],
  ...["Cytokinetic bridge", "Cytoplasmic bodies", "Cytosol", "Endoplasmic reticulum", "Endosomes"],
  ...["Focal adhesion sites", "Golgi apparatus", "Intermediate filaments", "Lipid droplets", "Lysosomes"],
  ...["Microtubules", "Midbody", "Mitochondria", "Mitotic chromosome", "Mitotic spindle", "Nuclear bodies"],
  ...["Nuclear membrane", "Nuclear speckles", "Nucleoli", "Nucleoli fibrillar center", "Nucleoli rim"],
  ...["Nucleoplasm", "Peroxisomes", "Plasma membrane", "Vesicles", "Negative"],
];

/** Side of a pixel of the training images in micrometres. */
export const subcellPixelSizeMicrons = 0.0800885;

/**
 * The planes of one cell, in the encoder's order, as the encoder takes them: from their joint minimum and maximum to [0, 1],
 * so that the intensities of the stains relative to each other stay. The result follows plane by plane.
 */
export function normalizeSubcell(planes: readonly ArrayLike<number>[]): Float32Array {
  const values = Float32Array.from(planes.flatMap((plane) => Array.from(plane)));
  const [least, most] = values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [
    Infinity,
    -Infinity,
  ] as [number, number]);
  return values.map((value) => (value - least) / (most - least + 1e-6));
}
