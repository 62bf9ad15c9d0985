// The backend on a server, by its HTTP API. Running jobs are followed by server-sent events; those that wait are asked for, since
// a browser opens few connections to one host.
import type * as Api from "@proteoscope/server/api";
import type { Backend, ExportedFile, Neighbour } from "./backend.ts";
import { apiPath as api, callApi } from "./call-api.ts";
import { followJobs } from "./follow-jobs.ts";
import { cutAround, decodePicture, openPlaneCache } from "./http-images.ts";
import { fromApiJob, fromApiResult, toApiRequest } from "./http-jobs.ts";
import { ProblemError } from "./problems.ts";
import type {
  Localized,
  Meta,
  ModelSize,
  ParsedText,
  RealCrops,
  UploadedImage,
  UploadOptions,
} from "./types.ts";

const json = (value: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

/** Opens the server that served the page. */
export function openHttpBackend(): Backend {
  const planes = openPlaneCache();
  let crop = { side: 100 };
  return {
    ...openProteins(),
    ...openJobs(),
    place: "server",
    meta: async () => {
      const [meta, doctor] = await Promise.all([callApi<Api.Meta>("/meta"), callApi<Api.Doctor>("/doctor")]);
      crop = { side: meta.model.cropPixels };
      return metaOf(meta, doctor);
    },
    nuclei: async () => {
      const { nuclei, width, height, pixelSizeMicrons } = await callApi<Api.NucleusLibrary>("/nuclei");
      const size = { width, height, pixelSizeMicrometers: pixelSizeMicrons };
      return nuclei.map(({ id, image }) => ({
        ...{ id, ...size, title: `Nucleus ${id.split(":")[1]}`, plane: { url: image } },
      }));
    },
    upload: (file, options) => upload(file, options, crop.side),
    paint: async (mask, width, height) => {
      const text = Array.from(mask, (value) => String.fromCharCode(value === 0 ? 0 : 1)).join("");
      const body = { width, height, mask: btoa(text) };
      return uploadedOf(await callApi<Api.UploadedNuclei>("/nuclei/painted", json(body)), 0, crop.side);
    },
    watchLoading: (listener) => {
      listener(null);
      return () => undefined;
    },
    plane: async ({ data, url }) => data ?? planes.read(url),
    size,
    proteinMap: () => callApi<Api.ProteinMapState>("/protein-map"),
    ...{ realCrops, similar },
  };
}

function openProteins(): Pick<Backend, "examples" | "suggest" | "parse" | "find" | "localize"> {
  return {
    examples: async () => {
      const { proteins } = await callApi<Api.Examples>("/proteins/examples");
      return proteins.map((one) => ({ ...one, organism: "human" }));
    },
    suggest: async (query) => {
      const path = `/proteins?limit=8&query=${encodeURIComponent(query)}`;
      const { proteins } = await callApi<Api.Suggestions>(path);
      return proteins.map((one) => ({ ...one, organism: one.organism ?? "" }));
    },
    parse,
    find,
    localize: async (sequence) =>
      localizedOf(await callApi<Api.LocalizedProtein>("/proteins/localize", json({ sequence }))),
  };
}

/** 128 random bits; `crypto.randomUUID` is absent where a page comes over plain HTTP from another machine. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
}

type JobCalls = "submit" | "jobs" | "result" | "cancel" | "remove" | "exportJob" | "watch";

function openJobs(): Pick<Backend, JobCalls> {
  const followed = followJobs();
  return {
    submit: async (request) => {
      const sent = json(toApiRequest(request));
      const headers = { ...sent.headers, "idempotency-key": randomKey() };
      const submitted = fromApiJob(await callApi<Api.Job>("/jobs", { ...sent, headers }))!;
      followed.add(submitted);
      return submitted;
    },
    jobs: followed.load,
    result: async (id) => fromApiResult(await callApi<Api.Job>(`/jobs/${id}`)),
    cancel: async (id) => {
      await callApi(`/jobs/${id}`, { method: "DELETE" });
      await followed.refresh(id);
    },
    remove: async (id) => {
      await callApi(`/jobs/${id}`, { method: "DELETE" });
      followed.remove(id);
    },
    exportJob,
    watch: followed.watch,
  };
}

async function size(): Promise<ModelSize> {
  return { ...(await callApi<Api.ModelSize>("/models/size")), downloadBytes: null };
}

function metaOf(
  { device, model, defaults, signals, canRetrieve, realCrops: crops }: Api.Meta,
  doctor: Api.Doctor,
): Meta {
  return {
    device,
    ...{ canRetrieve, realCrops: crops },
    model: { name: model.name, sha256: model.sha256, limits: model.limits },
    compartments: model.imageCompartments,
    signals,
    defaults: defaults.generate as Meta["defaults"],
    cropPixels: model.cropPixels,
    pixelSizeMicrometers: model.pixelSizeMicrons,
    report: [
      ["computes", `on the server, ${doctor.workers} ${doctor.workers === 1 ? "worker" : "workers"}`],
      ["queue", `${doctor.running} running, ${doctor.queued} waiting`],
      ...doctor.devices.map(({ device: name, available, detail }): [string, string] => [
        name,
        `${available ? "" : "not available: "}${detail}`,
      ]),
      ["database", doctor.database],
      [
        "machine",
        `${doctor.platform}, ${doctor.cores} cores, ${doctor.memoryMb.free} of ${doctor.memoryMb.total} MB free`,
      ],
      ["model", model.name],
      ["weights", model.sha256],
    ],
  };
}

async function parse(text: string): Promise<ParsedText> {
  const words = text.trim().split(/[\s,;]+/);
  const first = words[0];
  if (first === undefined || first === "") return { proteins: [], refused: [] };
  if (!text.trimStart().startsWith(">") && words.every((word) => /^[\w-]{1,15}$/.test(word)))
    return { proteins: await Promise.all(words.map(find)), refused: [] };
  const { proteins, refused } = await callApi<Api.ParsedProteins>("/proteins/parse", json({ text }));
  return {
    proteins: proteins.map(({ id, title, sequence }) => ({ id, description: title, sequence })),
    refused,
  };
}

async function find(name: string) {
  const found = await callApi<Api.FoundProtein>(`/proteins/${encodeURIComponent(name)}?organism=human`).catch(
    () => callApi<Api.FoundProtein>(`/proteins/${encodeURIComponent(name)}`),
  );
  const description = [found.accession, found.organism].filter(Boolean).join(", ");
  return { id: found.gene ?? found.accession, description, sequence: found.sequence };
}

function localizedOf({ probabilities, target, known, sentences }: Api.LocalizedProtein): Localized {
  return {
    predicted: probabilities,
    target:
      target.length === 0
        ? null
        : Object.fromEntries(target.map(({ compartment, share }) => [compartment, share])),
    known:
      known?.annotations
        .map(({ source, compartments }) => `${compartments.map(({ name }) => name).join(", ")} (${source})`)
        .join("; ") ?? null,
    notes: sentences,
  };
}

async function upload(
  file: File,
  { channel, pixelSizeMicrometers }: UploadOptions,
  side: number,
): Promise<UploadedImage> {
  const query = new URLSearchParams({ name: file.name });
  if (channel !== undefined) query.set("nucleusChannel", String(channel));
  if (pixelSizeMicrometers !== undefined) query.set("pixelSizeMicrons", String(pixelSizeMicrometers));
  const response = await fetch(`${api}/nuclei?${query}`, {
    ...{ method: "POST", headers: { "content-type": "application/octet-stream" }, body: file },
  });
  const body = (await response.json()) as Api.UploadedNuclei & Api.ImageProblem;
  if (response.ok) return uploadedOf(body, channel ?? null, side);
  const { title, detail, kind, field, image } = body;
  if (image === undefined) throw new ProblemError({ title, detail, kind, field: field ?? null });
  return { ...axesOf(file.name, image), channel: channel ?? null, question: detail, field: null, nuclei: [] };
}

function axesOf(name: string, { channels, bitDepth, pixelSizeMicrons }: Api.ImageAxes) {
  const named = channels.map((channel) => ({
    index: channel.index,
    name: channel.name ?? `channel ${channel.index}`,
  }));
  return { name, channels: named, bitDepth, pixelSizeMicrometers: pixelSizeMicrons };
}

async function uploadedOf(
  uploaded: Api.UploadedNuclei,
  channel: number | null,
  side: number,
): Promise<UploadedImage> {
  const [preview, outlines] = await Promise.all([
    decodePicture(uploaded.preview),
    decodePicture(uploaded.outlines),
  ]);
  const { width, height, red: stain } = preview;
  const field = { width, height, stain, borders: outlines.opaque };
  const nuclei = uploaded.nuclei
    .filter(({ whole }) => whole)
    .map((nucleus) => ({
      id: nucleus.id,
      title: `${uploaded.name}, nucleus ${nucleus.index}`,
      ...{ width: side, height: side, pixelSizeMicrometers: uploaded.pixelSizeMicrons },
      plane: { data: cutAround(field, nucleus, side) },
    }));
  return { ...axesOf(uploaded.name, uploaded.axes), channel, question: null, field, nuclei };
}

async function exportJob(id: string, format: string): Promise<ExportedFile> {
  const response = await fetch(`${api}/jobs/${id}/export?format=${format}`);
  if (!response.ok) {
    const { title, detail, kind } = (await response.json()) as Api.Problem;
    throw new ProblemError({ title, detail, kind, field: null });
  }
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  const type = response.headers.get("content-type") ?? "application/octet-stream";
  return {
    name: name ?? `proteoscope-${id.slice(0, 8)}.${format}`,
    type,
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}

async function realCrops(compartment: string, count: number): Promise<RealCrops> {
  const query = new URLSearchParams({ compartment, count: String(count) });
  const { dataSet, total, crops } = await callApi<Api.RealCrops>(`/crops?${query}`);
  return {
    ...{ dataSet, total },
    crops: crops.map(({ protein, nucleus, pixelSizeMicrons, ...crop }) => ({
      ...{ ...crop, pixelSizeMicrometers: pixelSizeMicrons },
      ...{ protein: { url: protein }, nucleus: { url: nucleus } },
    })),
  };
}

async function similar(file: File): Promise<Neighbour[]> {
  const { ranking } = await callApi<Api.RetrieveResult>(
    `/retrieve/image?name=${encodeURIComponent(file.name)}`,
    {
      ...{ method: "POST", headers: { "content-type": "application/octet-stream" }, body: file },
    },
  );
  return ranking.map(({ name, similarity, thumbnail }) => ({ name, similarity, picture: thumbnail }));
}
