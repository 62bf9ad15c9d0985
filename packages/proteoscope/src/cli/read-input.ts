// Bytes that a command line names: a file, `-` for standard input, a named pipe, a process substitution. A pipe is opened
// without blocking and read as a socket is, because a blocked `open` holds a thread that not even `process.exit` ends.
import { close, constants, createReadStream, fstat, open, readFile } from "node:fs";
import { Socket } from "node:net";
import { addAbortSignal, type Readable } from "node:stream";
import { isatty, ReadStream } from "node:tty";
import { promisify } from "node:util";
import { ProteoscopeError } from "@proteoscope/formats";

/** A whole proteome is under 100 MB; a pipe does not say how much will come. */
const mostStreamBytes = 256 * 2 ** 20;

const standardInputPaths = new Set(["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]);

/** Whether a word of the command line means standard input. */
export function isStandardInput(word: string): boolean {
  return standardInputPaths.has(word);
}

/** All bytes of a file or a pipe. @throws the system's errors with the path as it was given, AbortError. */
export async function readInput(path: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const fd = await promisify(open)(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await promisify(fstat)(fd);
    if (stats.isFile()) return await readAll(fd, signal).finally(() => close(fd));
    if (stats.isDirectory()) {
      close(fd);
      throw Object.assign(new Error(`${path} is a folder`), { code: "EISDIR" });
    }
    return await readStream(streamOf(fd, stats.isFIFO() || stats.isSocket()), signal, path);
  } catch (error) {
    throw withPath(error, path);
  }
}

/** All bytes of a stream; an abort ends the waiting. @throws ProteoscopeError (data) for more than 256 MB, AbortError. */
export async function readStream(
  stream: Readable,
  signal: AbortSignal,
  name = "standard input",
): Promise<Uint8Array> {
  addAbortSignal(signal, stream);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array | string>) {
      const bytes = Buffer.from(chunk as Uint8Array);
      length += bytes.length;
      if (length > mostStreamBytes)
        throw new ProteoscopeError(`${name} holds more than 256 MB: give it in parts`, { kind: "data" });
      chunks.push(bytes);
    }
  } catch (error) {
    throw withPath(error, name);
  }
  return Buffer.concat(chunks);
}

/** Errors of the system name no path where what was opened is read. */
function withPath(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" && code !== "ABORT_ERR" ? Object.assign(error as Error, { path }) : error;
}

function readAll(fd: number, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    readFile(fd, { signal }, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

function streamOf(fd: number, isPipe: boolean): Readable {
  if (isPipe) return new Socket({ fd, readable: true, writable: false });
  return isatty(fd) ? new ReadStream(fd) : createReadStream("", { fd });
}
