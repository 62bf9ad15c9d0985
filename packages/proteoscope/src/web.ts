// What a page needs of the browser: the devices that networks run on, and model folders that a server serves.
// `proteoscope` is its counterpart for Node. It needs the npm package onnxruntime-web.
export { DeviceError, type OpenOptions, openRuntime } from "@proteoscope/engine/web";
export { webFolder } from "@proteoscope/models";
