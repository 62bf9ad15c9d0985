// The worker of the page: the microscope runs here, so that the page stays free. Its first message says where the weights
// are; all others are calls of the service's functions.
import { problemOf } from "../api/problems.ts";
import type { Call, FromWorker, WorkerStart } from "./protocol.ts";
import { openService } from "./service.ts";

const port = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerStart | Call>) => void;
  postMessage(message: FromWorker): void;
};

let service: Record<string, (...args: never[]) => Promise<unknown>> | undefined;

port.onmessage = ({ data }) => {
  if ("model" in data) {
    service = openService(
      data,
      (event) => port.postMessage({ event }),
      (loading) => port.postMessage({ loading }),
    );
    return;
  }
  const { id, method, args } = data;
  Promise.resolve()
    .then(() => service![method]!(...(args as never[])))
    .then(
      (value) => port.postMessage({ id, value }),
      (error) => port.postMessage({ id, problem: problemOf(error) }),
    );
};
