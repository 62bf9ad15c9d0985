import { expect, test } from "vitest";
import { createGenerator } from "./generator.ts";

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

test("the stream of a seed and names is fixed for all time", () => {
  const generator = createGenerator(7, "step", 3, "noise");
  expect([...createGenerator(0).uniform(4)]).toMatchInlineSnapshot(`
    [
      0.9243648052215576,
      0.8971973061561584,
      0.2769419550895691,
      0.5349481105804443,
    ]
  `);
  expect([...generator.uniform(4)]).toMatchInlineSnapshot(`
    [
      0.07218378782272339,
      0.6821908354759216,
      0.006620466709136963,
      0.3309366703033447,
    ]
  `);
  expect([...generator.normal(4)]).toMatchInlineSnapshot(`
    [
      -0.9475908279418945,
      -2.087857723236084,
      -1.5424277782440186,
      2.7669641971588135,
    ]
  `);
  expect([...generator.integers(6, 1000)]).toMatchInlineSnapshot(`
    [
      72,
      6,
      84,
      850,
      355,
      9,
    ]
  `);
  expect([...generator.shuffle(8)]).toMatchInlineSnapshot(`
    [
      4,
      2,
      5,
      7,
      1,
      6,
      0,
      3,
    ]
  `);
});

test("uniform numbers are the upper 24 bits of the stream's words and fill [0, 1) evenly", () => {
  const values = createGenerator(1, "uniform").uniform(40_000);
  expect(values.every((value) => value >= 0 && value < 1 && Number.isInteger(value * 2 ** 24))).toBe(true);
  const bins = new Float64Array(20);
  for (const value of values) bins[Math.floor(value * 20)]!++;
  const chiSquare = bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  expect(chiSquare).toBeLessThan(43.8); // 19 degrees of freedom, p = 0.001
});

test("normal numbers have the moments of the standard normal distribution", () => {
  const values = createGenerator(2, "normal").normal(100_000);
  const moment = (power: number) => mean(values.map((value) => value ** power));
  expect(Math.abs(moment(1))).toBeLessThan(0.01);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.015);
  expect(Math.abs(moment(3))).toBeLessThan(0.03);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
  const product = mean(values.subarray(0, 99_999).map((value, i) => value * values[i + 1]!));
  expect(Math.abs(product)).toBeLessThan(0.01);
});

test("any part of a stream can be read alone", () => {
  const generator = createGenerator(3, "part");
  for (const offset of [0, 1, 2, 3, 4, 5, 11]) {
    expect(generator.uniform(9, offset)).toEqual(generator.uniform(20).slice(offset, offset + 9));
    expect(generator.normal(9, offset)).toEqual(generator.normal(20).slice(offset, offset + 9));
    expect(generator.integers(9, 50, offset)).toEqual(generator.integers(20, 50).slice(offset, offset + 9));
    expect(generator.integer(50, offset)).toBe(generator.integers(20, 50)[offset]);
  }
  const far = 4 * 2 ** 32;
  expect(generator.uniform(4, far)).not.toEqual(generator.uniform(4));
  expect(generator.uniform(8, far - 4).slice(4)).toEqual(generator.uniform(4, far));
});

test("another seed, another name or another split of the names is another stream", () => {
  const generators = [
    createGenerator(1, "a"),
    createGenerator(2, "a"),
    createGenerator(-1, "a"),
    createGenerator(2n ** 32n + 1n, "a"),
    createGenerator(1),
    createGenerator(1, "b"),
    createGenerator(1, "a", "b"),
    createGenerator(1, "ab"),
    createGenerator(1, "a", 1),
    createGenerator(1, "a", "1"),
    createGenerator(1, "a,1"),
  ];
  const streams = generators.map((generator) => generator.uniform(4).join());
  expect(new Set(streams).size).toBe(generators.length);
  expect(createGenerator(5n, "x").uniform(3)).toEqual(createGenerator(5, "x").uniform(3));
});

test("integers reach every value below the bound and none other", () => {
  const counts = new Float64Array(7);
  for (const value of createGenerator(4, "dice").integers(14_000, 7)) counts[value]!++;
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  expect(createGenerator(4).integer(1)).toBe(0);
  expect(createGenerator(4).integer(2 ** 53)).toBeGreaterThan(2 ** 32);
});

test("a shuffle holds every number once, each order about as often", () => {
  expect([...createGenerator(5).shuffle(100)].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
  const orders = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = createGenerator(5, i).shuffle(3).join();
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  expect(orders.size).toBe(6);
  for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  expect(createGenerator(5).shuffle(0)).toHaveLength(0);
});

test("refuses seeds, counts and bounds that mean nothing", () => {
  expect(() => createGenerator(0.5)).toThrow("the seed must be an integer, got 0.5");
  expect(() => createGenerator(2 ** 60)).toThrow("give a bigint");
  expect(() => createGenerator(1).uniform(-1)).toThrow("got -1 and 0");
  expect(() => createGenerator(1).integer(0)).toThrow("from 1 to 2^53, got 0");
});
