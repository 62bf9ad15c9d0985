/**
 * The runtime over ONNX Runtime's JavaScript API, the same for Node (native) and the browser (wasm, WebGPU).
 *
 * Runs in the thread that calls it; see host.ts and remote.ts for keeping the caller's thread free.
 */
import { type OptimizerVectors, updateOnHost } from "../optim/host-optimizers.ts";
import { bindSession, createNativeSession } from "./ort-session.ts";
import { OrtStates } from "./ort-states.ts";
import { copyOf, type Ort, type OrtOptions } from "./ort-tensors.ts";
import type { Runtime, Session } from "./runtime.ts";

/** Makes a runtime in this thread. */
export function createOrtRuntime(ort: Ort, options: OrtOptions): Runtime {
  const { device } = options;
  const states = new OrtStates(ort, options);
  const sessions = new Set<Session>();
  return {
    device,
    load: async (model, loadOptions = {}) => {
      const native = await createNativeSession(ort, model, options, loadOptions);
      const run = bindSession(ort, native, states, device, loadOptions);
      let isClosed = false;
      const session: Session = {
        run: async (feeds, { signal, cached, position = 0 } = {}) => {
          signal?.throwIfAborted();
          if (isClosed) throw new Error("runtime: the session is closed");
          return run({ ...cached, ...feeds }, position);
        },
        close: async () => {
          if (isClosed) return;
          isClosed = true;
          sessions.delete(session);
          await native.release();
        },
      };
      sessions.add(session);
      return session;
    },
    setState: (name, value, { transfer = false } = {}) => states.set(name, transfer ? value : copyOf(value)),
    getState: (name) => states.read(name),
    deleteState: async (name) => states.delete(name),
    ...(device === "webgpu"
      ? {}
      : {
          update: async (step, names) => {
            const data = (name: string) => states.get(name).current.data;
            const vectors = Object.entries(names).map(([vector, name]) => [vector, data(name)]);
            return updateOnHost(step, Object.fromEntries(vectors) as OptimizerVectors);
          },
        }),
    close: async () => {
      for (const session of [...sessions]) await session.close();
      await states.close();
    },
  };
}
