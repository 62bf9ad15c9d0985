/**
 * The engine's runtime for browsers, apart from the core as the one for Node is.
 *
 *     const runtime = await openRuntime({ device: "auto", wasmPaths: "/onnxruntime/" });
 *
 * @module
 */
export { DeviceError } from "./runtime/device.ts";
export { type OpenOptions, openRuntime } from "./runtime/web/web.ts";
