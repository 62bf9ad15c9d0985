/**
 * The engine's runtime for Node, apart from the core so that the core runs in a browser.
 *
 *     const runtime = await openRuntime({ device: "auto" });
 *
 * @module
 */
export { type LaunchedProcesses, launchedProcesses, openMpi } from "./distributed/node/mpi.ts";
export { DeviceError } from "./runtime/device.ts";
export {
  type DeviceDescription,
  describeDevices,
  type OpenOptions,
  openRuntime,
} from "./runtime/node/node.ts";
