// What part of an image is seen: the middle and the zoom, in fractions of the image, so that one camera serves images of any
// size and all panels move together.

/** The middle of the view in fractions of the image, and how much it is enlarged. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  /** 1 shows the whole image. */
  readonly zoom: number;
}

/** The whole image. */
export const wholeImage: Camera = { x: 0.5, y: 0.5, zoom: 1 };

const mostZoom = 32;

/** The nearest camera that shows nothing outside of the image. */
export function clampCamera({ x, y, zoom }: Camera): Camera {
  const limited = Math.min(mostZoom, Math.max(1, zoom));
  const half = 0.5 / limited;
  const inside = (value: number) => Math.min(1 - half, Math.max(half, value));
  return { x: inside(x), y: inside(y), zoom: limited };
}

/** Zooms by a factor so that the point at (px, py), in fractions of the panel, stays where it is. */
export function zoomAt(camera: Camera, factor: number, px: number, py: number): Camera {
  const zoom = Math.min(mostZoom, Math.max(1, camera.zoom * factor));
  const shift = (middle: number, p: number) => middle + (p - 0.5) * (1 / camera.zoom - 1 / zoom);
  return clampCamera({ x: shift(camera.x, px), y: shift(camera.y, py), zoom });
}

/** Moves by fractions of the panel. */
export function panBy(camera: Camera, dx: number, dy: number): Camera {
  return clampCamera({ ...camera, x: camera.x - dx / camera.zoom, y: camera.y - dy / camera.zoom });
}

/** A scale bar: its length in micrometres, a round number, and in fractions of the panel, at most a third of it. */
export function scaleBarOf(
  pixelSizeMicrometers: number,
  widthPixels: number,
  { zoom }: Camera,
): { readonly micrometers: number; readonly fraction: number } {
  const seen = (pixelSizeMicrometers * widthPixels) / zoom;
  const lengths = [100, 50, 20, 10, 5, 2, 1, 0.5];
  const micrometers = lengths.find((length) => length <= seen / 3) ?? 0.5;
  return { micrometers, fraction: micrometers / seen };
}
