/**
 * The check whether a device works, by running a small model on it: a provider may be listed and still not load.
 */
import { emitOnnx } from "../onnx/emit.ts";
import { mul } from "../ops/elementwise.ts";
import { float32, input } from "../tensor.ts";
import type { Runtime } from "./runtime.ts";

/** Says that a device cannot be used on this machine; the message says why and what to do. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
}

/** Runs 3 * 2 on the device. @throws DeviceError whose message ends in `advice`. */
export async function checkDevice(runtime: Runtime, advice: string): Promise<void> {
  const x = input("x", { dtype: "float32", shape: [1] });
  const model = emitOnnx({ inputs: new Map([["x", x]]), outputs: new Map([["y", mul(x, 2)]]) });
  const fail = (reason: string, cause?: unknown): never => {
    throw new DeviceError(`the device ${runtime.device} does not work here (${reason}); ${advice}`, {
      cause,
    });
  };
  try {
    const session = await runtime.load(model);
    const { y } = await session.run({ x: float32([1], Float32Array.of(3)) });
    await session.close();
    if (y?.data[0] !== 6) fail(`3 * 2 gave ${y?.data[0]}`);
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    fail(reasonOf(error), error);
  }
}

/** Takes what ONNX Runtime says after the source file, line and condition that it puts first. */
function reasonOf(error: unknown): string {
  const [line = ""] = String(error instanceof Error ? error.message : error).split("\n");
  return line.replace(/^.* was false\. /, "");
}
