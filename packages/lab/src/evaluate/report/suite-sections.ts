// The sections of the report that show the suite, in their order. A chart comes with the table of its
// numbers.

import type { SuiteResults } from "../suite/results.ts";
import { distancesSection } from "./sections/distances.ts";
import { judgesSection } from "./sections/judges.ts";
import { namingSection } from "./sections/naming.ts";
import { pairsSection } from "./sections/pairs.ts";
import { realismSection } from "./sections/realism.ts";
import { sweepsSection } from "./sections/sweeps.ts";
import type { SuitePictures } from "./suite-pictures.ts";
import { umapSection } from "./umap-section.ts";

/** Title and content of each section. */
export function suiteSections(
  suite: SuiteResults,
  pictures: SuitePictures | undefined,
): (readonly [title: string, content: string])[] {
  const sections = [
    ["Compartments by every judge", judgesSection(suite)],
    ["Real beside generated, around the same nucleus", pairsSection(suite, pictures)],
    ["Distances of sets of images", distancesSection(suite)],
    ["What gives generated images away", realismSection(suite)],
    ["Does an image name its protein?", namingSection(suite)],
    ["Averages, steps and guidance", sweepsSection(suite)],
    ["Map of real and generated images", umapSection(suite.umap, pictures?.points)],
  ] as const;
  return sections.filter(([, content]) => content !== "");
}
