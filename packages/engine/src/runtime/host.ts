/**
 * Serves a runtime over a message port, in the worker that holds it.
 *
 * Requests are answered one at a time, in order; arrays are moved to the caller, never copied.
 */

import type { OptimizerStates, OptimizerStep } from "../optim/host-optimizers.ts";
import type { NdArray } from "../tensor.ts";
import type { LoadOptions, NdArrays, Runtime, Session } from "./runtime.ts";

/** A call of a runtime or of one of its sessions, as a message. */
export type Request =
  | {
      readonly type: "load";
      readonly model: Uint8Array | string;
      readonly options: LoadOptions;
      /** Whether the model was moved here and not copied. */
      readonly isTransferred: boolean;
    }
  | {
      readonly type: "run";
      readonly session: number;
      readonly feeds: NdArrays;
      readonly cached?: NdArrays;
      readonly position?: number;
    }
  | { readonly type: "closeSession"; readonly session: number }
  | { readonly type: "setState"; readonly name: string; readonly value: NdArray }
  | { readonly type: "getState" | "deleteState"; readonly name: string }
  | { readonly type: "update"; readonly step: OptimizerStep; readonly states: OptimizerStates }
  | { readonly type: "close" };

/** A request and the number that its reply has. */
export interface Call {
  readonly id: number;
  readonly request: Request;
}

/** The result of a call, or the message of its error. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** Makes the function that answers calls; `post` sends a reply with the buffers that are moved along. */
export function serveRuntime(
  runtime: Runtime,
  post: (reply: Reply, transfer: ArrayBuffer[]) => void,
): (call: Call) => void {
  const sessions = new Map<number, { session: Session; cached: NdArrays }>();
  let nextSession = 0;
  const find = (id: number) => {
    const found = sessions.get(id);
    if (found === undefined) throw new Error("runtime: the session is closed");
    return found;
  };
  const answer = async (request: Request): Promise<unknown> => {
    switch (request.type) {
      case "load": {
        sessions.set(nextSession, {
          session: await runtime.load(request.model, request.options),
          cached: {},
        });
        if (request.isTransferred && typeof request.model !== "string") releaseMemory(request.model);
        return nextSession++;
      }
      case "run": {
        const found = find(request.session);
        found.cached = request.cached ?? found.cached;
        const { feeds, position = 0 } = request;
        return found.session.run(feeds, { cached: found.cached, position });
      }
      case "closeSession":
        await find(request.session).session.close();
        sessions.delete(request.session);
        return undefined;
      case "setState":
        return runtime.setState(request.name, request.value, { transfer: true }); // a message's arrays are its own
      case "getState":
        return runtime.getState(request.name);
      case "deleteState":
        return runtime.deleteState(request.name);
      case "update":
        return runtime.update!(request.step, request.states);
      case "close":
        return runtime.close();
    }
  };
  let queue: Promise<void> = Promise.resolve();
  return ({ id, request }) => {
    queue = queue.then(async () => {
      try {
        const value = await answer(request);
        post({ id, value }, buffersOf(value));
      } catch (error) {
        post({ id, error: error instanceof Error ? error.message : String(error) }, []);
      }
    });
  };
}

/** Frees memory that the garbage collection of an idle worker would not look at for long. */
function releaseMemory(model: Uint8Array): void {
  const buffer = model.buffer as ArrayBuffer & { resizable?: boolean; resize?(byteLength: number): void };
  if (buffer.resizable) buffer.resize!(0);
}

/** Lists the buffers of arrays that nothing else refers to. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (typeof value !== "object" || value === null) return [];
  if (ArrayBuffer.isView(value))
    return value.byteLength === value.buffer.byteLength ? [value.buffer as ArrayBuffer] : [];
  return [...new Set(Object.values(value).flatMap(buffersOf))];
}
