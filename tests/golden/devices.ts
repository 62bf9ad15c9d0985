// The devices on which the networks of other groups are held to their recordings: native, and WebAssembly as in a browser.
// Node has no browser: its build of WebAssembly runs there too, on one thread.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { openRuntime as openWebRuntime } from "@proteoscope/engine/web";

const wasmEntry = createRequire(import.meta.url).resolve("onnxruntime-web/wasm");
const wasmPaths = pathToFileURL(join(dirname(wasmEntry), "/")).href;

/** Opens each device by its name. */
export const openDevice: Readonly<Record<"cpu" | "wasm", () => Promise<Runtime>>> = {
  cpu: () => openRuntime({ device: "cpu" }),
  wasm: () => openWebRuntime({ device: "wasm", wasmPaths, threads: 1, worker: "none" }),
};

/** Their names. */
export const deviceNames = ["cpu", "wasm"] as const;
