// Nuclei: the library that ships with the model, and images that are uploaded or painted. An id names where a protein is
// generated: `library:7`, `upload:<sha256>` (every whole nucleus of an image) or `upload:<sha256>:3` (its nucleus 3).

import { z } from "@hono/zod-openapi";
import { fileAddress, problemSchema } from "./common.ts";

/** Id of a nucleus or of an image of nuclei. */
export const nucleusId = z
  .string()
  .regex(/^(library:\d{1,6}|upload:[0-9a-f]{64}(:\d{1,6})?)$/)
  .openapi({ example: "library:0" });

export const libraryNucleus = z.object({
  id: nucleusId,
  title: z.string().openapi({ description: "The field that it was cut from" }),
  image: fileAddress,
});

export const librarySchema = z
  .object({
    source: z.string(),
    licence: z.string(),
    width: z.int(),
    height: z.int(),
    pixelSizeMicrons: z.number(),
    nuclei: z.array(libraryNucleus),
  })
  .openapi("NucleusLibrary");

/** How an image of nuclei is read; what is absent is what the file says. */
export const uploadQuery = z.object({
  name: z.string().min(1).max(200).default("upload"),
  nucleusChannel: z.string().max(100).optional().openapi({ description: "Number from 0, or name" }),
  nucleusZ: z
    .union([z.enum(["sharpest", "maximum"]), z.coerce.number().int().min(0)])
    .optional()
    .openapi({ description: "sharpest (default), maximum, or the number of a plane" }),
  nucleusTime: z.coerce.number().int().min(0).optional(),
  nucleusSeries: z.coerce.number().int().min(0).optional(),
  pixelSizeMicrons: z.coerce.number().positive().optional(),
});

/** What a file holds, before a plane of it is chosen. */
export const imageAxes = z
  .object({
    width: z.int(),
    height: z.int(),
    channels: z.array(z.object({ index: z.int(), name: z.string().nullable() })),
    planesOfZ: z.int(),
    times: z.int(),
    images: z.int(),
    bitDepth: z.int(),
    pixelSizeMicrons: z
      .number()
      .nullable()
      .openapi({ description: "As the file says; null where it does not" }),
  })
  .openapi("ImageAxes");

export const uploadedSchema = z
  .object({
    id: nucleusId,
    name: z.string(),
    axes: imageAxes,
    choice: z.string().nullable().openapi({ description: "Which plane was taken, in words" }),
    width: z.int().openapi({
      description: "Width of the field at the model's pixel size, as preview and outlines have it",
    }),
    height: z.int(),
    pixelSizeMicrons: z.number().openapi({ description: "Pixel size of the field: the model's" }),
    sourcePixelSizeMicrons: z.number().openapi({ description: "Pixel size of the file, as it was taken" }),
    preview: fileAddress,
    outlines: fileAddress.openapi({ description: "Borders of the nuclei on transparency" }),
    nuclei: z.array(
      z.object({
        id: nucleusId,
        index: z.int(),
        x: z.number(),
        y: z.number(),
        areaSquareMicrons: z.number(),
        whole: z.boolean().openapi({ description: "false: cut by the frame" }),
      }),
    ),
  })
  .openapi("UploadedNuclei");

/** An image that cannot be read as it was asked: `field` says what to choose, `image` what there is. */
export const imageProblemSchema = problemSchema
  .extend({ image: imageAxes.optional() })
  .openapi("ImageProblem");

export const paintedRequest = z
  .object({
    width: z.int().min(8).max(2048),
    height: z.int().min(8).max(2048),
    mask: z.base64().openapi({ description: "A byte per pixel, row by row; 0 is outside" }),
    pixelSizeMicrons: z
      .number()
      .positive()
      .optional()
      .openapi({ description: "The model's where it is absent" }),
  })
  .openapi("PaintedNuclei");
