// Planes and pictures as stored files, and the addresses under which clients find them: a plane as float32,
// a picture of protein and nucleus as PNG.

import { bytesOf } from "@proteoscope/formats";
import { compositeCell } from "@proteoscope/imaging";
import { rgbPng } from "@proteoscope/microscope";
import type { FileStore } from "../files/file-store.ts";

interface WithFiles {
  readonly files: FileStore;
}

const apiFiles = "/api/v1/files/";

/** The address of a stored file. */
export function addressOf(name: string): string {
  return `${apiFiles}${name}`;
}

/** The name of the stored file that an address leads to. */
export function nameOf(address: string): string {
  return address.slice(apiFiles.length);
}

/** Keeps a plane of float32; returns its address. */
export async function keepPlane({ files }: WithFiles, plane: Float32Array): Promise<string> {
  return addressOf(await files.put(bytesOf(plane), "f32"));
}

/** Keeps a picture of protein and nucleus; returns its address. */
export async function keepComposite(
  { files }: WithFiles,
  { protein, nucleus }: { readonly protein: Float32Array; readonly nucleus: Float32Array },
  size: { readonly height: number; readonly width: number },
): Promise<string> {
  const png = rgbPng(compositeCell({ nucleus, protein }, size), {
    ...{ Software: "proteoscope", synthetic: "true" },
  });
  return addressOf(await files.put(png, "png"));
}

/** The values of a stored plane. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}
