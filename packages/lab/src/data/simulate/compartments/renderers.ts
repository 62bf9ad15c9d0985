// The renderer of each compartment that an image can show, and how much of the protein is diffuse beside it: levels
// relative to the structure's own brightness, low to high, in cytoplasm and nucleus.

import type { Compartment } from "../../atlas/compartments.ts";
import type { Renderer } from "../scene.ts";
import { renderCentrosome } from "./centrosome.ts";
import { renderCytoplasm } from "./cytoplasm.ts";
import { renderCytoskeleton } from "./cytoskeleton.ts";
import { renderEr } from "./er.ts";
import { renderGolgi } from "./golgi.ts";
import { renderMitochondria } from "./mitochondria.ts";
import { renderNuclearDomains } from "./nuclear-domains.ts";
import { renderNuclearMembrane } from "./nuclear-membrane.ts";
import { renderNucleolus } from "./nucleolus.ts";
import { renderNucleoplasm } from "./nucleoplasm.ts";
import { renderPlasmaMembrane } from "./plasma-membrane.ts";
import { renderVesicles } from "./vesicles.ts";

type Range = readonly [low: number, high: number];

export interface CompartmentLook {
  readonly render: Renderer;
  readonly diffuse: { readonly cytoplasm: Range; readonly nucleus: Range };
  /** How much of a structure of the cytoplasm is seen over nuclei (`Scene.overlap`). */
  readonly over: Range;
}

export type ImageCompartment = Exclude<Compartment, "extracellular">;

const look = (render: Renderer, cytoplasm: Range, nucleus: Range, over: Range = [0, 0]): CompartmentLook => ({
  render,
  diffuse: { cytoplasm, nucleus },
  over,
});

export const compartmentLooks: Readonly<Record<ImageCompartment, CompartmentLook>> = {
  mitochondria: look(renderMitochondria, [0.01, 0.15], [0.01, 0.25], [0.05, 0.4]),
  nucleoplasm: look(renderNucleoplasm, [0.02, 0.5], [0.001, 0.01]),
  ER: look(renderEr, [0.01, 0.15], [0.02, 0.2], [0.1, 0.5]),
  cytoplasm: look(renderCytoplasm, [0.001, 0.01], [0.01, 0.1]),
  vesicles: look(renderVesicles, [0.02, 0.2], [0.02, 0.25], [0.2, 1]),
  nuclear_membrane: look(renderNuclearMembrane, [0.01, 0.12], [0.01, 0.15]),
  nucleolus: look(renderNucleolus, [0.01, 0.2], [0.02, 0.3]),
  Golgi: look(renderGolgi, [0.02, 0.15], [0.04, 0.4], [0.5, 1]),
  nuclear_domains: look(renderNuclearDomains, [0.02, 0.15], [0.05, 0.55]),
  plasma_membrane: look(renderPlasmaMembrane, [0.01, 0.15], [0.02, 0.25]),
  cytoskeleton: look(renderCytoskeleton, [0.02, 0.2], [0.02, 0.2], [0.2, 0.7]),
  centrosome: look(renderCentrosome, [0.06, 0.6], [0.06, 0.8]),
};
