// Saving: a file is handed to the browser as a download, and a view becomes a PNG by the viewer's reference function, with the
// word "synthetic" and its scale bar in the picture.
import type { ExportedFile } from "../api/backend.ts";
import type { Display } from "../state/display.svelte.ts";
import { type Picture, titleOf } from "../state/pictures.ts";
import { scaleBarOf } from "../viewer/camera.ts";
import { cellLayers } from "../viewer/display.ts";
import { drawByProcessor } from "../viewer/renderer.ts";

/** Hands a file to the browser. */
export function saveFile({ name, type, bytes }: ExportedFile): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const sidePixels = 800;

/** The view of a picture as it is displayed. */
export async function viewAsPng(
  picture: Picture,
  { channels, camera, smooth }: Pick<Display, "channels" | "camera" | "smooth">,
): Promise<ExportedFile> {
  const { cell } = picture;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: sidePixels, height: sidePixels });
  drawByProcessor(canvas, {
    ...{ layers: cellLayers(picture, channels), width: cell.width, height: cell.height, camera, smooth },
  });
  const context = canvas.getContext("2d")!;
  const bar = scaleBarOf(cell.pixelSizeMicrometers, cell.width, camera);
  const length = bar.fraction * sidePixels;
  context.fillStyle = "#fff";
  context.font = "18px sans-serif";
  context.fillText("synthetic", 16, 30);
  context.fillRect(sidePixels - 20 - length, sidePixels - 24, length, 5);
  context.textAlign = "center";
  context.fillText(`${bar.micrometers} µm`, sidePixels - 20 - length / 2, sidePixels - 32);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  const name = `${titleOf(cell).replaceAll(/[^\w.-]+/g, "_")}_sample${picture.sample}_synthetic.png`;
  return { name, type: "image/png", bytes: new Uint8Array(await blob!.arrayBuffer()) };
}
