// Whether rows that an earlier run wrote belong to the input of this one: the same ids from the same
// lines in the same order. A screen that goes on must not mix the rows of two inputs.

import { ProteoscopeError } from "@proteoscope/formats";
import { sha256Hex } from "../../sha256.ts";
import type { ScreenInput } from "../records.ts";
import type { ResultRow } from "../result-table.ts";

/**
 * The inputs behind those that have rows, after comparing each with its row.
 * @throws ProteoscopeError (usage) that names the first record that is another, or that is not there.
 */
export async function* inputsWithoutRows(
  inputs: AsyncIterable<ScreenInput>,
  rows: AsyncGenerator<ResultRow, void, undefined>,
  path: string,
): AsyncGenerator<ScreenInput, void, undefined> {
  let row = await rows.next();
  let place = 0;
  for await (const input of inputs) {
    if (row.done === true) yield input;
    else {
      place++;
      if (!(await isSame(input, row.value))) {
        const id = input.record?.id ?? input.refused!.id;
        throw otherInput(
          path,
          place,
          `"${row.value.id}", in the input "${id}" or another sequence of that name`,
        );
      }
      row = await rows.next();
    }
  }
  if (row.done !== true) throw otherInput(path, place + 1, `"${row.value.id}", where the input ends`);
}

async function isSame({ record, refused }: ScreenInput, row: ResultRow): Promise<boolean> {
  const id = record?.id ?? refused!.id;
  const sha256 = record === undefined ? "" : await sha256Hex(record.sequence);
  // A record that the model refused has no digest.
  return row.id === id && (row.sequence_sha256 === sha256 || row.sequence_sha256 === "");
}

function otherInput(path: string, place: number, what: string): ProteoscopeError {
  return new ProteoscopeError(
    `${path} holds results of another input: record ${place} is ${what}; name another output`,
    { kind: "usage", field: "output" },
  );
}
