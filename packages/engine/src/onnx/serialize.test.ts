import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { serializeModel } from "./serialize.ts";

const initializer = (name: string, byteLength: number) => ({
  ...{ name, dataType: 2, dims: [BigInt(byteLength)] },
  rawData: Uint8Array.from({ length: byteLength }, (_, i) => i % 251),
});

describe("serializeModel", () => {
  test("is read as what protobuf's own writer makes of the model, for values of all lengths", () => {
    const model = create(ModelProtoSchema, {
      irVersion: 10n,
      graph: {
        name: "graph",
        node: [{ opType: "Add", input: ["a", "b"], output: ["c"] }],
        initializer: [0, 1, 127, 128, 129, 16_383].map((n) => initializer(`w${n}`, n)),
        output: [{ name: "c" }],
      },
    });
    const written = fromBinary(ModelProtoSchema, serializeModel(model));
    expect(written).toEqual(fromBinary(ModelProtoSchema, toBinary(ModelProtoSchema, model)));
  });

  test("announces values of several million bytes", () => {
    const value = initializer("w", 2_100_000);
    const model = create(ModelProtoSchema, { graph: { initializer: [value] } });
    const [read] = fromBinary(ModelProtoSchema, serializeModel(model)).graph!.initializer;
    expect(Buffer.from(value.rawData).equals(read!.rawData)).toBe(true);
  });

  test("leaves the model as it is, and writes one without a graph", () => {
    const model = create(ModelProtoSchema, { graph: { initializer: [initializer("w", 9)] } });
    serializeModel(model);
    expect(model.graph!.initializer[0]!.rawData.byteLength).toBe(9);
    const empty = create(ModelProtoSchema, { irVersion: 10n });
    expect(serializeModel(empty)).toEqual(toBinary(ModelProtoSchema, empty));
  });
});
