/**
 * The web worker that holds ONNX Runtime: a run blocks this thread and not the page.
 *
 * Its first message says how to start; all others are calls.
 */
import { type Call, type Reply, serveRuntime } from "../host.ts";
import { type StartOptions, startRuntime } from "./start.ts";

const port = globalThis as unknown as MessagePort;

let answering: Promise<(call: Call) => void> | undefined;

port.onmessage = ({ data }: MessageEvent<StartOptions | Call>) => {
  if ("id" in data) {
    answering?.then(
      (answer) => answer(data),
      (reason) => port.postMessage({ id: data.id, error: String(reason) } satisfies Reply),
    );
    return;
  }
  answering = startRuntime(data).then((runtime) =>
    serveRuntime(runtime, (reply, transfer) => port.postMessage(reply, transfer)),
  );
};
