// What a program needs of Node: the devices that networks run on, and model folders on disk.
// `proteoscope/web` is its counterpart for browsers; engine, formats, models and microscope run in both.
export {
  type DeviceDescription,
  DeviceError,
  describeDevices,
  type OpenOptions,
  openRuntime,
} from "@proteoscope/engine/node";
export { openFolder } from "@proteoscope/models/node";
