// OME-XML of a picture (OME schema 2016-06, http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd): what each
// page of an OME-TIFF is, the size of a pixel, names and colours of the channels, and annotations of the file.

import type { DType } from "../nd-array.ts";
import type { OmeTiffImage } from "./ome-tiff-image.ts";

export interface OmeSizes {
  readonly images: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

const namespace = "http://www.openmicroscopy.org/Schemas/OME/2016-06";
const micrometre = "\u00b5m";

/** OME's names of the pixel types that are written. */
export const omePixelTypes: ReadonlyMap<DType, string> = new Map<DType, string>([
  ["uint8", "uint8"],
  ["uint16", "uint16"],
  ["float32", "float"],
]);

interface ImageDescription {
  readonly index: number;
  readonly title: string;
  readonly dtype: DType;
  readonly names: readonly string[];
  readonly colors: readonly number[] | undefined;
}

/** The XML text of a file of `images` x `channels` pages, in that order, and a page of labels where there are some. */
export function describeOme(image: OmeTiffImage, sizes: OmeSizes): string {
  const { data, channelNames, channelColors, name = "image", labels } = image;
  const { images } = sizes;
  const annotations = Object.entries(image.annotations ?? {});
  const described = { dtype: data.dtype, names: channelNames, colors: channelColors };
  const elements = Array.from({ length: images }, (_, index) =>
    imageElement(image, sizes, { index, title: images === 1 ? name : `${name} ${index + 1}`, ...described }),
  );
  if (labels !== undefined) {
    const title = `${name} ${labels.name}`;
    const described = { dtype: labels.data.dtype, names: [labels.name], colors: undefined };
    elements.push(imageElement(image, sizes, { index: images, title, ...described }));
  }
  if (annotations.length > 0) {
    const values = annotations.map(([key, value]) => element("M", { K: key }, [escapeXml(value)]));
    const map = element("MapAnnotation", { ID: "Annotation:0", Namespace: "proteoscope" }, [
      element("Value", {}, values),
    ]);
    elements.push(element("StructuredAnnotations", {}, [map]));
  }
  const root = {
    xmlns: namespace,
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": `${namespace} ${namespace}/ome.xsd`,
    Creator: "proteoscope",
  };
  return `<?xml version="1.0" encoding="UTF-8"?>${element("OME", root, elements)}`;
}

function imageElement(
  { pixelSizeMicrons: size, description, annotations = {} }: OmeTiffImage,
  { channels, height, width }: OmeSizes,
  { index, title, dtype, names, colors }: ImageDescription,
): string {
  const channelElements = names.map((channelName, channel) =>
    element("Channel", {
      ID: `Channel:${index}:${channel}`,
      Name: channelName,
      SamplesPerPixel: 1,
      Color: signedRgba(colors?.[channel] ?? 0xffffff),
    }),
  );
  const pages = names.map((_, channel) =>
    element("TiffData", { FirstC: channel, IFD: index * channels + channel, PlaneCount: 1 }),
  );
  const pixels = element(
    "Pixels",
    {
      ID: `Pixels:${index}`,
      DimensionOrder: "XYCZT",
      Type: omePixelTypes.get(dtype)!,
      BigEndian: "false",
      Interleaved: "false",
      ...{ SizeX: width, SizeY: height, SizeZ: 1, SizeC: names.length, SizeT: 1 },
      ...(size === undefined ? {} : { PhysicalSizeX: size, PhysicalSizeXUnit: micrometre }),
      ...(size === undefined ? {} : { PhysicalSizeY: size, PhysicalSizeYUnit: micrometre }),
    },
    [...channelElements, ...pages],
  );
  return element("Image", { ID: `Image:${index}`, Name: title }, [
    ...(description === undefined ? [] : [element("Description", {}, [escapeXml(description)])]),
    pixels,
    ...(Object.keys(annotations).length === 0 ? [] : [element("AnnotationRef", { ID: "Annotation:0" })]),
  ]);
}

/** OME's colour: red, green, blue and opacity in a signed 32-bit integer. */
function signedRgba(rgb: number): number {
  return (rgb << 8) | 0xff;
}

function element(
  name: string,
  attributes: Record<string, string | number>,
  children: readonly string[] = [],
): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  const open = `<${name}${list.join("")}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join("")}</${name}>`;
}

/** Text without the characters that XML reserves, loses in attributes or does not allow. */
function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write them.
      .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
      .replace(/[&<>"\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}
