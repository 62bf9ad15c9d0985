// Writing to what is no file: a named pipe, `/dev/stdout`, a process substitution. A pipe is opened without blocking, again
// and again until it has a reader, because a blocked `open` holds a thread that not even `process.exit` ends.
import { constants, fstat, open, writeFile } from "node:fs";
import { Socket } from "node:net";
import { addAbortSignal } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const retryMs = 50;

/** Writes all bytes. @throws the system's errors, AbortError. */
export async function writePipe(
  path: string,
  data: Uint8Array | string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fd = await openWhenRead(path, signal);
  const stats = await promisify(fstat)(fd);
  if (!stats.isFIFO() && !stats.isSocket()) return promisify(writeFile)(fd, data);
  const pipe = new Socket({ fd, readable: false, writable: true });
  if (signal !== undefined) addAbortSignal(signal, pipe);
  pipe.end(data);
  await finished(pipe, { readable: false });
}

async function openWhenRead(path: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    try {
      return await promisify(open)(path, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error; // a pipe that nobody reads yet
      await wait(retryMs, undefined, { ...(signal && { signal }) });
    }
  }
}
