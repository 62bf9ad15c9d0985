// One plane of an image, chosen by channel, section and time point, with a record of the choice for provenance.
// A stack of sections becomes one plane by a stated policy: its sharpest plane unless another is asked for.

import { toFloat32 } from "../nd-array.ts";
import { describeAxes, describeChannel, type ImageStack } from "./image-stack.ts";
import { sharpness } from "./sharpness.ts";

/** The sharpest plane, the brightest value of every pixel over all planes, or one plane by its number from 0. */
export type ZPolicy = "sharpest" | "maximum" | number;

/** Which plane of an image to read: channel, policy for z, time point. */
export interface SelectPlaneOptions {
  /** Number from 0, in digits too, or name of the channel; needed where there are several. */
  readonly channel?: number | string | undefined;
  /** Default "sharpest". */
  readonly z?: ZPolicy | undefined;
  /** Number of the time point from 0. Default 0. */
  readonly time?: number | undefined;
  /** Ends the work between two planes. */
  readonly signal?: AbortSignal | undefined;
}

/** What was chosen and from how much; plain data, for JSON. */
export interface PlaneSelection {
  readonly channel: number;
  readonly channelName?: string;
  readonly channels: number;
  readonly zPolicy: "only plane" | "sharpest plane" | "maximum projection" | "plane by number";
  /** The plane of z; absent for a projection. */
  readonly z?: number;
  readonly planesOfZ: number;
  readonly time: number;
  readonly times: number;
  /** Which image of a file of several. */
  readonly image: number;
  readonly images: number;
}

/** One plane of an image with its pixel size in micrometres and the record of what was selected. */
export interface SelectedPlane {
  /** [height, width] */
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly pixelSizeMicrons?: number;
  readonly selection: PlaneSelection;
}

/** A choice that the image does not offer, or that was not made: `axis` says which; the message what there is. */
export class ImageSelectionError extends Error {
  readonly axis: "channel" | "z" | "time";

  constructor(axis: ImageSelectionError["axis"], message: string) {
    super(message);
    this.name = "ImageSelectionError";
    this.axis = axis;
  }
}

// What a policy looks at: a thousand planes of 2048 x 2048 pixels.
const mostPlanes = 4096;
const mostPixels = 2 ** 32;
const restEveryMs = 50;

/** Reads the chosen plane. Throws ImageSelectionError, or FormatError where the plane cannot be read. */
export async function selectPlane(
  stack: ImageStack,
  options: SelectPlaneOptions = {},
): Promise<SelectedPlane> {
  const { width, height, bitDepth, pixelSizeMicrons, sizeC, sizeZ, sizeT, series } = stack;
  const c = chooseChannel(stack, options.channel);
  const t = chooseNumber(stack, "time", options.time ?? 0, sizeT);
  const { values, ...choice } = await chooseSection(stack, c, t, options);
  const name = stack.channelNames[c];
  return {
    ...{ values, width, height, bitDepth },
    ...(pixelSizeMicrons === undefined ? {} : { pixelSizeMicrons }),
    selection: {
      channel: c,
      ...(name === undefined ? {} : { channelName: name }),
      channels: sizeC,
      ...choice,
      ...{ planesOfZ: sizeZ, time: t, times: sizeT, image: series.index, images: series.count },
    },
  };
}

/** "channel 1 (DAPI), plane 2 of z (sharpest of 5), time point 0 (of 3)": a selection in words. */
export function describeSelection(selection: PlaneSelection): string {
  const { channel, channelName, zPolicy, z, planesOfZ, time, times, image, images } = selection;
  const parts = [`channel ${describeChannel(channel, channelName)}`];
  if (zPolicy === "sharpest plane") parts.push(`plane ${z} of z (sharpest of ${planesOfZ})`);
  if (zPolicy === "plane by number") parts.push(`plane ${z} of z (of ${planesOfZ})`);
  if (zPolicy === "maximum projection") parts.push(`maximum over ${planesOfZ} planes of z`);
  if (times > 1) parts.push(`time point ${time} (of ${times})`);
  if (images > 1) parts.push(`image ${image} (of ${images})`);
  return parts.join(", ");
}

