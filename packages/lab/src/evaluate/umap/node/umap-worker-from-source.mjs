// Starts the worker from TypeScript: worker threads do not inherit the loader that the main thread was started with, so it is
// registered here first. The published package starts the worker's JavaScript without this file.
import { register } from "tsx/esm/api";

register();
await import("./umap-worker.ts");
