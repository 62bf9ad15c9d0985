// Generates an image in a web page: the model is fetched from /model/, and the page's own processor or GPU does the work in
// a web worker. A bundler makes page and worker; ONNX Runtime's files are served from /onnxruntime/.
//
//     npm install onnxruntime-web esbuild
//     npx esbuild 08-in-a-page.ts web-worker=proteoscope/web/worker --bundle --format=esm --outdir=site \
//       --conditions=onnxruntime-web-use-extern-wasm
import {
  generate,
  nucleusOfLibrary,
  openMicroscope,
  readModel,
  readModelNuclei,
  renderSheet,
} from "proteoscope/microscope";
import { openRuntime, webFolder } from "proteoscope/web";

const sequence = "MSVLTPLLLRGLTGSARRLPVPRAKIHSLPPEGKLGIMELAVGLTSCFVTFLLPAGWILSHLETYRRPE";

const status = document.querySelector<HTMLElement>("#status")!;
const canvas = document.querySelector<HTMLCanvasElement>("#image")!;

const folder = webFolder(new URL("/model/", location.href));
const runtime = await openRuntime({ wasmPaths: "/onnxruntime/" });
const microscope = openMicroscope(runtime, await readModel(folder));
const nucleus = nucleusOfLibrary(await readModelNuclei(folder), 0);
const request = {
  proteins: [{ id: "COX8A", sequence }],
  nuclei: [nucleus],
  settings: { samples: 1, steps: 10, sampler: "dpm++" as const },
};
const onProgress = ({ done, total }: { done: number; total: number }) => {
  status.textContent = `Step ${done} of ${total}`;
};
for await (const cell of generate(microscope, request, { onProgress })) {
  const { width, height, data } = renderSheet(cell); // 8-bit RGB
  const image = new ImageData(width, height);
  image.data.forEach((_, i) => {
    image.data[i] = i % 4 === 3 ? 255 : data[3 * Math.floor(i / 4) + (i % 4)]!;
  });
  Object.assign(canvas, { width, height });
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  const [compartment] = Object.entries(cell.images.compartments).sort(([, a], [, b]) => b - a)[0]!;
  canvas.ariaLabel = `Synthetic image of ${cell.name}`;
  status.textContent = `${cell.name}: the classifier recognises ${compartment}`;
}
await runtime.close();
