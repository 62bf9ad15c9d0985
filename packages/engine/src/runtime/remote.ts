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
  const calls = new Calls(port);
  let closed: Promise<void> | undefined;
  return {
    device,
    load: async (model, { transfer = false, externalData, ...rest } = {}) => {
      const options = externalData === undefined ? rest : { ...rest, externalData: inBlob(externalData) };
      const moved = transfer && typeof model !== "string" ? [model.buffer as ArrayBuffer] : [];
      const session = await calls.make<number>(
        { type: "load", model, options, isTransferred: moved.length > 0 },
        moved,
      );
      let sent: NdArrays | undefined;
      return {
        run: async (feeds, { signal, cached = nothing, position } = {}) => {
          signal?.throwIfAborted();
          const isKnown = cached === sent;
          sent = cached;
          return calls.make<Record<string, NdArray>>({
            type: "run",
            session,
            feeds,
            ...(isKnown ? {} : { cached }),
            ...(position !== undefined && { position }),
          });
        },
        close: async () => {
          if (!calls.haveEnded) await calls.make({ type: "closeSession", session }); // otherwise it ended with the runtime
        },
      };
    },
    setState: (name, value, { transfer = false } = {}) =>
      calls.make({ type: "setState", name, value }, transfer ? [value.data.buffer as ArrayBuffer] : []),
    getState: (name) => calls.make({ type: "getState", name }),
    deleteState: (name) => calls.make({ type: "deleteState", name }),
    ...(device === "webgpu"
      ? {}
      : { update: (step, states) => calls.make({ type: "update", step, states }) }),
    // Nothing may be asked for after this: native code that is at work when its thread ends takes the process down.
    close: () => {
      closed ??= calls.haveEnded ? Promise.resolve() : calls.make({ type: "close" }).then(() => port.close());
      calls.end(new Error(`the ${device} runtime is closed`));
      return closed;
    },
  };
}

/** Calls that wait for their replies. */
class Calls {
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private reasonOfEnd: Error | undefined;

  constructor(private readonly port: Port) {
    port.onReply((reply) => {
      const caller = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if ("error" in reply) caller?.reject(new Error(reply.error));
      else caller?.resolve(reply.value);
    });
    port.onEnd((reason) => {
      this.end(reason);
      for (const { reject } of this.waiting.values()) reject(reason);
      this.waiting.clear();
    });
  }

  get haveEnded(): boolean {
    return this.reasonOfEnd !== undefined;
  }

  /** Refuses every call from now on; those under way are still answered. */
  end(reason: Error): void {
    this.reasonOfEnd ??= reason;
  }

  /** Sends a request, with the buffers that move along, and waits for its reply. */
  make<T>(request: Request, moved: ArrayBuffer[] = []): Promise<T> {
    if (this.reasonOfEnd !== undefined) return Promise.reject(this.reasonOfEnd);
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.port.post({ id, request }, moved);
    });
  }
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * Joins parts in a blob, which crosses to a worker by reference; views would take all of the memory around them along.
 */
function inBlob({ location, parts }: ExternalData): ExternalData {
  return { location, parts: [new Blob([...parts])] };
}
