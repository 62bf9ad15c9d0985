import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OmeTiffImage } from "./ome-tiff-image.ts";
import { describeOme } from "./write-ome-xml.ts";

const sizes = { images: 1, channels: 1, height: 4, width: 5 };
const image: OmeTiffImage = {
  data: { dtype: "float32", shape: [1, 4, 5], data: new Float32Array(20) },
  channelNames: ["nucleus"],
};

/** Reads tags and text by the rules of XML, and refuses what is not well-formed. */
function parseXml(xml: string): { names: string[]; attributes: Map<string, string>[]; texts: string[] } {
  const names: string[] = [];
  const attributes: Map<string, string>[] = [];
  const texts: string[] = [];
  const open: string[] = [];
  const decode = (value: string) => {
    if (/&(?!#\d+;)/.test(value)) throw new Error(`bare ampersand in ${value}`);
    return value.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  };
  const body = xml.replace('<?xml version="1.0" encoding="UTF-8"?>', "");
  for (const [token] of body.matchAll(/<[^>]*>|[^<]+/g)) {
    if (!token.startsWith("<")) texts.push(decode(token));
    else if (token.startsWith("</")) {
      if (open.pop() !== token.slice(2, -1)) throw new Error(`${token} closes another element`);
    } else {
      const [, name = "", list = "", end] =
        /^<([A-Za-z]+)((?: [A-Za-z:]+="[^"<]*")*)(\/?)>$/.exec(token) ?? [];
      if (name === "") throw new Error(`${token} is no tag`);
      names.push(name);
      const pairs = [...list.matchAll(/ ([A-Za-z:]+)="([^"]*)"/g)];
      attributes.push(new Map(pairs.map(([, key, value]) => [key!, decode(value!)])));
      if (end === "") open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`${open.join(", ")} not closed`);
  return { names, attributes, texts };
}

describe("describeOme", () => {
  it("writes the elements in the order of the schema", () => {
    const full = { ...image, description: "d", pixelSizeMicrons: 0.5, annotations: { a: "1" } };
    const elements = ["OME", "Image", "Description", "Pixels", "Channel", "TiffData", "AnnotationRef"];
    expect(parseXml(describeOme(full, sizes)).names).toEqual([
      ...elements,
      "StructuredAnnotations",
      "MapAnnotation",
      "Value",
      "M",
    ]);
  });

  it("calls 32-bit floating point by OME's name", () => {
    const { names, attributes } = parseXml(describeOme(image, sizes));
    expect(attributes[names.indexOf("Pixels")]!.get("Type")).toBe("float");
  });

  it("stays well-formed and keeps every text, whatever the texts are", () => {
    const unit = fc.constantFrom(..."ab <>&\"'=/;#]\t\n\r\u00b5\u03bb\u{1f9ec}\ufffd");
    const texts = fc.string({ unit, minLength: 1 });
    fc.assert(
      fc.property(texts, texts, texts, texts, (name, description, key, value) => {
        const described = {
          ...image,
          name,
          description,
          channelNames: [value],
          annotations: { [key]: value },
        };
        const { names, attributes, texts: found } = parseXml(describeOme(described, sizes));
        const attribute = (element: string, which: string) => attributes[names.indexOf(element)]!.get(which);
        expect(attribute("Image", "Name")).toBe(name);
        expect(attribute("Channel", "Name")).toBe(value);
        expect(attribute("M", "K")).toBe(key);
        expect(found).toEqual([description, value]);
      }),
    );
  });

  it("gives every image, channel and page an identity of its own", () => {
    const several = { images: 3, channels: 2, height: 4, width: 5 };
    const { names, attributes } = parseXml(describeOme({ ...image, channelNames: ["a", "b"] }, several));
    const identities = attributes.flatMap((list) => list.get("ID") ?? []);
    expect(new Set(identities).size).toBe(identities.length);
    const pages = attributes.filter((_, index) => names[index] === "TiffData").map((list) => list.get("IFD"));
    expect(pages).toEqual(["0", "1", "2", "3", "4", "5"]);
  });
});
