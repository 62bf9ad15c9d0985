// Cells of tables as values: what each column of an atlas or a data set may hold, with an error in words for what it may
// not. Used by zod schemas of whole rows.

import { z } from "zod";
import type { CompartmentLabel } from "./records.ts";

export const text = z.string();
export const filledText = text.min(1, "is empty");
export const optionalText = text.transform((cell) => (cell === "" ? undefined : cell));
export const number = text
  .refine((cell) => cell.trim() !== "" && Number.isFinite(Number(cell)), "is not a number")
  .transform(Number);
export const wholeNumber = number.refine(
  (value) => Number.isInteger(value) && value >= 0,
  "is not a whole number",
);
export const share = number.refine((value) => value >= 0 && value <= 1, "is not between 0 and 1");
export const flag = z.enum(["0", "1"], "is neither 0 nor 1").transform((cell) => cell === "1");
export const split = z.enum(["train", "val", "test"], "is none of train, val, test");
export const optionalSplit = z
  .enum(["", "train", "val", "test"], "is none of train, val, test")
  .transform((cell) => (cell === "" ? undefined : cell));
export const idList = text.transform((cell) => cell.split(";").filter((id) => id !== ""));
export const sequence = text.regex(/^[A-Z]+$/, "is not a sequence of residues");
// Written as floating point by pandas, where a column has empty cells.
export const partition = text
  .regex(/^([0-4](\.0)?)?$/, "is no partition 0 to 4")
  .transform((cell) => (cell === "" ? undefined : Number(cell)));
export const labels = text.transform((cell, context) => {
  const parts = cell.split(";").filter((part) => part !== "");
  return parts.map((part): CompartmentLabel => {
    const [name = "", weight = "1"] = part.split(":");
    if (name !== "" && Number(weight) > 0) return { name, weight: Number(weight) };
    context.addIssue(`has a part "${part}" that is not name or name:weight`);
    return z.NEVER;
  });
});
