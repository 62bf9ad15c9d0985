import { describe, expect, it } from "vitest";
import { crc32c, writeEvent, writeEventsHeader } from "./write-events.ts";

// Written by tensorboardX 2.6 (RecordWriter and its event_pb2): a header, two numbers at step 300, a picture at step 70000.
const recorded =
  "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b35311039000000000000008b0737f1" +
  "0900005040fc54d94110ac022a2b0a0f0a086c6f73732e706c6d150000003f0a180a1176616c69646174696f6e2e746f6b656e73" +
  "15000030c0bf6937402800000000000000ff70164a0900008040fc54d94110f0a2042a190a170a0773616d706c6573220c080210" +
  "031803220489504e47cb3eb320";

describe("event files of TensorBoard", () => {
  it("have the bytes that another writer gives them", () => {
    const records = [
      writeEventsHeader(1700000000.5),
      writeEvent({
        wallTime: 1700000001.25,
        step: 300,
        scalars: { "loss.plm": 0.5, "validation.tokens": -2.75 },
      }),
      writeEvent({
        wallTime: 1700000002,
        step: 70_000,
        images: [{ tag: "samples", png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47), height: 2, width: 3 }],
      }),
    ];
    expect(Buffer.concat(records).toString("hex")).toBe(recorded);
  });

  // The check value of the CRC catalogue, and vectors of RFC 3720, appendix B.4.
  it.each([
    [new TextEncoder().encode("123456789"), 0xe3069283],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [new Uint8Array(0), 0],
  ])("sum up with CRC-32C", (bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });

  it("keep steps beyond 32 bits", () => {
    const step = 2 ** 40 + 3;
    const bytes = writeEvent({ wallTime: 0, step });
    expect(Buffer.from(bytes).toString("hex")).toContain("10838080808020");
  });
});
