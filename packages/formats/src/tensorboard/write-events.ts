// TensorBoard's event files: protocol-buffer messages `Event` in TFRecord frames (length, masked CRC-32C of the length,
// bytes, masked CRC-32C of the bytes), as tensorflow/core/util/event.proto and tensorflow/core/lib/io/record_writer.cc
// define them. Only what a training run reports is written: numbers and PNG pictures, by step.

import { concatenateBytes } from "../bytes.ts";

/** What happened at a step. */
export interface TrainingEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** Numbers by tag. */
  readonly scalars?: Readonly<Record<string, number>>;
  readonly images?: readonly EventImage[];
}

/** A picture of an event. */
export interface EventImage {
  readonly tag: string;
  readonly png: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** The first record of an event file. */
export function writeEventsHeader(wallTime: number): Uint8Array {
  return frame(concatenateBytes([...double(1, wallTime), ...bytes(3, text("brain.Event:2"))]));
}

/** The record of an event; an event file is a header and records one after the other. */
export function writeEvent({ wallTime, step, scalars = {}, images = [] }: TrainingEvent): Uint8Array {
  const values = [
    ...Object.entries(scalars).map(([tag, value]) =>
      concatenateBytes([...bytes(1, text(tag)), ...float(2, value)]),
    ),
    ...images.map(({ tag, png, height, width }) => {
      const image = [...varint(1, height), ...varint(2, width), ...varint(3, 3), ...bytes(4, png)];
      return concatenateBytes([...bytes(1, text(tag)), ...bytes(4, concatenateBytes(image))]);
    }),
  ];
  const summary = concatenateBytes(values.flatMap((value) => bytes(1, value)));
  return frame(concatenateBytes([...double(1, wallTime), ...varint(2, step), ...bytes(5, summary)]));
}

type Piece = Uint8Array;

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const key = (field: number, type: keyof typeof wireTypes): Piece => variable((field << 3) | wireTypes[type]);
const varint = (field: number, value: number): Piece[] => [key(field, "varint"), variable(value)];
const bytes = (field: number, value: Uint8Array): Piece[] => [
  key(field, "bytes"),
  variable(value.length),
  value,
];

function double(field: number, value: number): Piece[] {
  const piece = new Uint8Array(8);
  new DataView(piece.buffer).setFloat64(0, value, true);
  return [key(field, "fixed64"), piece];
}

function float(field: number, value: number): Piece[] {
  const piece = new Uint8Array(4);
  new DataView(piece.buffer).setFloat32(0, value, true);
  return [key(field, "fixed32"), piece];
}

/** A whole number from 0 in seven bits per byte, the low ones first. */
function variable(value: number): Piece {
  const digits: number[] = [];
  let rest = value;
  do {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    digits.push(rest > 0 ? digit | 128 : digit);
  } while (rest > 0);
  return Uint8Array.from(digits);
}

function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

/** A CRC of data that holds CRCs would be weak: TFRecord rotates it and adds a constant. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const castagnoli = 0x82f63b78; // 0x1edc6f41 with its bits reversed
const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ castagnoli : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli; RFC 3720, appendix B.4) of bytes, an unsigned number of 32 bits. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
