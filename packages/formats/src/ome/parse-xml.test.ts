import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readMutated } from "../testing/mutate.ts";
import { decodeEntities, parseXml, readAttributes, type XmlElement } from "./parse-xml.ts";

const parse = (xml: string) => parseXml(xml, "test");
const attributesOf = (element: XmlElement) => Object.fromEntries(readAttributes(element, "test"));

describe("parseXml", () => {
  it("reads elements, attributes and text, and passes over the rest", () => {
    const root = parse(
      `\ufeff<?xml version="1.0"?><!-- a > b, <c> --><o:OME xmlns:o="x" UUID = 'u"1'>
        <Image/><Image Name="a &gt; &#956; &quot;b&quot;">one &amp; <b>two</b> three<![CDATA[ <four> ]]></Image >
      </o:OME>\n`,
    );
    expect([root.name, attributesOf(root)]).toEqual(["OME", { "xmlns:o": "x", UUID: 'u"1' }]);
    expect(root.children.map(({ name }) => name)).toEqual(["Image", "Image"]);
    const [empty, full] = root.children as [XmlElement, XmlElement];
    expect([empty.text, attributesOf(empty), empty.children]).toEqual(["", {}, []]);
    expect(attributesOf(full)).toEqual({ Name: 'a > \u03bc "b"' });
    expect([full.text, full.children[0]!.text]).toEqual(["one &  three <four> ", "two"]);
  });

  it("reads a value that holds what ends a tag", () => {
    const [child] = parse(`<a><b note="x > y /> z" also='"/>'/></a>`).children as [XmlElement];
    expect(attributesOf(child)).toEqual({ note: "x > y /> z", also: '"/>' });
  });

  it("leaves entities that XML does not have", () => {
    expect(decodeEntities("&lt;&nbsp;&#x110000;&#0;&amp;amp;")).toBe("<&nbsp;&#x110000;\0&amp;");
  });

  it.each<[string, string, RegExp]>([
    ["nothing", "", /has no element/],
    ["no tag", "words", /has no element/],
    ["an open element", "<a><b></b>", /ends inside "a"/],
    ["an open tag", '<a b="', /has no """ after/],
    ["a tag without end", "<a b", /has no ">"/],
    ["another's end", "<a></b>", /closes "b" that is not open/],
    ["an end alone", "</a>", /closes "a" that is not open/],
    ["a tag without a name", "<a>< b></a>", /a tag without a name/],
    ["an open comment", "<a/><!-- x", /has no "-->"/],
    ["a document type", '<!DOCTYPE a [<!ENTITY b "c">]><a/>', /defines a document type/],
  ])("refuses %s", (_, xml, message) => {
    expect(() => parse(xml)).toThrow(FormatError);
    expect(() => parse(xml)).toThrow(message);
  });

  it.each(["a b='1' c", "a b", "a b=c", 'a b="1"c="2"'])("refuses the attributes of <%s>", (tag) => {
    expect(() => attributesOf(parse(`<${tag}/>`))).toThrow(/damaged attributes in "a"/);
  });

  it.each([
    `<a>${"<a ".repeat(200_000)}`,
    `<a ${" b = ' ".repeat(100_000)}`,
    "<".repeat(300_000),
    `${"<a>".repeat(100_000)}${"</a>".repeat(100_000)}`,
    `<a>${"&#".repeat(200_000)}</a>`,
    `<a ${"x".repeat(300_000)}/>`,
    `<a ${"x ".repeat(150_000)}/>`,
  ])("reads or refuses a long hostile text at once", (xml) => {
    const start = cpuTimeMs();
    try {
      attributesOf(parse(xml));
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
    }
    expect(cpuTimeMs() - start).toBeLessThan(1000);
  });

  it("reads back any attributes and text that are written escaped", () => {
    const encode = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
    const texts = fc.string({ unit: fc.constantFrom(..."ab<>&\"'/=\u00b5 -]") });
    fc.assert(
      fc.property(texts, texts, texts, (one, two, inside) => {
        const root = parse(`<a one="${encode(one)}" two='${encode(two)}'>${encode(inside)}</a>`);
        expect([attributesOf(root), root.text]).toEqual([{ one, two }, inside]);
      }),
    );
  });

  it("reads or refuses each of 1000 damaged texts", async () => {
    const xml =
      '<?xml version="1.0"?><OME><Image Name="a"><Pixels SizeC="2"><TiffData IFD="1"/></Pixels></Image></OME>';
    const outcome = await readMutated(new TextEncoder().encode(xml), 1000, (bytes) => {
      const visit = (element: XmlElement): void => {
        readAttributes(element, "test");
        for (const child of element.children) visit(child);
      };
      visit(parse(new TextDecoder().decode(bytes)));
    });
    expect(Math.min(outcome.read, outcome.refused)).toBeGreaterThan(100);
  });
});
