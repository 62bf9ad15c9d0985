/**
 * Which rules give a graph the forms that are fastest on a device, or exact enough there.
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

/** Of a graph whose weights are constants, and which nobody differentiates any more. */
export function inferenceLowerings(device: Device): readonly Rule[] {
  if (device === "cpu") return [splitUpsampling, fuseAttention, fuseAffine];
  return device === "webgpu" ? exactOnWebgpu : [];
}

/** Of a training step, gradients and all. */
export function trainingLowerings(device: Device): readonly Rule[] {
  if (device === "cpu") return [winogradConvolutions()];
  return device === "webgpu" ? exactOnWebgpu : [];
}
