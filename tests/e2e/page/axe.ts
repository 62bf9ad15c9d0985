// The rules of axe (https://github.com/dequelabs/axe-core) on what a page shows now,
// in both themes and at both widths.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeRule {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** The rules that the page breaks, with the elements that break them. */
export async function violationsOf(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeRule[] }> } };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
  });
}

/** The same dark and light, wide and on a phone, and what is wider than the window; the page is left as it was. */
export async function violationsEverywhere(page: Page): Promise<string[]> {
  const found: string[] = [];
  const size = page.viewportSize()!;
  const setTheme = (theme: string) =>
    page.evaluate((name) => {
      const { dataset } = document.documentElement;
      const before = dataset.theme!;
      dataset.theme = name;
      return before;
    }, theme);
  const before = await setTheme("dark");
  for (const theme of ["dark", "light"])
    for (const width of [size.width, 375]) {
      await setTheme(theme);
      await page.setViewportSize({ ...size, width });
      const isWider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      const broken = [...(await violationsOf(page)), ...(isWider ? ["it is wider than the window"] : [])];
      found.push(...broken.map((one) => `${theme}, ${width} pixels: ${one}`));
    }
  await setTheme(before);
  await page.setViewportSize(size);
  return found;
}
