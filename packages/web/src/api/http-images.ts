// Images of the server as planes: raw floats as they are, pictures by the browser's decoder. Content-addressed files never
// change, so that a plane that was fetched once is held.

/** Planes by their address. */
export interface PlaneCache {
  read(url: string): Promise<Float32Array>;
}

const mostHeld = 300;

/** Fetches planes; an address is fetched once. */
export function openPlaneCache(): PlaneCache {
  const held = new Map<string, Promise<Float32Array>>();
  return {
    read(url) {
      const known = held.get(url);
      if (known) return known;
      const loading = url.endsWith(".f32") ? readFloats(url) : decodePicture(url).then(({ red }) => red);
      loading.catch(() => held.delete(url));
      held.set(url, loading);
      const [oldest] = held.keys();
      if (held.size > mostHeld && oldest !== undefined) held.delete(oldest);
      return loading;
    },
  };
}

async function readFloats(url: string): Promise<Float32Array> {
  return new Float32Array(await (await fetchFile(url)).arrayBuffer());
}

/** A picture's size, its red channel from 0 to 1, and where it is not transparent. */
export async function decodePicture(url: string) {
  const bitmap = await createImageBitmap(await (await fetchFile(url)).blob());
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const red = Float32Array.from({ length: width * height }, (_, at) => data[4 * at]! / 255);
  const opaque = Uint8Array.from({ length: width * height }, (_, at) => (data[4 * at + 3]! > 0 ? 1 : 0));
  return { width, height, red, opaque };
}

async function fetchFile(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`an image is no longer there: the server answers ${response.status}`);
  return response;
}

/** The square of `side` pixels around a place, 0 beyond the field. */
export function cutAround(
  field: { readonly width: number; readonly height: number; readonly stain: Float32Array },
  middle: { readonly x: number; readonly y: number },
  side: number,
): Float32Array {
  const cut = new Float32Array(side * side);
  const [left, top] = [Math.round(middle.x - side / 2), Math.round(middle.y - side / 2)];
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [fx, fy] = [left + x, top + y];
      if (fx >= 0 && fy >= 0 && fx < field.width && fy < field.height)
        cut[y * side + x] = field.stain[fy * field.width + fx]!;
    }
  return cut;
}
