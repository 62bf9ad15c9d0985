import { expect, it } from "vitest";
import { fieldOfDiscs } from "../testing/drawing.ts";
import { segmentNuclei } from "./segment-nuclei.ts";

// A field of 2048 x 2048 pixels, thinly and thickly sown.
it.each([
  [92, 20, 484],
  [44, 15, 2116],
])(
  "segments a whole field in under five seconds of computing, nuclei %i pixels apart",
  (pitch, radius, count) => {
    const size = { height: 2048, width: 2048, pixelSizeMicrons: 0.4126 };
    const perSide = Math.floor((size.width - 2 * radius) / pitch) + 1;
    const field = fieldOfDiscs(size, []);
    for (let i = 0; i < perSide ** 2; i++) {
      const centre = [i % perSide, Math.floor(i / perSide)].map((step) => radius + 2 + pitch * step);
      const [x, y] = centre as [number, number];
      for (let v = -radius; v <= radius; v++)
        for (let u = -radius; u <= radius; u++)
          if (Math.hypot(u, v) <= radius) field[(y + v) * size.width + x + u]! += 300 + 60 * (i % 11);
    }
    const before = process.cpuUsage();
    const { nuclei } = segmentNuclei(field, size);
    const { user } = process.cpuUsage(before);
    expect(nuclei.length).toBe(count);
    expect(user / 1e6).toBeLessThan(5);
  },
);
