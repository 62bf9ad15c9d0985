// An image as microscopes record it: planes by channel, section (z) and time point, read one at a time, with what the
// file says about them. Axes are named as in the OME data model (https://docs.openmicroscopy.org/ome-model/): sizeC,
// sizeZ, sizeT. Every reader of this package that knows axes gives this.

import type { NdArray } from "../nd-array.ts";

/** Which plane: channel, section and time point, each counted from 0. */
export interface PlaneIndex {
  readonly c: number;
  readonly z: number;
  readonly t: number;
}

/** An opened image: its axes, channel names and pixel size, with planes that are read one at a time. */
export interface ImageStack {
  readonly width: number;
  readonly height: number;
  /** Channels. */
  readonly sizeC: number;
  /** Sections. */
  readonly sizeZ: number;
  /** Time points. */
  readonly sizeT: number;
  /** Bits of a stored sample. */
  readonly bitDepth: number;
  /** Names by channel, where the file gives them: may be shorter than sizeC and hold gaps. */
  readonly channelNames: readonly (string | undefined)[];
  /** Width of a pixel in micrometres, where the file says it. */
  readonly pixelSizeMicrons?: number;
  /** Which of the file's images this is; a file of one image is 0 of 1. */
  readonly series: { readonly index: number; readonly count: number; readonly name?: string };
  /** Values as in the file, [height, width]. Throws (or rejects with) FormatError. */
  readPlane(index: PlaneIndex): NdArray | Promise<NdArray>;
}

const mostNamed = 8;
const longestName = 40;

/** "channels 0 (GFP) and 1 (DAPI), 5 planes of z, 3 time points": what there is to choose from, for messages. */
export function describeAxes(stack: ImageStack): string {
  const { sizeZ, sizeT, series } = stack;
  const parts = [describeChannels(stack)];
  if (sizeZ > 1) parts.push(`${sizeZ} planes of z`);
  if (sizeT > 1) parts.push(`${sizeT} time points`);
  if (series.count > 1) parts.push(`image ${series.index} of ${series.count}`);
  return parts.join(", ");
}

/** "only channel 0", "channels 0 to 3" or, with names, "channels 0 (GFP) and 1 (DAPI)". */
export function describeChannels({ sizeC, channelNames }: ImageStack): string {
  const named = channelNames.slice(0, sizeC).some((name) => name !== undefined);
  const one = (channel: number) => describeChannel(channel, channelNames[channel]);
  if (sizeC === 1) return `only channel ${one(0)}`;
  if (!named) return `channels 0 to ${sizeC - 1}`;
  const listed = Array.from({ length: Math.min(sizeC, mostNamed) }, (_, channel) => one(channel));
  if (sizeC > mostNamed) return `channels ${listed.join(", ")} and so on to ${sizeC - 1}`;
  return `channels ${listed.slice(0, -1).join(", ")} and ${listed.at(-1)}`;
}

/** "1 (DAPI)", or "1" without a name. Names come from files: no control characters, no more than 40 characters. */
export function describeChannel(channel: number, name: string | undefined): string {
  if (name === undefined) return String(channel);
  const shown = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd");
  return `${channel} (${shown.length > longestName ? `${shown.slice(0, longestName - 1)}\u2026` : shown})`;
}
