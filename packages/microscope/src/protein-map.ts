// The map of proteins of @proteoscope/microscope, apart from the others, so that a page which places pictures on a map that it
// was given loads no network.

export { embedRows, type UmapMessage, type UmapRequest } from "./protein-map/embed-rows.ts";
export { followMap, type ProteinMapState } from "./protein-map/follow-map.ts";
export type { MappedProtein, ProteinMap } from "./protein-map/map.ts";
export { formatProteinMap, proteinMapFile, readProteinMap } from "./protein-map/map-file.ts";
export { placeAmong } from "./protein-map/place-among.ts";
export { mapProteins } from "./protein-map/protein-map.ts";
