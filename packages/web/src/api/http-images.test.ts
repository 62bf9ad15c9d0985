import { afterEach, describe, expect, it, vi } from "vitest";
import { cutAround, openPlaneCache } from "./http-images.ts";

afterEach(() => vi.unstubAllGlobals());

describe("planes of the server", () => {
  it("are raw floats, fetched once", async () => {
    const fetched = vi.fn(async () => new Response(Float32Array.of(0.5, 2).buffer));
    vi.stubGlobal("fetch", fetched);
    const planes = openPlaneCache();
    expect(await planes.read("/a.f32")).toEqual(Float32Array.of(0.5, 2));
    expect(await planes.read("/a.f32")).toBe(await planes.read("/a.f32"));
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it("are asked for again after a failure, which says what the server answers", async () => {
    const answers = [new Response("", { status: 404 }), new Response(Float32Array.of(1).buffer)];
    vi.stubGlobal("fetch", async () => answers.shift());
    const planes = openPlaneCache();
    await expect(planes.read("/a.f32")).rejects.toThrow("the server answers 404");
    expect(await planes.read("/a.f32")).toEqual(Float32Array.of(1));
  });
});

it("a crop around a nucleus is cut from the field, 0 beyond its frame", () => {
  const stain = Float32Array.from({ length: 12 }, (_, at) => at);
  const field = { width: 4, height: 3, stain };
  expect([...cutAround(field, { x: 2, y: 1 }, 2)]).toEqual([1, 2, 5, 6]);
  expect([...cutAround(field, { x: 0, y: 0 }, 2)]).toEqual([0, 0, 0, 0]);
  expect([...cutAround(field, { x: 4, y: 3 }, 2)]).toEqual([11, 0, 0, 0]);
});
