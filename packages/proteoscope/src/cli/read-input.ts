// Standard input as text, for commands that take `-`.
// Bounded: a whole proteome is under 100 MB.
import { addAbortSignal, type Readable } from "node:stream";
import { CommandError, exitCodes } from "./errors.ts";

const mostBytes = 256 * 2 ** 20;

/** All of a stream; an interrupt ends the waiting. @throws CommandError (bad data) for more than 256 MB. */
export async function readStdin(stream: Readable, signal: AbortSignal): Promise<string> {
  addAbortSignal(signal, stream);
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream as AsyncIterable<Uint8Array | string>) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > mostBytes)
      throw new CommandError("standard input holds more than 256 MB: give it in parts", exitCodes.badData);
  }
  return text + decoder.decode();
}
