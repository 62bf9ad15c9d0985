// SHA-256 by WebCrypto, which Node and browsers share, as provenance and the files of screens and indices note it.
// https://www.w3.org/TR/webcrypto-2/

/** SHA-256 of bytes or of text as UTF-8, in hexadecimal. */
export async function sha256Hex(data: Uint8Array | string): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
