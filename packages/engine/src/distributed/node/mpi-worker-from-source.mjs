/**
 * Starts mpi-worker.ts where no build step has made it JavaScript: a worker thread needs the TypeScript loader anew.
 */
import { register } from "tsx/esm/api";

register();
await import("./mpi-worker.ts");
