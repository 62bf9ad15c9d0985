// Standard input as text, for commands that take `-`.
// Bounded: a whole proteome is under 100 MB.
import { CommandError, exitCodes } from "./errors.ts";

const mostBytes = 512 * 2 ** 20;

export async function readStdin(stream: AsyncIterable<Uint8Array | string> = process.stdin): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > mostBytes)
      throw new CommandError("standard input holds more than 512 MB: give it in parts", exitCodes.badData);
  }
  return text + decoder.decode();
}
