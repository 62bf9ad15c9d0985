import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readMutated } from "../testing/mutate.ts";
import { parseBoundedJson } from "./bounded-json.ts";

const options = { format: "zarr", name: "zarr.json" };
const utf8 = (text: string) => new TextEncoder().encode(text);
const parse = (text: string, more = {}) => parseBoundedJson(utf8(text), { ...options, ...more });

describe("parseBoundedJson", () => {
  it("gives what JSON.parse gives", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("counts no bracket and no quote inside a text", () => {
    const text = JSON.stringify({ a: '[[[["\\', 'b"[{': ["]]]}}", '\\"[', "\\\\"] });
    expect(parse(text, { maxDepth: 2, maxValues: 8 })).toEqual(JSON.parse(text));
    expect(() => parse(text, { maxDepth: 1 })).toThrow(/zarr\.json is nested more than 1 deep/);
    expect(() => parse(text, { maxValues: 7 })).toThrow(/zarr\.json has more than 7 values/);
  });

  it.each([
    ["nothing", "", /zarr: zarr\.json is not JSON/],
    ["half an object", '{"a":', /is not JSON/],
    ["a mark before it", '\ufeff{"a":1}', /is not JSON/],
    ["an open text", '"[[[', /is not JSON/],
    ["lists that never open", "]".repeat(1e6), /is not JSON/],
    ["objects inside one another", '{"a":'.repeat(1e6), /nested more than 32 deep/],
    ["lists beside one another", `[${"[],".repeat(1e6)}0]`, /more than 1000000 values/],
    ["texts beside one another", `[${'"",'.repeat(1e6)}0]`, /more than 1000000 values/],
  ])("refuses %s", (_, text, message) => {
    expect(() => parse(text)).toThrow(FormatError);
    expect(() => parse(text)).toThrow(message);
  });

  it("refuses bytes that are no UTF-8, in words that a terminal does not obey", () => {
    expect(() => parseBoundedJson(Uint8Array.of(0x22, 0xe9, 0x22), options)).toThrow(/is not JSON/);
    expect(() => parse('{"\u001b[2J')).toThrow(/^[^\p{Cc}]*$/u);
  });

  it("takes twice the time for twice the length, however deep it asks to go", () => {
    for (const piece of ["[", '{"a":', '"\\\\",', '"a":{},']) {
      const timeOf = (n: number): number => {
        const bytes = utf8(`{${piece.repeat(n)}`);
        const start = cpuTimeMs();
        expect(() => parseBoundedJson(bytes, { ...options, maxValues: 1e9 })).toThrow(FormatError);
        return cpuTimeMs() - start;
      };
      expect(timeOf(400_000)).toBeLessThan(5 * timeOf(200_000) + 100);
    }
  });

  it("reads or refuses each of 2000 damaged texts", async () => {
    const text = utf8(
      JSON.stringify({ shape: [2, 3], name: 'a"b\\', attributes: { axes: [{ name: "x" }] } }),
    );
    const outcome = await readMutated(text, 2000, (damaged) => parseBoundedJson(damaged, options));
    expect(outcome.read).toBeGreaterThan(100);
    expect(outcome.refused).toBeGreaterThan(500);
  });
});
