// Planes of further stains beside the nucleus, ER and microtubules, and the windows of them that belong to a nucleus.
// They lie below the nuclei, which carry their own, and below what reads them from pictures.

import { copyWindow, type PlaneSize } from "@proteoscope/imaging";
import type { FurtherStain } from "@proteoscope/models";

/** Planes of further stains in [0, 1], by stain; those that are missing are absent. */
export type StainPlanes = Readonly<Partial<Record<FurtherStain, Float32Array>>>;

/** The window of each stain of a field that begins at `origin`, [side, side]. */
export function cutStains(
  stains: StainPlanes,
  size: PlaneSize,
  origin: { readonly x: number; readonly y: number },
  side: number,
): StainPlanes {
  return Object.fromEntries(
    Object.entries(stains).map(([stain, plane]) => [stain, cutPlane(plane, size, origin, side)]),
  );
}

/** The square window of a plane that begins at `origin`, [side, side]; zeros outside the plane. */
export function cutPlane(
  plane: Float32Array,
  size: PlaneSize,
  origin: { readonly x: number; readonly y: number },
  side: number,
): Float32Array {
  const crop = new Float32Array(side * side);
  copyWindow(plane, size, origin, side, crop);
  return crop;
}
