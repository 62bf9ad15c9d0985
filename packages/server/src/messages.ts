// What processes say to each other through the database, as JSON: the request of a screen, its records,
// its results.

import { bytesOf } from "@proteoscope/formats";
import type { ChosenNucleus, GenerateSettings } from "@proteoscope/microscope";
import type { ScreenInput, ScreenRecord, ScreenResult } from "@proteoscope/microscope/experiments";
import type { StoredResult } from "./db/screens.ts";

/** What is drawn for every record of a screen. */
export interface ScreenRequest {
  /** null where nothing is drawn. */
  readonly images: {
    readonly settings: GenerateSettings;
    readonly nucleus: ChosenNucleus;
    readonly software: Readonly<Record<string, string>>;
  } | null;
}

/** Records of a screen that one job does: those from a place on. */
export interface ScreenJob {
  readonly screen: string;
  readonly first: number;
  readonly inputs: readonly ScreenInput[];
}

type Plain<T> = T extends Float32Array
  ? string
  : T extends object
    ? { readonly [K in keyof T]: Plain<T[K]> }
    : T;

/** JSON of a request, with its planes as base64. */
export function encodeRequest({ images }: ScreenRequest): Plain<ScreenRequest> {
  return { images: images && { ...images, nucleus: encodeNucleus(images.nucleus) } };
}

/** The request of its JSON. */
export function decodeRequest(json: unknown): ScreenRequest {
  const { images } = json as Plain<ScreenRequest>;
  return { images: images && { ...images, nucleus: decodeNucleus(images.nucleus) } };
}

/** JSON of records; they are text in it, because the queue's own table keeps no order of fields. */
export function encodeJob({ inputs, ...job }: ScreenJob): object {
  const encode = ({ nucleus, ...record }: ScreenRecord) => ({
    ...record,
    ...(nucleus && { nucleus: encodeNucleus(nucleus) }),
  });
  const plain = inputs.map((input) => (input.record ? { record: encode(input.record) } : input));
  return { ...job, inputs: JSON.stringify(plain) };
}

/** The records of their JSON. */
export function decodeJob(json: object): ScreenJob {
  const { inputs, ...job } = json as { inputs: string; screen: string; first: number };
  const plain = JSON.parse(inputs) as Plain<ScreenJob>["inputs"];
  const decode = ({ nucleus, ...record }: Plain<ScreenRecord>): ScreenRecord => ({
    ...record,
    ...(nucleus && { nucleus: decodeNucleus(nucleus) }),
  });
  return {
    ...job,
    inputs: plain.map((input) => (input.record ? { record: decode(input.record) } : (input as ScreenInput))),
  };
}

/** A result as the table holds it; the planes are needed of records alone that have a nucleus of their own. */
export function encodeResult(
  place: number,
  { done, refused }: ScreenResult,
  withPlanes: boolean,
): StoredResult {
  if (done === undefined) return { place, result: { refused }, png: null, protein: null };
  const { picture, ...rest } = done;
  const protein = picture && withPlanes ? bytesOf(picture.protein) : null;
  return { place, result: { done: rest }, png: picture?.png ?? null, protein };
}

/** The result that a row of the table holds. */
export function decodeResult({ result, png, protein }: StoredResult): ScreenResult {
  const plain = result as ScreenResult;
  if (plain.done === undefined || png === null) return plain;
  return {
    done: {
      ...plain.done,
      picture: { png: Uint8Array.from(png), protein: floatsOf(protein ?? new Uint8Array()) },
    },
  };
}

function encodeNucleus({ nucleus, distance, ...rest }: ChosenNucleus): Plain<ChosenNucleus> {
  return { ...rest, nucleus: base64Of(nucleus), distance: base64Of(distance) } as Plain<ChosenNucleus>;
}

function decodeNucleus({ nucleus, distance, ...rest }: Plain<ChosenNucleus>): ChosenNucleus {
  const planes = {
    nucleus: floatsOf(Buffer.from(nucleus, "base64")),
    distance: floatsOf(Buffer.from(distance, "base64")),
  };
  return { ...(rest as Omit<ChosenNucleus, "nucleus" | "distance">), ...planes };
}

function base64Of(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}

function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
