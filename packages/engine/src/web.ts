/**
 * The engine's runtime for browsers, apart from the core as the one for Node is.
 *
 * @see runtime/web/web.ts
 */
export { DeviceError } from "./runtime/device.ts";
export { type OpenOptions, openRuntime } from "./runtime/web/web.ts";
