// XML as metadata of images has it (https://www.w3.org/TR/xml/): elements, attributes, text. Linear in the length of
// the text whatever it holds; entities other than the five of XML are left as they stand, and a document type, which
// could define more, is refused. Namespaces' prefixes are dropped.

import { FormatError } from "../errors.ts";

export interface XmlElement {
  /** Without prefix. */
  readonly name: string;
  /** Text directly inside, decoded. */
  readonly text: string;
  readonly children: readonly XmlElement[];
  /** The opening tag's attributes, unparsed. */
  readonly attributeText: string;
}

interface OpenElement extends XmlElement {
  text: string;
  readonly children: XmlElement[];
  readonly fullName: string;
}

const skipped: readonly [open: string, close: string][] = [
  ["<!--", "-->"],
  ["<?", "?>"],
];

/** The root element. Throws FormatError for text that is not well-formed. */
export function parseXml(xml: string, format: string): XmlElement {
  const refuse = (fault: string) => new FormatError(format, `its XML ${fault}`);
  const top: OpenElement = { name: "", fullName: "", text: "", children: [], attributeText: "" };
  const open: OpenElement[] = [top];
  const endOf = (mark: string, from: number): number => {
    const end = xml.indexOf(mark, from);
    if (end < 0) throw refuse(`has no "${mark}" after character ${from}`);
    return end;
  };
  for (let at = 0; at < xml.length; ) {
    const inside = open.at(-1)!;
    if (xml[at] !== "<") {
      const end = xml.indexOf("<", at);
      const text = xml.slice(at, end < 0 ? xml.length : end);
      inside.text += decodeEntities(text);
      at += text.length;
      continue;
    }
    const [from, to] = skipped.find(([mark]) => xml.startsWith(mark, at)) ?? [];
    if (from !== undefined) {
      at = endOf(to!, at + from.length) + to!.length;
    } else if (xml.startsWith("<![CDATA[", at)) {
      const end = endOf("]]>", at);
      inside.text += xml.slice(at + 9, end);
      at = end + 3;
    } else if (xml.startsWith("<!", at)) {
      throw refuse("defines a document type");
    } else if (xml.startsWith("</", at)) {
      const end = endOf(">", at);
      const name = xml.slice(at + 2, end).trim();
      if (open.length === 1 || inside.fullName !== name)
        throw refuse(`closes ${JSON.stringify(name.slice(0, 40))} that is not open`);
      open.pop();
      at = end + 1;
    } else {
      const end = endOfTag(xml, at + 1, endOf);
      const closed = xml[end - 1] === "/";
      const tag = xml.slice(at + 1, closed ? end - 1 : end);
      const fullName = /^[^\s/]+/.exec(tag)?.[0];
      if (fullName === undefined) throw refuse(`has a tag without a name at character ${at}`);
      const element: OpenElement = {
        ...{ name: fullName.slice(fullName.indexOf(":") + 1), fullName, text: "", children: [] },
        attributeText: tag.slice(fullName.length),
      };
      inside.children.push(element);
      if (!closed) open.push(element);
      at = end + 1;
    }
  }
  const root = top.children[0];
  if (open.length > 1) throw refuse(`ends inside ${JSON.stringify(open.at(-1)!.name.slice(0, 40))}`);
  if (root === undefined) throw refuse("has no element");
  return root;
}

/** Attributes of an element by name, prefixes kept. Throws FormatError. */
export function readAttributes(
  { name, attributeText }: XmlElement,
  format: string,
): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  const pair = /\s+([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y;
  let end = 0;
  for (let match = pair.exec(attributeText); match !== null; match = pair.exec(attributeText)) {
    attributes.set(match[1]!, decodeEntities(match[2] ?? match[3]!));
    end = pair.lastIndex;
  }
  if (attributeText.slice(end).trim() !== "")
    throw new FormatError(format, `its XML has damaged attributes in ${JSON.stringify(name.slice(0, 40))}`);
  return attributes;
}

/** Position of the ">" that ends the tag: one inside a quoted value does not. */
function endOfTag(xml: string, start: number, endOf: (mark: string, from: number) => number): number {
  const stop = /["'>]/g;
  for (stop.lastIndex = start; ; ) {
    const match = stop.exec(xml);
    if (match === null) return endOf(">", xml.length);
    if (match[0] === ">") return match.index;
    stop.lastIndex = endOf(match[0], match.index + 1) + 1;
  }
}

const namedEntities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Text with character references in place of characters, decoded; what stands for no character is left. */
export function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));/gi,
    (all, hex, decimal, name) => {
      if (name !== undefined) return namedEntities[name] ?? all;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    },
  );
}
