// The nuclear condition of the image model: signed distance to the nuclear border, positive inside, as the
// OpenCell crops of cytoself carry it (Kobayashi et al., Nature Methods 19, 2022), and its reduction to the
// latent grid. Computed inside the crop alone: a nucleus beyond the crop's edge is not seen.

import { euclideanDistance, type PlaneSize } from "./distance-transform.ts";
import { resizeBilinear } from "./resize-bilinear.ts";

/** The autoencoder halves each side twice. */
const LATENT_REDUCTION = 4;

/**
 * Signed distance in pixels to the nuclear border: edt(mask) - edt(not mask). mask (non-zero = nucleus), result [H, W].
 *
 * No value is 0: the two sides of the border are +1 and -1. A mask without border is given the smallest distance
 * that the crop allows, as if the border ran just outside its frame: negative when the mask is empty, positive when full.
 */
export function nuclearDistance(mask: ArrayLike<number>, size: PlaneSize): Float32Array {
  const outside = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0) outside[i] = 1;
  const inner = euclideanDistance(mask, size);
  const outer = euclideanDistance(outside, size);
  const full = !outside.includes(1);
  const empty = !outside.includes(0);
  if (full || empty) {
    const sign = full ? 1 : -1;
    return frameDistance(size).map((distance) => sign * distance);
  }
  return inner.map((distance, i) => distance - outer[i]!);
}

/**
 * The distance map on the latent grid: bilinear, without antialias, corners not aligned.
 *
 * distance [H, W] -> [floor(H / 4), floor(W / 4)]. From 100 to 25 each value is the mean of the central 2x2 of a 4x4.
 * The unit stays the pixel of the crop; dividing by the standard deviation of the training data is the caller's.
 */
export function latentDistance(distance: Float32Array, size: PlaneSize): Float32Array {
  return resizeBilinear(distance, size, {
    height: Math.floor(size.height / LATENT_REDUCTION),
    width: Math.floor(size.width / LATENT_REDUCTION),
  });
}

/** Distance from each pixel to the nearest pixel outside the frame. */
function frameDistance({ height, width }: PlaneSize): Float32Array {
  const distance = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      distance[y * width + x] = 1 + Math.min(x, y, width - 1 - x, height - 1 - y);
    }
  }
  return distance;
}
