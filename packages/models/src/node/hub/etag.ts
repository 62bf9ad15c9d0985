// ETags of S3 buckets as sums of bytes: the md5 of a file that was uploaded at once, or, for one uploaded in parts, the md5 of
// the parts' md5s and their number. The size of the parts is the uploader's choice; that of Amazon's own tools is 8 MiB.
// Reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

const partBytes = 8 * 2 ** 20;

/** The ETag of a header as a sum of so many bytes that can be checked; undefined for one that is none. */
export function checkableEtag(header: string | undefined, bytes: number): string | undefined {
  const [, etag, parts] = /^"([0-9a-f]{32}(?:-(\d+))?)"$/.exec(header ?? "") ?? [];
  if (etag === undefined) return undefined;
  return parts === undefined || Number(parts) === Math.ceil(bytes / partBytes) ? etag : undefined;
}

/** The ETag of a file in the form of `etag`: of the whole, or of its parts. */
export async function etagOfFile(path: string, etag: string): Promise<string> {
  const isInParts = etag.includes("-");
  const sums: Buffer[] = [];
  let digest = createHash("md5");
  let inPart = 0;
  const endPart = (): void => {
    sums.push(digest.digest());
    digest = createHash("md5");
    inPart = 0;
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let rest = chunk;
    while (isInParts && inPart + rest.length >= partBytes) {
      digest.update(rest.subarray(0, partBytes - inPart));
      rest = rest.subarray(partBytes - inPart);
      endPart();
    }
    digest.update(rest);
    inPart += rest.length;
  }
  if (!isInParts) return digest.digest("hex");
  if (inPart > 0) endPart();
  return `${createHash("md5").update(Buffer.concat(sums)).digest("hex")}-${sums.length}`;
}