function chooseChannel(stack: ImageStack, asked: number | string | undefined): number {
  const { sizeC, channelNames } = stack;
  if (asked === undefined) {
    if (sizeC === 1) return 0;
    throw new ImageSelectionError("channel", `the image has ${describeAxes(stack)}: say which channel`);
  }
  const number = typeof asked === "number" ? asked : /^\s*\d+\s*$/.test(asked) ? Number(asked) : Number.NaN;
  if (Number.isInteger(number) && number >= 0 && number < sizeC) return number;
  const wanted = normalized(String(asked));
  const named = channelNames
    .slice(0, sizeC)
    .flatMap((name, index) => (name !== undefined && normalized(name) === wanted ? [index] : []));
  if (named.length === 1) return named[0]!;
  const problem = named.length === 0 ? "there is no channel" : `${named.length} channels are called`;
  const shown = typeof asked === "number" ? asked : JSON.stringify(asked);
  throw new ImageSelectionError("channel", `${problem} ${shown}: the image has ${describeAxes(stack)}`);
}

function normalized(name: string): string {
  return name.trim().normalize("NFKC").toLowerCase();
}

function chooseNumber(stack: ImageStack, axis: "z" | "time", asked: number, size: number): number {
  if (Number.isInteger(asked) && asked >= 0 && asked < size) return asked;
  const what = axis === "z" ? "plane" : "time point";
  const there = size === 1 ? `one ${what}` : `${what}s 0 to ${size - 1}`;
  throw new ImageSelectionError(
    axis,
    `there is no ${what} ${asked}: the image has ${there} (${describeAxes(stack)})`,
  );
}

interface Section extends Pick<PlaneSelection, "zPolicy" | "z"> {
  readonly values: Float32Array;
}

async function chooseSection(
  stack: ImageStack,
  c: number,
  t: number,
  { z = "sharpest", signal }: SelectPlaneOptions,
): Promise<Section> {
  const { sizeZ, width, height } = stack;
  if (typeof z === "number" || sizeZ === 1) {
    const plane = typeof z === "number" ? chooseNumber(stack, "z", z, sizeZ) : 0;
    const values = toFloat32(await stack.readPlane({ c, z: plane, t }));
    return { values, zPolicy: typeof z === "number" ? "plane by number" : "only plane", z: plane };
  }
  if (sizeZ > mostPlanes || sizeZ * width * height > mostPixels) {
    const all = `${sizeZ} planes of ${width} x ${height} pixels`;
    throw new ImageSelectionError("z", `${all} are too many to compare: choose a plane of z by its number`);
  }
  const planes = readSections(stack, c, t, signal);
  if (z === "maximum")
    return { values: await projectMaximum(planes, width * height), zPolicy: "maximum projection" };
  return { ...(await findSharpest(planes, stack)), zPolicy: "sharpest plane" };
}

async function* readSections(stack: ImageStack, c: number, t: number, signal: AbortSignal | undefined) {
  let rested = performance.now();
  for (let z = 0; z < stack.sizeZ; z++) {
    signal?.throwIfAborted();
    yield { z, values: toFloat32(await stack.readPlane({ c, z, t })) };
    if (performance.now() - rested < restEveryMs) continue;
    await new Promise((resolve) => setTimeout(resolve)); // lets the signal come through
    rested = performance.now();
  }
}

type Sections = AsyncIterable<{ readonly z: number; readonly values: Float32Array }>;

async function projectMaximum(planes: Sections, size: number): Promise<Float32Array> {
  const highest = new Float32Array(size).fill(-Infinity);
  for await (const { values } of planes)
    for (let i = 0; i < size; i++) if (values[i]! > highest[i]!) highest[i] = values[i]!;
  return highest;
}

/** The first of the sharpest planes; one that holds what is no number is never sharper than another. */
async function findSharpest(planes: Sections, { width, height }: ImageStack) {
  let best: { readonly z: number; readonly values: Float32Array } = { z: 0, values: new Float32Array(0) };
  let highest = -2;
  for await (const plane of planes) {
    const measured = sharpness(plane.values, height, width);
    const comparable = Number.isNaN(measured) ? -1 : measured;
    if (comparable > highest) [best, highest] = [plane, comparable];
  }
  return best;
}
