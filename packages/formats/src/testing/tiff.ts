// A classic TIFF file of one page, tag by tag, for tests that need a file no writer would make: tags left out,
// values that lie about their count, offsets outside the file.

/** Type code, values (numbers or text), and a count that may be a lie. */
export type TiffTag = [type: number, values: readonly number[] | string, count?: number];

/** Data at byte 8, the page behind it, then the values that do not fit into their tags. */
export function buildTiff(
  data: Uint8Array,
  tags: Readonly<Record<number, TiffTag | undefined>>,
  next = 0,
  littleEndian = true,
): Uint8Array {
  const entries = Object.entries(tags).filter((entry): entry is [string, TiffTag] => entry[1] !== undefined);
  const directoryStart = 8 + data.length;
  let valuesEnd = directoryStart + 2 + entries.length * 12 + 4;
  const bytes = new Uint8Array(
    valuesEnd + entries.reduce((sum, [, [, values]]) => sum + 8 * values.length, 0),
  );
  const view = new DataView(bytes.buffer);
  bytes.set(littleEndian ? [0x49, 0x49] : [0x4d, 0x4d]);
  view.setUint16(2, 42, littleEndian);
  view.setUint32(4, directoryStart, littleEndian);
  bytes.set(data, 8);
  view.setUint16(directoryStart, entries.length, littleEndian);
  for (const [index, [tag, [type, values, count = values.length]]] of entries.entries()) {
    const at = directoryStart + 2 + index * 12;
    const size = type === 3 ? 2 : type === 2 ? 1 : 4;
    const inside = size * values.length <= 4;
    view.setUint16(at, Number(tag), littleEndian);
    view.setUint16(at + 2, type, littleEndian);
    view.setUint32(at + 4, count, littleEndian);
    if (!inside) view.setUint32(at + 8, valuesEnd, littleEndian);
    const start = inside ? at + 8 : valuesEnd;
    for (let i = 0; i < values.length; i++) {
      if (typeof values === "string") bytes[start + i] = values.charCodeAt(i);
      else if (size === 2) view.setUint16(start + i * 2, values[i]!, littleEndian);
      else view.setUint32(start + i * 4, values[i]!, littleEndian);
    }
    if (!inside) valuesEnd += size * values.length;
  }
  view.setUint32(directoryStart + 2 + entries.length * 12, next, littleEndian);
  return bytes.subarray(0, valuesEnd);
}

export interface PagesOptions {
  /** Description of the first page. */
  readonly description?: string;
  /** Default true. */
  readonly littleEndian?: boolean;
  /** One page alone, before the data of all planes, as ImageJ writes large stacks. Default false. */
  readonly onePage?: boolean;
  /** More tags of every page. */
  readonly tags?: Readonly<Record<number, TiffTag>>;
}

/** A classic TIFF file of planes of 16 bits, one page per plane. */
export function buildTiffPages(
  planes: readonly Uint16Array[],
  width: number,
  { description, littleEndian = true, onePage = false, tags = {} }: PagesOptions = {},
): Uint8Array {
  const planeBytes = planes[0]!.length * 2;
  const data = new Uint8Array(planes.length * planeBytes);
  const view = new DataView(data.buffer);
  for (const [index, plane] of planes.entries())
    for (let i = 0; i < plane.length; i++)
      view.setUint16(index * planeBytes + 2 * i, plane[i]!, littleEndian);
  let file = buildTiff(data, {}, 0, littleEndian).subarray(0, 8 + data.length);
  let next = 0;
  for (let index = onePage ? 0 : planes.length - 1; index >= 0; index--) {
    const page: Record<number, TiffTag> = {
      ...{
        256: [3, [width]],
        257: [3, [planes[0]!.length / width]],
        258: [3, [16]],
        259: [3, [1]],
        262: [3, [1]],
      },
      ...{ 273: [4, [8 + index * planeBytes]], 277: [3, [1]], 279: [4, [planeBytes]], ...tags },
      ...(description === undefined || index > 0 ? {} : { 270: [2, `${description}\0`] }),
    };
    // Each page stands behind the pages that follow it, so that it can point to the next.
    const start = file.length;
    file = buildTiff(file.subarray(8), page, next, littleEndian);
    next = start;
  }
  return file;
}
