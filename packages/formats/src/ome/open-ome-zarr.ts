// OME-Zarr as an image with axes: 0.5 (Zarr v3) and 0.4 and before (Zarr v2), https://ngff.openmicroscopy.org/0.5/.
// The finest level of the first multiscale image is read, with the names of its channels and the size of its pixels;
// labels are left aside, a plate is asked for one of its fields.

import { FormatError } from "../errors.ts";
import type { ImageStack } from "../image/image-stack.ts";
import { micronsOf } from "../image/length-units.ts";
import { bytesPerElement } from "../nd-array.ts";
import { type ByteStore, checkStoreKey } from "../zarr/byte-store.ts";
import { asList, asObject, readJsonFile } from "../zarr/metadata.ts";
import { openZarrArray } from "../zarr/open-array.ts";

export interface OpenOmeZarrOptions {
  /** Which image of a collection (the layout of bioformats2raw), from 0. Default 0. */
  readonly series?: number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

interface Axis {
  readonly name: string;
  readonly unit?: string;
}

const format = "ome-zarr";

/** Opens the image in a folder. Rejects with FormatError; so does `readPlane`. */
export async function openOmeZarr(
  store: ByteStore,
  { series = 0 }: OpenOmeZarrOptions = {},
): Promise<ImageStack> {
  const root = await readGroup(store, "");
  const list = root["bioformats2raw.layout"] === undefined ? [""] : await listSeries(store);
  const folder = list[series];
  if (folder === undefined)
    throw new FormatError(format, `there is no image ${series} among its ${list.length}, from 0`, {
      hint: "choose another",
    });
  const attributes = folder === "" ? root : await readGroup(store, folder);
  const multiscale = firstMultiscale(attributes);
  const axes = readAxes(multiscale);
  const level = asObject(asList(multiscale.datasets)[0]);
  const path = checkStoreKey(folder === "" ? level.path : `${folder}/${level.path}`);
  const array = await openZarrArray(store, path);
  const { shape, dtype } = array;
  const named = placeAxes(axes, shape);
  const size = (axis: number | undefined) => (axis === undefined ? 1 : shape[axis]!);
  const pixelSizeMicrons = readPixelSize(multiscale, level, { axis: named.x, unit: axes[named.x]!.unit });
  const planeAxes = { rows: named.y, columns: named.x };
  return {
    ...{ width: size(named.x), height: size(named.y), bitDepth: bytesPerElement(dtype) * 8 },
    ...{ sizeC: size(named.c), sizeZ: size(named.z), sizeT: size(named.t) },
    channelNames: readChannelNames(attributes),
    ...(pixelSizeMicrons === undefined ? {} : { pixelSizeMicrons }),
    series: {
      index: series,
      count: list.length,
      ...(typeof multiscale.name === "string" ? { name: multiscale.name } : {}),
    },
    readPlane: (index) => {
      const place = axes.map(({ name }) => (name === "c" || name === "z" || name === "t" ? index[name] : 0));
      return array.readPlane(place, planeAxes);
    },
  };
}

/** OME's attributes of a group, wherever its version keeps them. */
async function readGroup(store: ByteStore, folder: string): Promise<Json> {
  const attributes = await findGroup(store, folder);
  if (attributes !== undefined) return attributes;
  throw new FormatError(
    format,
    `there is neither zarr.json nor .zattrs in ${folder === "" ? "the folder" : folder}`,
    {
      hint: "give the folder of an OME-Zarr image",
    },
  );
}

async function findGroup(store: ByteStore, folder: string): Promise<Json | undefined> {
  const at = folder === "" ? "" : `${folder}/`;
  const group = await readJsonFile(store, `${at}zarr.json`);
  if (group === undefined) return readJsonFile(store, `${at}.zattrs`);
  const attributes = asObject(group.attributes);
  return attributes.ome === undefined ? attributes : asObject(attributes.ome);
}

/** Folders of the images of a collection; one that does not list them numbers them. */
async function listSeries(store: ByteStore): Promise<readonly string[]> {
  const listed = asList((await findGroup(store, "OME"))?.series).map(checkStoreKey);
  return listed.length > 0 ? listed : ["0"];
}

/** The place of each axis by its name. Throws FormatError for axes that do not describe planes of the array. */
function placeAxes(axes: readonly Axis[], shape: readonly number[]) {
  const place = (letter: string) => {
    const axis = axes.findIndex(({ name }) => name === letter);
    return axis < 0 ? undefined : axis;
  };
  const [y, x] = [place("y"), place("x")];
  const names = axes.map(({ name }) => name);
  const unknown = names.find((name, axis) => !/^[tczyx]$/.test(name) && shape[axis]! > 1);
  const described = axes.length === shape.length && new Set(names).size === names.length;
  if (!described || y === undefined || x === undefined || unknown !== undefined)
    throw new FormatError(format, `axes ${JSON.stringify(names).slice(0, 80)} of [${shape}] are not read`, {
      hint: "write the axes t, c, z, y and x, or some of them",
    });
  return { t: place("t"), c: place("c"), z: place("z"), y, x };
}

function firstMultiscale({ multiscales, plate, well }: Json): Json {
  const [first] = asList(multiscales);
  if (first !== undefined) return asObject(first);
  const inside = asList(asObject(plate).wells)[0] ?? asList(asObject(well).images)[0];
  const path = asObject(inside).path;
  const example =
    typeof path === "string" ? `, such as ${path.slice(0, 40)}${plate === undefined ? "" : "/0"}` : "";
  if (plate !== undefined || well !== undefined)
    throw new FormatError(format, `it is a ${plate === undefined ? "well" : "plate"} of many images`, {
      hint: `give the folder of one field in it${example}`,
    });
  throw new FormatError(format, "its metadata describe no image", {
    hint: "give the folder of an OME-Zarr image",
  });
}

/** Axes since version 0.3, by name; before they were always t, c, z, y, x. */
function readAxes({ axes }: Json): Axis[] {
  if (axes === undefined) return [..."tczyx"].map((name) => ({ name }));
  return asList(axes).map((axis) => {
    const { name, unit } = typeof axis === "string" ? { name: axis, unit: undefined } : asObject(axis);
    return { name: String(name).toLowerCase(), ...(typeof unit === "string" ? { unit } : {}) };
  });
}

function readPixelSize(
  multiscale: Json,
  level: Json,
  x: { axis: number; unit: string | undefined },
): number | undefined {
  const scales = [level, multiscale]
    .flatMap(({ coordinateTransformations }) => asList(coordinateTransformations).map(asObject))
    .filter(({ type }) => type === "scale")
    .map(({ scale }) => asList(scale)[x.axis]);
  if (scales.length === 0 || x.unit === undefined) return undefined;
  return micronsOf(
    scales.reduce((product: number, scale) => product * (typeof scale === "number" ? scale : Number.NaN), 1),
    x.unit,
  );
}

function readChannelNames({ omero }: Json): (string | undefined)[] {
  return asList(asObject(omero).channels).map((channel) => {
    const { label } = asObject(channel);
    return typeof label === "string" && label.trim() !== "" ? label.trim() : undefined;
  });
}
