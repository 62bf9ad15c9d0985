// An image as a microscope records it, for uploads: two channels of 16 bits, of which the second shows
// three nuclei of 16 micrometres and the first shows stripes.
import { writeOmeTiff, writeOmeZarr } from "@proteoscope/formats";

const [width, height] = [160, 120];
const described = { channelNames: ["GFP", "DAPI"], pixelSizeMicrons: 0.8, name: "field" };

/** Three nuclei in the second of two channels of 16 bits, stripes in the first. */
export function twoChannels(): Uint8Array {
  return writeOmeTiff({
    data: { dtype: "uint16", shape: [1, 2, height, width], data: planes() },
    ...{ ...described, channelColors: [0x00ff00, 0x0000ff] },
  });
}

/** The same as an OME-Zarr: its files by path. */
export function twoChannelStore(): Map<string, Uint8Array> {
  return writeOmeZarr({
    data: { dtype: "uint16", shape: [2, height, width], data: planes() },
    ...described,
  });
}

function planes(): Uint16Array {
  const data = new Uint16Array(2 * width * height);
  const middles = [
    [40, 40],
    [110, 50],
    [70, 90],
  ] as const;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      data[y * width + x] = x % 16 < 8 ? 900 : 300;
      const isInside = middles.some(([cx, cy]) => (x - cx) ** 2 + (y - cy) ** 2 < 100);
      data[(height + y) * width + x] = isInside ? 30_000 + ((x * 7 + y * 13) % 50) : 500 + ((x + y) % 9);
    }
  return data;
}
