import { createWeights, float32, zeros } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { trainedPrefix, trainPart } from "./trained-part.ts";

const [decoder, encoder] = ["net.decoder.0.weight", "net.encoder.0.weight"];
const initial = new Map([decoder, encoder].map((name, i) => [name, float32([1], Float32Array.of(i))]));
const isOfDecoder = (name: string) => name.startsWith("net.decoder.");
const renamed = [encoder, `${trainedPrefix}${decoder}`].sort();

describe("trainPart", () => {
  it("leaves the names as they are where everything is trained", () => {
    const part = trainPart(undefined, initial);
    expect(part.rename(initial)).toEqual(initial);
    expect(part.complete(initial)).toBe(initial);
  });

  it("marks the chosen parameters by a prefix, in the values and in what the network declares", () => {
    const part = trainPart(isOfDecoder, initial);
    expect([...part.rename(initial).keys()].sort()).toEqual(renamed);
    const declarations = { parameters: new Map(), updates: new Map() };
    const w = part.scope(createWeights(declarations));
    for (const half of ["decoder", "encoder"]) w.at("net", half, 0).parameter("weight", [1], zeros);
    expect([...declarations.parameters.keys()].sort()).toEqual(renamed);
  });

  it("leaves the names of buffers, and passes their updates on", () => {
    const declarations = { parameters: new Map(), updates: new Map() };
    const w = trainPart(isOfDecoder, initial).scope(createWeights(declarations)).at("net", "decoder");
    w.update("count", w.buffer("count", [1], zeros));
    expect([...declarations.parameters.keys()]).toEqual(["net.decoder.count"]);
    expect([...declarations.updates.keys()]).toEqual(["net.decoder.count"]);
  });

  it("gives the whole network again, with the trained values of the part and the initial ones of the rest", () => {
    const learned = float32([1], Float32Array.of(9));
    const trained = new Map([[`${trainedPrefix}${decoder}`, learned]]);
    expect([...trainPart(isOfDecoder, initial).complete(trained)]).toEqual([
      [decoder, learned],
      [encoder, initial.get(encoder)],
    ]);
  });
});
