/**
 * The lowerings of each device: rules that rewrite operators as those that are fastest there, or exact enough.
 */
import type { Device } from "../runtime/runtime.ts";
import { centerNormalization } from "./center-normalization.ts";
import { exactSinusoids } from "./exact-sinusoids.ts";
import { fuseAffine } from "./fuse-affine.ts";
import { fuseAttention } from "./fuse-attention.ts";
import type { Rule } from "./rewrite.ts";
import { splitUpsampling } from "./split-upsampling.ts";
import { winogradConvolutions } from "./winograd.ts";

const exactOnWebgpu = [centerNormalization, exactSinusoids];

/** Gives the lowerings of a graph whose weights are constants, and which is not differentiated any more. */
export function inferenceLowerings(device: Device): readonly Rule[] {
  if (device === "cpu") return [splitUpsampling, fuseAttention, fuseAffine];
  return device === "webgpu" ? exactOnWebgpu : [];
}

/** Gives the lowerings of a training step with its gradients; each call is for one graph. */
export function trainingLowerings(device: Device): readonly Rule[] {
  if (device === "cpu") return [winogradConvolutions()];
  return device === "webgpu" ? exactOnWebgpu : [];
}
