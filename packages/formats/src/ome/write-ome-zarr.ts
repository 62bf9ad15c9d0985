// OME-Zarr (https://ngff.openmicroscopy.org/0.5/): pictures as a folder of a Zarr v3 group, for napari, Fiji and
// whatever reads from the cloud. One resolution, one uncompressed chunk per image: crops of cells are small. Several
// images become a collection in the "bioformats2raw" layout, as OME-NGFF has it for series.

import { FormatError } from "../errors.ts";
import { bytesOf, elementCount, isConsistent, type NdArray } from "../nd-array.ts";
import type { OmeLabels } from "./ome-tiff-image.ts";

/** What `writeOmeZarr` writes: planes [images, channels, H, W] with names, colours, pixel size in micrometres and attributes. */
export interface OmeZarrImage {
  /** [C, H, W], or [S, C, H, W] for S images; uint8, uint16 or float32. */
  readonly data: NdArray;
  /** One per channel. */
  readonly channelNames: readonly string[];
  /** One per channel, 0xRRGGBB; white where left out. */
  readonly channelColors?: readonly number[];
  /** Width and height of a pixel in micrometres. */
  readonly pixelSizeMicrons?: number;
  /** Value that is shown brightest; the largest of an integer type, 1 of floats where left out. */
  readonly brightest?: number;
  /** Name of the image; several are numbered. */
  readonly name?: string;
  /** Label image of the same objects: https://ngff.openmicroscopy.org/0.5/#labels-md. Images of several have it once, in the first. */
  readonly labels?: OmeLabels;
  /** Attributes of the group beside OME's own, such as the provenance: anything that JSON can hold. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

const format = "ome-zarr";
const version = "0.5";

/** The files of the folder by path. Throws FormatError for data of another shape or type. */
export function writeOmeZarr(image: OmeZarrImage): Map<string, Uint8Array> {
  const { data, attributes = {}, name = "image" } = image;
  checkImage(image);
  if (data.shape.length === 3) return imageFiles(image, data, name, attributes);
  const [count, ...shape] = data.shape as [number, number, number, number];
  const length = elementCount(shape);
  const series = Array.from({ length: count }, (_, index) => String(index));
  const files = new Map([
    ["zarr.json", groupJson({ version, "bioformats2raw.layout": 3 }, attributes)],
    ["OME/zarr.json", groupJson({ version, series })],
  ]);
  for (const [index, folder] of series.entries()) {
    const values = data.data.subarray(index * length, (index + 1) * length);
    const one = { dtype: data.dtype, shape, data: values };
    const described = index === 0 ? image : { ...image, labels: undefined };
    for (const [path, bytes] of imageFiles(described, one, `${name} ${index + 1}`))
      files.set(`${folder}/${path}`, bytes);
  }
  return files;
}

function imageFiles(
  image: Omit<OmeZarrImage, "labels"> & { readonly labels?: OmeLabels | undefined },
  data: NdArray,
  name: string,
  attributes: Readonly<Record<string, unknown>> = {},
): Map<string, Uint8Array> {
  const { channelNames, channelColors, labels } = image;
  const end = image.brightest ?? brightestValues.get(data.dtype)!;
  const channels = channelNames.map((label, index) => ({
    label,
    color: (channelColors?.[index] ?? 0xffffff).toString(16).padStart(6, "0").toUpperCase(),
    active: true,
    window: { min: 0, max: end, start: 0, end },
  }));
  const files = planeFiles(data, name, image.pixelSizeMicrons, { omero: { channels } }, attributes);
  if (labels === undefined) return files;
  files.set("labels/zarr.json", groupJson({ version, labels: [labels.name] }));
  const [height, width] = labels.data.shape as [number, number];
  const stack = { ...labels.data, shape: [1, height, width] };
  const source = { "image-label": { source: { image: "../../" } } };
  for (const [path, bytes] of planeFiles(stack, labels.name, image.pixelSizeMicrons, source))
    files.set(`labels/${labels.name}/${path}`, bytes);
  return files;
}

/** One multiscale image of one resolution, [C, H, W]. */
function planeFiles(
  data: NdArray,
  name: string,
  pixelSizeMicrons: number | undefined,
  metadata: object,
  attributes: Readonly<Record<string, unknown>> = {},
): Map<string, Uint8Array> {
  const { shape, dtype } = data;
  const unit = pixelSizeMicrons === undefined ? {} : { unit: "micrometer" };
  const axes = [
    { name: "c", type: "channel" },
    { name: "y", type: "space", ...unit },
    { name: "x", type: "space", ...unit },
  ];
  const scale = [1, pixelSizeMicrons ?? 1, pixelSizeMicrons ?? 1];
  const datasets = [{ path: "0", coordinateTransformations: [{ type: "scale", scale }] }];
  const array = {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: dtype,
    chunk_grid: { name: "regular", configuration: { chunk_shape: shape } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [{ name: "bytes", ...(dtype === "uint8" ? {} : { configuration: { endian: "little" } }) }],
    dimension_names: axes.map((axis) => axis.name),
    attributes: {},
  };
  return new Map([
    ["zarr.json", groupJson({ version, multiscales: [{ name, axes, datasets }], ...metadata }, attributes)],
    ["0/zarr.json", jsonBytes(array)],
    ["0/c/0/0/0", bytesOf(data.data).slice()],
  ]);
}

const brightestValues: ReadonlyMap<string, number> = new Map([
  ["uint8", 255],
  ["uint16", 65535],
  ["float32", 1],
]);

function checkImage({ data, channelNames, channelColors, labels, ...image }: OmeZarrImage): void {
  const { pixelSizeMicrons, attributes } = image;
  const refuse = (fault: string): never => {
    throw new FormatError(format, fault, { hint: "correct the image before writing it" });
  };
  const { dtype, shape } = data;
  if (!brightestValues.has(dtype))
    refuse(`${dtype} pixels are not written, but ${[...brightestValues.keys()].join(", ")}`);
  if ((shape.length !== 3 && shape.length !== 4) || elementCount(shape) === 0 || !isConsistent(data))
    refuse(`the shape [${shape}] is not [C, H, W] or [S, C, H, W] of its data`);
  const channels = shape.at(-3)!;
  if (channelNames.length !== channels || (channelColors ?? channelNames).length !== channels)
    refuse(`${channels} channels need as many names and colours`);
  if (pixelSizeMicrons !== undefined && !(pixelSizeMicrons > 0 && Number.isFinite(pixelSizeMicrons)))
    refuse(`a pixel of ${pixelSizeMicrons} micrometres is no size`);
  const size = data.shape.slice(-2);
  if (
    labels !== undefined &&
    (!brightestValues.has(labels.data.dtype) || `${labels.data.shape}` !== `${size}`)
  )
    refuse(`labels are ${labels.data.dtype} [${labels.data.shape}], not one plane of [${size}]`);
  if (attributes !== undefined && "ome" in attributes) refuse('the attribute "ome" is the format\'s own');
}

function groupJson(ome: object, attributes: object = {}): Uint8Array {
  return jsonBytes({ zarr_format: 3, node_type: "group", attributes: { ome, ...attributes } });
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
