// The thread that UMAP runs on: it takes rows and a seed, reports its epochs, and gives places in the plane. UMAP of a few
// thousand rows takes a minute, during which the main thread stays free for an interrupt and for progress.

import { parentPort, workerData } from "node:worker_threads";
import { embedRows, type UmapMessage, type UmapRequest } from "@proteoscope/microscope/protein-map";

const post = (message: UmapMessage) => parentPort!.postMessage(message);

embedRows(workerData as UmapRequest, (epoch, epochs) => post({ epoch, epochs })).then(
  (places) => post({ places }),
  (error: unknown) => post({ error: String(error) }),
);
