import { describe, expect, it } from "vitest";
import {
  barChart,
  confusionPicture,
  confusionTable,
  escapeHtml,
  figure,
  number,
  share,
  table,
} from "./html.ts";

const estimate = { value: 0.25, interval95: [0.18, 0.31], n: 150 } as const;

describe("words and numbers", () => {
  it("cannot break out of their element", () => {
    expect(escapeHtml('<b a="1">&</b>')).toBe("&lt;b a=&quot;1&quot;&gt;&amp;&lt;/b&gt;");
  });

  it("have their interval and n, or are a dash", () => {
    expect(share(estimate)).toBe("25 % (18 to 31), n 150");
    expect(number(estimate)).toBe("0.250 (0.180 to 0.310), n 150");
    expect(share(estimate, "fields")).toBe("25 % (18 to 31), n 150 fields");
    expect([share(null), number(null)]).toEqual(["–", "–"]);
  });
});

describe("tables", () => {
  it("have heads of columns and rows", () => {
    expect(table(["a", "b"], [["x", "1"]])).toBe(
      '<table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody>\n' +
        '<tr><th scope="row">x</th><td>1</td></tr>\n</tbody></table>',
    );
  });

  it("of confusion leave out what was never predicted, and shade by the fraction of the row", () => {
    const html = confusionTable({
      ...{ classes: ["ER", "<Golgi>"], answers: ["ER", "vesicles", "Golgi"] },
      counts: [
        [3, 0, 1],
        [0, 0, 0],
      ],
    });
    expect(html).not.toContain("vesicles");
    expect(html).toContain('<span style="--share:0.75">3</span>');
    expect(html).toContain('<th scope="row">&lt;Golgi&gt;</th><td>0</td><td></td><td></td>');
  });
});

describe("the bar chart", () => {
  const svg = barChart("Accuracy & more", [
    { name: "drawn", estimate },
    { name: "none", estimate: null },
  ]);

  it("draws bars and whiskers to scale: 360 wide, from where the longest label ends", () => {
    expect(svg).toContain('<rect x="56" y="4" width="90.0" height="16">');
    expect(svg).toMatch(/class="whisker" x1="120\.8" y1="12" x2="167\.6" y2="12"/);
  });

  it("has a name, says its values, and no bar for what was not measured", () => {
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-label="Accuracy &amp; more">/);
    expect(svg).toContain("<title>drawn: 25 % (18 to 31), n 150</title>");
    expect(svg.match(/<rect/g)).toHaveLength(1);
    expect(svg.match(/>none</g)).toHaveLength(1);
  });
});

describe("the picture of a confusion", () => {
  const svg = confusionPicture("Drawn & more", {
    ...{ classes: ["ER", "Golgi"], answers: ["ER", "vesicles", "Golgi"] },
    counts: [
      [3, 0, 1],
      [0, 0, 0],
    ],
  });

  it("has a square for each class and each prediction that occurs, dark for all of a row", () => {
    expect(svg.match(/<rect /g)).toHaveLength(4);
    expect(svg).toContain('fill-opacity="0.76"'); // 0.06 + 0.94 * 3 / 4, cut
    expect(svg).toContain("<title>ER as ER: 75 %</title>");
    expect(svg).not.toContain("vesicles");
    expect(svg).not.toContain("NaN");
  });

  it("has a name for those who do not see it", () => {
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-label="Drawn &amp; more: predictions/);
  });
});

it("a picture is inline and has its caption as text", () => {
  expect(figure({ caption: "a < b", png: Uint8Array.of(1, 2, 3) })).toBe(
    '<figure><img src="data:image/png;base64,AQID" alt="a &lt; b"><figcaption>a &lt; b</figcaption></figure>',
  );
});
