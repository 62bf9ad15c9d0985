// Every route, status and example, checked by the specification that the server publishes; those of jobs are in
// jobs.test.ts.

import { readPng } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CheckedClient, fieldPng, openCheckedClient } from "../testing/checked-client.ts";
import { openTestServer, type TestServer } from "../testing/test-server.ts";
import { knownSequence } from "../testing/tiny-model-files.ts";
import { createApp } from "./app.ts";

let server: TestServer;
let client: CheckedClient;
beforeAll(async () => {
  const crop = {
    ...{ protein: Uint8Array.of(0, 255, 9, 9), nucleus: new Uint8Array(4), height: 2, width: 2 },
    ...{ pixelSizeMicrons: 0.2, gene: "FBL", compartments: ["nucleolus"], cellLine: null },
    ...{ field: "f1", source: "own images", licence: "CC0" },
  };
  const find = async (compartment: string, count: number) =>
    compartment === "nucleolus"
      ? { total: 9, crops: Array.from({ length: Math.min(count, 2) }, () => crop) }
      : { total: 0, crops: [] };
  server = await openTestServer({
    ...{ crops: { name: "own", find }, modelSize: { name: "tiny", fileBytes: 12, memoryBytes: 34 } },
  });
  client = await openCheckedClient(server);
});
afterAll(() => server.close());

const checked: CheckedClient["checked"] = (...asked) => client.checked(...asked);
const json: CheckedClient["json"] = (...body) => client.json(...body);

describe("the specification", () => {
  it("has an operation for every route, each with a summary and its problems", () => {
    const operations = Object.entries(client.specification.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    );
    expect(operations.length).toBeGreaterThanOrEqual(23);
    for (const { name, operation } of operations) {
      expect((operation as { summary?: string }).summary, name).toMatch(/\w/);
      expect(Object.keys(operation.responses), name).toEqual(
        expect.arrayContaining(["401", "403", "421", "429", "500", "503"]),
      );
    }
  });

  it("has no example that its own schema refuses", () => {
    let examples = 0;
    const visit = (schema: unknown): void => {
      if (typeof schema !== "object" || schema === null) return;
      const { example } = schema as { example?: unknown };
      if (example !== undefined && ("type" in schema || "anyOf" in schema)) {
        examples++;
        expect(client.parserOf(schema).safeParse(example).error, JSON.stringify(schema)).toBeUndefined();
      }
      for (const value of Object.values(schema)) visit(value);
    };
    visit(client.specification);
    expect(examples).toBeGreaterThan(5);
  });
});

describe("the routes of what there is", () => {
  it.each([
    ["/healthz", "/healthz"],
    ["/readyz", "/readyz"],
    ["/metrics", "/metrics"],
    ["/api/v1/meta", "/api/v1/meta"],
    ["/api/v1/models", "/api/v1/models"],
    ["/api/v1/doctor", "/api/v1/doctor"],
    ["/api/v1/proteins/examples", "/api/v1/proteins/examples"],
    ["/api/v1/proteins", "/api/v1/proteins?query=kno"],
    ["/api/v1/proteins/{name}", "/api/v1/proteins/known"],
    ["/api/v1/nuclei", "/api/v1/nuclei"],
    ["/api/v1/models/size", "/api/v1/models/size"],
    ["/api/v1/protein-map", "/api/v1/protein-map"],
    ["/api/v1/crops", "/api/v1/crops?compartment=nucleus"],
    ["/api/v1/jobs", "/api/v1/jobs"],
  ])("%s answers as it says", async (route, path) => {
    expect((await checked(route, path)).status).toBe(200);
  });

  it("finds proteins by the beginning of a name, and what is known of them", async () => {
    const { body } = await checked("/api/v1/proteins", "/api/v1/proteins?query=KN");
    expect(body.proteins).toEqual([
      expect.objectContaining({ symbol: "KNOWN", accession: "P00001", compartments: ["golgi_apparatus"] }),
    ]);
    const found = await checked("/api/v1/proteins/{name}", "/api/v1/proteins/p00001");
    expect(found.body).toMatchObject({ gene: "KNOWN", sequence: knownSequence });
    expect((await checked("/api/v1/proteins/{name}", "/api/v1/proteins/nobody")).status).toBe(404);
    expect((await checked("/api/v1/proteins", "/api/v1/proteins?limit=0")).body).toMatchObject({
      field: "limit",
    });
  });

  it("reads FASTA record by record, and says where a residue is wrong", async () => {
    const text = `>good one GN=ABC\nMKTAYIAK\n>bad\nMKTJ\n`;
    const { body } = await checked("/api/v1/proteins/parse", "/api/v1/proteins/parse", json({ text }));
    expect(body.proteins).toMatchObject([{ id: "good", title: "one GN=ABC", gene: "ABC", residues: 8 }]);
    expect(body.refused).toMatchObject([{ id: "bad", line: 4, column: 4 }]);
    const bare = await checked(
      "/api/v1/proteins/parse",
      "/api/v1/proteins/parse",
      json({ text: knownSequence }),
    );
    expect(bare.body.proteins[0]).toMatchObject({ known: { gene: "KNOWN" }, sentence: expect.any(String) });
  });

  it("predicts compartments from a sequence, with and without what is known", async () => {
    const localize = (body: object) =>
      checked("/api/v1/proteins/localize", "/api/v1/proteins/localize", json(body));
    const { body } = await localize({ sequence: knownSequence });
    expect(body).toMatchObject({ residues: 20, known: { gene: "KNOWN" } });
    expect((await localize({ sequence: knownSequence, homologs: false })).body.known).toBeNull();
    expect((await localize({ sequence: "MKJ" })).body).toMatchObject({ status: 422, field: "sequence" });
    expect((await localize({})).status).toBe(422);
    const broken = { method: "POST", body: "{", headers: { "content-type": "application/json" } };
    const path = "/api/v1/proteins/localize";
    expect((await checked(path, path, broken)).body).toMatchObject({ status: 400, kind: "usage" });
  });
});

