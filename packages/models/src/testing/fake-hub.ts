// A server on this machine that answers as the Hub does. Faults in the queue `faults` answer the next requests for files,
// one each. Tests of downloads connect to it alone.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Answer = (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array) => void;

export interface FakeHub {
  readonly endpoint: string;
  readonly commit: string;
  /** What was asked for, in order. */
  readonly requests: { path: string; range: string | undefined; authorization: string | undefined }[];
  readonly faults: Answer[];
  /** The answer about the model; tests change it. */
  listing: { sha: string; cardData?: object; siblings: Record<string, unknown>[] };
  /** Answers questions about the model where it is set. */
  listingFault: Answer | undefined;
  close(): Promise<void>;
}

const digest = (kind: string, bytes: Uint8Array) => createHash(kind).update(bytes).digest("hex");

export const sha256 = (bytes: Uint8Array): string => digest("sha256", bytes);

/** What git calls a file of these bytes. */
export const gitHash = (bytes: Uint8Array): string =>
  digest("sha1", Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]));

/** Serves one model; files that end in .safetensors or .bin are large ones, known by sha256. */
export async function startFakeHub(files: Readonly<Record<string, Uint8Array>>): Promise<FakeHub> {
  const requests: FakeHub["requests"] = [];
  const faults: Answer[] = [];
  const commit = "c".repeat(40);
  const siblings = Object.entries(files).map(([rfilename, bytes]) => ({
    rfilename,
    size: bytes.length,
    blobId: gitHash(bytes),
    ...(/\.(safetensors|bin)$/.test(rfilename) && { lfs: { sha256: sha256(bytes), size: bytes.length } }),
  }));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    const { range, authorization } = request.headers;
    requests.push({ path, range, authorization });
    const name = /\/resolve\/[^/]+\/(.*)$/.exec(path)?.[1];
    if (name === undefined) {
      const bytes = Buffer.from(JSON.stringify(hub.listing));
      (hub.listingFault ?? serve)(request, response, bytes);
    } else (faults.shift() ?? serve)(request, response, files[name] ?? new Uint8Array());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hub: FakeHub = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ commit, requests, faults },
    listing: { sha: commit, cardData: { license: "mit" }, siblings },
    listingFault: undefined,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return hub;
}

function startOf(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
}

/** What a good server does: the whole, or the part that was asked for. */
export const serve: Answer = (request, response, bytes) => {
  const start = startOf(request);
  if (start > 0 && start >= bytes.length) return void response.writeHead(416).end();
  const range = start > 0 ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
  response.writeHead(start > 0 ? 206 : 200, { "content-length": bytes.length - start, ...range });
  response.end(bytes.subarray(start));
};

/** The whole, whatever part was asked for. */
export const ignoreRange: Answer = (_, response, bytes) => {
  response.writeHead(200, { "content-length": bytes.length }).end(bytes);
};

/** Promises all and breaks the connection after some bytes, of the whole or of the part. */
export const breakAfter =
  (count: number, answer: Answer = serve): Answer =>
  (request, response, bytes) => {
    const end = response.end.bind(response);
    response.end = ((body: Uint8Array) =>
      response.write(body.subarray(0, count), () => response.destroy())) as never;
    answer(request, response, bytes);
    response.end = end;
  };

/** Another part than the one that was asked for. */
export const sendWrongPart: Answer = (_, response, bytes) => {
  response.writeHead(206, { "content-range": `bytes 1-${bytes.length - 1}/${bytes.length}` });
  response.end(bytes.subarray(1));
};

/** The right number of wrong bytes. */
export const corrupt: Answer = (request, response, bytes) =>
  serve(
    request,
    response,
    bytes.map((value) => value ^ 1),
  );

/** More or fewer bytes than there are, with a header that says so or without one. */
export const sendBytes =
  (count: number, { announced }: { announced: boolean }): Answer =>
  (_, response) => {
    response.writeHead(200, announced ? { "content-length": count } : {}).end(new Uint8Array(count));
  };

export const refuse =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end("no");
  };

export const redirectTo =
  (location: string): Answer =>
  (_, response) => {
    response.writeHead(302, { location }).end();
  };

/** Begins an answer and says nothing more. */
export const fallSilent: Answer = (_, response, bytes) => {
  response.writeHead(200, { "content-length": bytes.length });
  response.write(bytes.subarray(0, 1));
};

/** What S3 gives as ETag of a file that was uploaded at once. */
export const md5Etag = (bytes: Uint8Array): string => `"${digest("md5", bytes)}"`;

export interface FakeBucket {
  /** Address of the folder of the files. */
  readonly address: string;
  readonly requests: { method: string; path: string; range: string | undefined }[];
  /** Faults that answer the next requests for bytes, one each. */
  readonly faults: Answer[];
  /** Faults that answer the next questions about a file (HEAD), one each. */
  readonly headFaults: Answer[];
  /** What it serves by path; tests change it. */
  readonly files: Map<string, Uint8Array>;
  /** The ETag of a file; that of S3 when absent. */
  etag: ((bytes: Uint8Array) => string | undefined) | undefined;
  close(): Promise<void>;
}

/** Serves files as a public bucket does: no listing, sizes and ETags in headers, 403 for what it does not have. */
export async function startFakeBucket(files: Readonly<Record<string, Uint8Array>>): Promise<FakeBucket> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").replace(/^\/models\//, "");
    const method = request.method ?? "";
    bucket.requests.push({ method, path, range: request.headers.range });
    const bytes = bucket.files.get(path);
    const fault = (method === "HEAD" ? bucket.headFaults : bucket.faults).shift();
    if (bytes === undefined && fault === undefined) return void response.writeHead(403).end();
    const etag = (bucket.etag ?? md5Etag)(bytes ?? new Uint8Array());
    if (etag !== undefined) response.setHeader("etag", etag);
    (fault ?? serve)(request, response, bytes ?? new Uint8Array());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bucket: FakeBucket = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/models`,
    ...{ requests: [], faults: [], headFaults: [], files: new Map(Object.entries(files)), etag: undefined },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return bucket;
}
