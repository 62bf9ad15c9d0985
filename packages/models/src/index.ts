// What other packages may use of @proteoscope/models: the published networks, their samplers, and the nuclear condition.

export { euclideanDistance, type PlaneSize } from "./nucleus/euclidean-distance.ts";
export { latentDistance, nuclearDistance } from "./nucleus/nuclear-distance.ts";
export { resizeBilinear } from "./nucleus/resize-bilinear.ts";
