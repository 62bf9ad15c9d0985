// What OME-XML says about the images of a file (OME schema 2016-06 and earlier,
// https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/specification.html): sizes, order of the planes, names of
// the channels, size of a pixel, and which page of which file holds what.

import { FormatError } from "../errors.ts";
import { micronsOf } from "../image/length-units.ts";
import { parseXml, readAttributes, type XmlElement } from "./parse-xml.ts";

export interface OmeXml {
  /** Identity of the file that carries the text. */
  readonly uuid?: string;
  readonly images: readonly OmeImage[];
}

export interface OmeImage {
  readonly name?: string;
  readonly sizeC: number;
  readonly sizeZ: number;
  readonly sizeT: number;
  /** Order of the planes, the fastest first, such as "ZCT". */
  readonly planeOrder: string;
  /** Names by channel; a channel of several samples has its name as often. */
  readonly channelNames: readonly (string | undefined)[];
  readonly pixelSizeMicrons?: number;
  readonly data: readonly OmeTiffData[];
}

/** Planes that lie in pages of one file, in the image's order. */
export interface OmeTiffData {
  readonly firstC: number;
  readonly firstZ: number;
  readonly firstT: number;
  /** First page, from 0. */
  readonly ifd: number;
  /** Number of planes; absent: all pages. */
  readonly count?: number;
  /** The file that holds them, if it is said: its identity and its name. */
  readonly uuid?: string;
  readonly fileName?: string;
}

const format = "ome-xml";
const mostSamples = 64; // of a channel

/** True for a description that is OME-XML, and not another. */
export function isOmeXml(description: string): boolean {
  return /<(\w+:)?OME[\s>]/.test(description);
}

/** Reads the images that the text describes. Throws FormatError. */
export function readOmeXml(xml: string): OmeXml {
  const root = parseXml(xml, format);
  const attributes = readAttributes(root, format);
  const binaryOnly = root.children.find(({ name }) => name === "BinaryOnly");
  if (binaryOnly !== undefined) {
    const companion = readAttributes(binaryOnly, format).get("MetadataFile");
    throw new FormatError(format, `its description is in another file, ${named(companion)}`, {
      hint: "save the image with its description as one OME-TIFF",
    });
  }
  const uuid = attributes.get("UUID");
  const images = root.children.filter(({ name }) => name === "Image").flatMap(readImageElement);
  if (images.length === 0) throw new FormatError(format, "it describes no image");
  return { ...(uuid === undefined ? {} : { uuid }), images };
}

/** A name from a file, for messages: no control characters, no more than 80 characters. */
export function named(name: string | undefined): string {
  return name === undefined ? "which it does not name" : JSON.stringify(name.slice(0, 80));
}

function readImageElement(image: XmlElement): OmeImage[] {
  const pixels = image.children.find(({ name }) => name === "Pixels");
  if (pixels === undefined) return [];
  const name = readAttributes(image, format).get("Name");
  const attributes = readAttributes(pixels, format);
  const size = (axis: string) => wholeNumber(attributes.get(`Size${axis}`), `Size${axis}`, 1);
  const order = attributes.get("DimensionOrder") ?? "";
  if (!/^XY(?:CZT|CTZ|ZCT|ZTC|TCZ|TZC)$/.test(order))
    throw new FormatError(format, `the dimension order ${named(order)} is none`);
  const microns = micronsOf(
    Number(attributes.get("PhysicalSizeX") ?? Number.NaN),
    attributes.get("PhysicalSizeXUnit") ?? "um",
  );
  return [
    {
      ...(name === undefined ? {} : { name }),
      ...{ sizeC: size("C"), sizeZ: size("Z"), sizeT: size("T"), planeOrder: order.slice(2) },
      channelNames: pixels.children.filter((child) => child.name === "Channel").flatMap(readChannelNames),
      ...(microns === undefined ? {} : { pixelSizeMicrons: microns }),
      data: pixels.children.filter((child) => child.name === "TiffData").map(readTiffData),
    },
  ];
}

function readChannelNames(channel: XmlElement): (string | undefined)[] {
  const attributes = readAttributes(channel, format);
  const name = attributes.get("Name")?.trim() || undefined;
  const samples = wholeNumber(attributes.get("SamplesPerPixel") ?? "1", "SamplesPerPixel", 1);
  if (samples > mostSamples) throw new FormatError(format, `${samples} samples per pixel are too many`);
  return Array.from({ length: samples }, () => name);
}

function readTiffData(element: XmlElement): OmeTiffData {
  const attributes = readAttributes(element, format);
  const number = (name: string) => wholeNumber(attributes.get(name) ?? "0", name, 0);
  const stated = attributes.get("PlaneCount") ?? attributes.get("NumPlanes");
  const count =
    stated !== undefined ? wholeNumber(stated, "PlaneCount", 0) : attributes.has("IFD") ? 1 : undefined;
  const uuid = element.children.find(({ name }) => name === "UUID");
  const fileName = uuid === undefined ? undefined : readAttributes(uuid, format).get("FileName");
  return {
    ...{ firstC: number("FirstC"), firstZ: number("FirstZ"), firstT: number("FirstT"), ifd: number("IFD") },
    ...(count === undefined ? {} : { count }),
    ...(uuid === undefined ? {} : { uuid: uuid.text.trim() }),
    ...(fileName === undefined ? {} : { fileName }),
  };
}

function wholeNumber(text: string | undefined, name: string, least: number): number {
  const value = /^\s*\+?\d{1,10}\s*$/.test(text ?? "") ? Number(text) : Number.NaN;
  if (!(value >= least)) {
    const found = text === undefined ? "absent" : named(text);
    throw new FormatError(format, `${name} is ${found}, not a whole number`);
  }
  return value;
}
