// Proteins: examples, names, FASTA text,
// predicted compartments.

import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { FormatError, parseSequence, readFastaRecords } from "@proteoscope/formats";
import { describeKnown, omittedResidues } from "@proteoscope/microscope";
import { windowSequence } from "@proteoscope/models";
import type { ParsedProteins } from "../../api.ts";
import { RefusedError } from "../../problem.ts";
import { json, problems } from "../respond.ts";
import {
  examplesSchema,
  foundProteinSchema,
  localizedSchema,
  localizeRequest,
  parsedSchema,
  parseRequest,
  suggestionQuery,
  suggestionsSchema,
} from "../schemas/proteins.ts";
import type { Services } from "../services.ts";

const examplesRoute = createRoute({
  method: "get",
  path: "/api/v1/proteins/examples",
  tags: ["proteins"],
  summary: "Example proteins",
  responses: { 200: json(examplesSchema, "The shipped examples"), ...problems() },
});

const suggestionsRoute = createRoute({
  method: "get",
  path: "/api/v1/proteins",
  tags: ["proteins"],
  summary: "Annotated proteins whose symbol or accession begins so",
  request: { query: suggestionQuery },
  responses: { 200: json(suggestionsSchema, "By symbol"), ...problems(422) },
});

const findRoute = createRoute({
  method: "get",
  path: "/api/v1/proteins/{name}",
  tags: ["proteins"],
  summary: "An annotated protein by symbol or accession, with its sequence",
  request: {
    params: z.object({ name: z.string().max(50).openapi({ example: "FBL" }) }),
    query: z.object({ organism: z.string().max(50).optional() }),
  },
  responses: { 200: json(foundProteinSchema, "The protein"), ...problems(404, 422) },
});

const parseRoute = createRoute({
  method: "post",
  path: "/api/v1/proteins/parse",
  tags: ["proteins"],
  summary: "Proteins of FASTA text or bare residues; a record that is refused does not end the others",
  request: { body: { required: true, content: { "application/json": { schema: parseRequest } } } },
  responses: { 200: json(parsedSchema, "Proteins, and what was refused"), ...problems(400, 413, 422) },
});

const localizeRoute = createRoute({
  method: "post",
  path: "/api/v1/proteins/localize",
  tags: ["proteins"],
  summary: "Compartments predicted from a sequence",
  request: { body: { required: true, content: { "application/json": { schema: localizeRequest } } } },
  responses: { 200: json(localizedSchema, "Probabilities, and what is known"), ...problems(400, 413, 422) },
});

/** Adds the routes. */
export function addProteinRoutes(app: OpenAPIHono, services: Services): void {
  const { proteins, worker, limits } = services;
  app.openapi(examplesRoute, (c) => {
    const listed = proteins.examples.map((example) => {
      const known = proteins.known(example.sequence);
      const compartments = known?.annotations[0]?.compartments.map(({ name }) => name) ?? [];
      return { ...example, residues: example.sequence.length, compartments };
    });
    return c.json({ proteins: listed }, 200);
  });
  app.openapi(suggestionsRoute, (c) => {
    const { query, organism, limit } = c.req.valid("query");
    return c.json({ proteins: proteins.suggest(query, organism, limit) }, 200);
  });
  app.openapi(findRoute, (c) =>
    c.json(proteins.find(c.req.valid("param").name, c.req.valid("query").organism), 200),
  );
  app.openapi(parseRoute, async (c) => {
    const { text, allowNucleotides } = c.req.valid("json");
    const { windowResidues } = (await worker.ready()).model;
    return c.json(parse(text, { allowNucleotides, windowResidues, proteins }), 200);
  });
  app.openapi(localizeRoute, async (c) => {
    const { sequence: letters, homologs } = c.req.valid("json");
    const { sequence } = proteins.resolve({ id: "the sequence", sequence: letters }, "sequence");
    if (sequence.length > limits.residues)
      throw new RefusedError(`${sequence.length} residues, and ${limits.residues} are read at most`, {
        ...{ status: 413, kind: "limit", field: "sequence" },
      });
    return c.json(await worker.calls.localize({ sequence, homologs }), 200);
  });
}

interface Parsing extends Pick<Services, "proteins"> {
  readonly allowNucleotides: boolean;
  readonly windowResidues: number;
}

function parse(text: string, { allowNucleotides, windowResidues, proteins }: Parsing): ParsedProteins {
  const parsed: ParsedProteins = { proteins: [], refused: [] };
  const add = (id: string, title: string, sequence: string): void => {
    const known = proteins.known(sequence);
    parsed.proteins.push({
      ...{ id, title, sequence, residues: sequence.length, known },
      gene: /(?:^|\s)GN=(\S+)/.exec(title)?.[1] ?? known?.gene ?? null,
      omitted: omittedResidues(windowSequence(sequence, windowResidues)),
      sentence: known === null ? null : describeKnown(known),
    });
  };
  const refuse = (id: string, error: FormatError): void => {
    const { line, column, what, hint } = error;
    const reason = hint === undefined ? what : `${what}: ${hint}`;
    parsed.refused.push({ id, line: line ?? null, column: column ?? null, reason });
  };
  if (/^\s*[>;]/.test(text)) {
    const records = readFastaRecords(new TextEncoder().encode(text), { allowNucleotides, name: "the text" });
    for (const { record, refused } of records)
      if (record !== undefined) add(record.id, record.description, record.sequence);
      else refuse(refused.id, refused.error);
    return parsed;
  }
  try {
    add("sequence", "", parseSequence(text, { allowNucleotides, name: "the text" }));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    refuse("sequence", error);
  }
  return parsed;
}