describe("the routes of what is shown beside", () => {
  it("give recorded crops with source and licence, whose pixels are those of the data set", async () => {
    const route = "/api/v1/crops";
    const { body } = await checked(route, `${route}?compartment=nucleolus&count=1`);
    expect(body).toMatchObject({ dataSet: "own", compartment: "nucleolus", total: 9 });
    expect(body.crops).toMatchObject([{ gene: "FBL", source: "own images", licence: "CC0" }]);
    const picture = await server.ask(body.crops[0].protein);
    const { data, channels } = readPng(new Uint8Array(await picture.arrayBuffer()));
    expect([channels, ...data]).toEqual([1, 0, 255, 9, 9]);
    expect((await checked(route, `${route}?compartment=Golgi`)).body.crops).toEqual([]);
    expect((await checked(route, `${route}?compartment=Golgi&count=900`)).body).toMatchObject({
      field: "count",
    });
    expect((await checked("/api/v1/meta", "/api/v1/meta")).body.realCrops).toBe("own");
  });

  it("map the annotated proteins, and say how far that is", async () => {
    const ask = async () => (await checked("/api/v1/protein-map", "/api/v1/protein-map")).body;
    await expect.poll(async () => (await ask()).map, { timeout: 20_000 }).not.toBeNull();
    const { map, progress } = await ask();
    expect(progress).toBeNull();
    expect(map.proteins).toMatchObject([{ symbol: "KNOWN", annotated: ["golgi_apparatus"] }]);
    expect(map.proteins[0].shares).toHaveLength(map.compartments.length);
  });

  it("say what is missing where a server has none", async () => {
    const bare = createApp({ ...server.services, crops: undefined, modelSize: undefined });
    const ask = (path: string) => bare.request(`/api/v1${path}`, { headers: { host: "localhost" } });
    const crops = await ask("/crops?compartment=Golgi");
    expect([crops.status, (await crops.json()).detail]).toEqual([404, expect.stringContaining("--crops")]);
    expect((await ask("/models/size")).status).toBe(404);
    expect((await (await ask("/meta")).json()).realCrops).toBeNull();
  });
});

describe("the routes of nuclei", () => {
  const upload = (query: string, body: Uint8Array | string) =>
    checked("/api/v1/nuclei", `/api/v1/nuclei?${query}`, {
      ...{ method: "POST", body: body as BodyInit },
      headers: { "content-type": "application/octet-stream" },
    });

  it("shows what it found in an image before anything is generated", async () => {
    const { status, body } = await upload("name=../field.png&pixelSizeMicrons=1", fieldPng());
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: "field.png", width: 120, height: 100, sourcePixelSizeMicrons: 1 });
    expect(body.nuclei.map(({ x, y }: { x: number; y: number }) => [Math.round(x), Math.round(y)])).toEqual([
      [35, 40],
      [85, 60],
    ]);
    const outlines = await server.ask(body.outlines);
    const picture = readPng(new Uint8Array(await outlines.arrayBuffer()));
    const alpha = (x: number, y: number) => picture.data[4 * (y * 120 + x) + 3];
    expect([alpha(35, 40), alpha(5, 5)]).toEqual([0, 0]);
    expect(Array.from({ length: 30 }, (_, x) => alpha(35 + x, 40))).toContain(255);
    const again = await checked("/api/v1/nuclei/{id}", `/api/v1/nuclei/${body.id}`);
    expect(again.body).toEqual(body);
  });

  it("says which choice is missing, and what there is to choose from", async () => {
    const { status, body } = await upload("name=a.png", fieldPng());
    expect(status).toBe(422);
    expect(body).toMatchObject({ field: "pixelSizeMicrons", image: { width: 120, pixelSizeMicrons: null } });
  });

  it("refuses what is no image, and nothing at all", async () => {
    expect((await upload("name=a", "no image")).body).toMatchObject({ status: 422, kind: "data" });
    expect((await upload("name=a", "")).body).toMatchObject({ status: 422, field: "file" });
    const unknown = `upload:${"0".repeat(64)}`;
    expect((await checked("/api/v1/nuclei/{id}", `/api/v1/nuclei/${unknown}`)).status).toBe(404);
  });

  it("takes a painted mask for nuclei", async () => {
    const [width, height] = [60, 50];
    const mask = Buffer.from(
      Uint8Array.from({ length: width * height }, (_, i) =>
        Math.hypot((i % width) - 30, Math.floor(i / width) - 25) < 7 ? 1 : 0,
      ),
    ).toString("base64");
    const paint = (body: object) => checked("/api/v1/nuclei/painted", "/api/v1/nuclei/painted", json(body));
    const { body } = await paint({ width, height, mask });
    expect(body.nuclei).toHaveLength(1);
    expect(body.nuclei[0].areaSquareMicrons).toBeGreaterThan(100);
    expect((await paint({ width, height: 40, mask })).body).toMatchObject({ status: 422, field: "mask" });
    expect(
      (await paint({ width, height, mask: Buffer.alloc(width * height).toString("base64") })).status,
    ).toBe(422);
  });
});

describe("these tests", () => {
  it("ask every route but those of jobs", () => {
    expect(client.unasked(/^(?!.*\/(jobs|files|retrieve)\b)/)).toEqual([]);
  });
});
