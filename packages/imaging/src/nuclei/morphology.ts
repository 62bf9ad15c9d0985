// Clean-up of a binary mask: small holes filled (nucleoli take little DNA stain and look like holes), thin spurs
// and bridges removed (out-of-focus light and debris between nuclei).

import { euclideanDistance, type PlaneSize } from "../planes/distance-transform.ts";
import { labelRegions, maskWhere } from "./regions.ts";

/** Fills the enclosed background regions of at most maxPixels; background that reaches the frame is no hole. */
export function fillHoles(mask: Uint8Array, size: PlaneSize, maxPixels: number): Uint8Array {
  const { height, width } = size;
  const background = labelRegions(
    mask.map((value) => (value === 0 ? 1 : 0)),
    size,
    4,
  );
  const area = new Int32Array(background.count + 1);
  for (const label of background.labels) area[label]!++;
  const isOpen = new Uint8Array(background.count + 1);
  for (let x = 0; x < width; x++) {
    isOpen[background.labels[x]!] = 1;
    isOpen[background.labels[(height - 1) * width + x]!] = 1;
  }
  for (let y = 0; y < height; y++) {
    isOpen[background.labels[y * width]!] = 1;
    isOpen[background.labels[y * width + width - 1]!] = 1;
  }
  return mask.map((value, pixel) => {
    const label = background.labels[pixel]!;
    return value !== 0 || (isOpen[label] === 0 && area[label]! <= maxPixels) ? 1 : 0;
  });
}

/** Morphological opening by a disc: what a disc of the radius does not fit into is removed. */
export function openMask(mask: Uint8Array, size: PlaneSize, radiusPixels: number): Uint8Array {
  const depth = euclideanDistance(mask, size);
  const outsideCore = maskWhere(depth.length, (pixel) => depth[pixel]! <= radiusPixels);
  const toCore = euclideanDistance(outsideCore, size);
  return mask.map((value, pixel) => (value !== 0 && toCore[pixel]! <= radiusPixels ? 1 : 0));
}
