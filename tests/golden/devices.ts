// The devices on which the networks of other groups are held to their recordings: native, and WebAssembly as in a browser.
// Node has no browser: its build of WebAssembly runs there too, on one thread.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { openRuntime as openWebRuntime } from "@proteoscope/engine/web";

const wasmEntry = createRequire(import.meta.url).resolve("onnxruntime-web/wasm");
const wasmPaths = pathToFileURL(join(dirname(wasmEntry), "/")).href;

/** The Vulkan driver in software that Debian's chromium brings, for WebGPU on a machine without a GPU. */
const softwareVulkan = "/usr/lib/chromium/vk_swiftshader_icd.json";
const hasVulkan = (): boolean =>
  existsSync(softwareVulkan) &&
  (spawnSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }).stdout ?? "").includes("libvulkan.so.1");

/** Opens each device by its name. */
export const openDevice: Readonly<Record<"cpu" | "wasm" | "webgpu", () => Promise<Runtime>>> = {
  cpu: () => openRuntime({ device: "cpu" }),
  wasm: () => openWebRuntime({ device: "wasm", wasmPaths, threads: 1, worker: "none" }),
  webgpu: () => {
    process.env.VK_ICD_FILENAMES = softwareVulkan;
    return openRuntime({ device: "webgpu" });
  },
};

/** The devices that every machine has. */
export const deviceNames = ["cpu", "wasm"] as const;

/** And WebGPU in software, where its driver is there. */
export const allDeviceNames = hasVulkan() ? ([...deviceNames, "webgpu"] as const) : deviceNames;
