// How well a channel falls into nuclei: the share of its segmented objects that are whole, round and of the size of nuclei, times
// their solidity. A DNA stain is near 1; networks of filaments, membranes and small dots fall into pieces that are too small,
// too large or too ragged. `data check` finds swapped channels by it.

import type { Segmentation } from "@proteoscope/imaging";

/** From 0 to 1. */
export function nuclearScore({ nuclei, dropped }: Segmentation): number {
  const { tooSmall, tooLarge, ragged } = dropped;
  const objects = nuclei.length + tooSmall + tooLarge + ragged;
  if (objects === 0) return 0;
  return nuclei.reduce((sum, { solidity }) => sum + solidity, 0) / objects;
}
