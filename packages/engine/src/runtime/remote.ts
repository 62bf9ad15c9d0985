/**
 * A runtime that lives behind a message port, as its caller sees it.
 *
 * A run under way cannot be interrupted, but its caller's thread is free meanwhile.
 */

import type { ExternalData } from "../onnx/external-data.ts";
import type { NdArray } from "../tensor.ts";
import type { Call, Reply, Request } from "./host.ts";
import type { Device, NdArrays, Runtime } from "./runtime.ts";

/** A connection to the worker that holds a runtime. */
export interface Port {
  /** Sends a call; the buffers of `transfer` are moved along. */
  post(call: Call, transfer: ArrayBuffer[]): void;
  /** Calls the listener for every reply. */
  onReply(listener: (reply: Reply) => void): void;
  /** Calls the listener when the other side is gone and nothing more will be answered. */
  onEnd(listener: (reason: Error) => void): void;
  /** Ends the worker. */
  close(): Promise<void>;
}

const nothing: NdArrays = {};

/** Makes a runtime of a connection. */
export function connectRuntime(device: Device, port: Port): Runtime {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (reason: Error) => void }>();
  let nextId = 0;
  let ended: Error | undefined;
  let closed: Promise<void> | undefined;
  port.onReply((reply) => {
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("error" in reply) caller?.reject(new Error(reply.error));
    else caller?.resolve(reply.value);
  });
  port.onEnd((reason) => {
    ended ??= reason;
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  });
  const call = <T>(request: Request, moved: ArrayBuffer[] = []): Promise<T> => {
    if (ended !== undefined) return Promise.reject(ended);
    return new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      port.post({ id, request }, moved);
    });
  };
  return {
    device,
    load: async (model, { transfer = false, externalData, ...rest } = {}) => {
      const options = externalData === undefined ? rest : { ...rest, externalData: inBlob(externalData) };
      const moved = transfer && typeof model !== "string" ? [model.buffer as ArrayBuffer] : [];
      const session = await call<number>(
        { type: "load", model, options, isTransferred: moved.length > 0 },
        moved,
      );
      let sent: NdArrays | undefined;
      return {
        run: async (feeds, { signal, cached = nothing, position } = {}) => {
          signal?.throwIfAborted();
          const isKnown = cached === sent;
          sent = cached;
          return call<Record<string, NdArray>>({
            type: "run",
            session,
            feeds,
            ...(isKnown ? {} : { cached }),
            ...(position !== undefined && { position }),
          });
        },
        close: async () => {
          if (ended === undefined) await call({ type: "closeSession", session }); // otherwise it ended with the runtime
        },
      };
    },
    setState: (name, value, { transfer = false } = {}) =>
      call({ type: "setState", name, value }, transfer ? [value.data.buffer as ArrayBuffer] : []),
    getState: (name) => call({ type: "getState", name }),
    deleteState: (name) => call({ type: "deleteState", name }),
    ...(device === "webgpu" ? {} : { update: (step, states) => call({ type: "update", step, states }) }),
    // Nothing may be asked for after this: native code that is at work when its thread ends takes the process down.
    close: () => {
      closed ??= ended === undefined ? call({ type: "close" }).then(() => port.close()) : Promise.resolve();
      ended ??= new Error(`the ${device} runtime is closed`);
      return closed;
    },
  };
}

/**
 * Joins parts in a blob, which crosses to a worker by reference; views would take all of the memory around them along.
 */
function inBlob({ location, parts }: ExternalData): ExternalData {
  return { location, parts: [new Blob([...parts])] };
}
