// `tsx scripts/draw-curves.ts OUT.png RUN:SCORE...`: training curves for the model card, one panel a score.
// Reads the metrics.jsonl of run folders, such as runs/plm:tokens; a score that is logged often is plotted as it is, one
// of validations as dots on a line. The axes say their limits in figures; no smoothing.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writePng } from "@proteoscope/formats";
import { blankImage, drawText, type RgbColour, type RgbImage, tileImages } from "@proteoscope/imaging";

const [out, ...curves] = process.argv.slice(2);
if (out === undefined || curves.length === 0)
  throw new Error("usage: tsx scripts/draw-curves.ts OUT.png RUN:SCORE...");

const size = { width: 240, height: 130 };
const margin = { left: 6, right: 6, top: 4, bottom: 14 };
const ink: RgbColour = [255, 255, 255];
const line: RgbColour = [0, 220, 110];
const columns = 3;

const panels = await Promise.all(curves.map(drawPanel));
const rows = Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) =>
  panels.slice(row * columns, (row + 1) * columns),
);
const { width, height, data } = tileImages(rows);
await writeFile(out, writePng({ width, height, channels: 3, depth: 8, data }));

async function drawPanel(curve: string): Promise<{ image: RgbImage; label: string }> {
  const [run, score] = curve.split(":") as [string, string];
  const lines = (await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n");
  const points = lines.flatMap((text) => {
    const { step, [score]: value } = JSON.parse(text) as Record<string, number>;
    return value === undefined ? [] : [{ step: step!, value }];
  });
  if (points.length === 0) throw new Error(`${run}/metrics.jsonl has no score "${score}"`);
  const values = points.map(({ value }) => value);
  const [low, high, last] = [Math.min(...values), Math.max(...values), points.at(-1)!.step];
  const x = (step: number) => margin.left + (step / last) * (size.width - margin.left - margin.right);
  const y = (value: number) =>
    size.height -
    margin.bottom -
    ((value - low) / (high - low || 1)) * (size.height - margin.top - margin.bottom);
  const image = blankImage(size.width, size.height, [24, 24, 28]);
  points.forEach(({ step, value }, index) => {
    const from = points[Math.max(0, index - 1)]!;
    drawLine(image, [x(from.step), y(from.value)], [x(step), y(value)]);
  });
  const text = `${low.toPrecision(3)} to ${high.toPrecision(3)}, step 0 to ${last}`;
  drawText(image, text, { x: margin.left, y: size.height - 10, colour: ink });
  return { image, label: `${score}` };
}

function drawLine(image: RgbImage, [x0, y0]: [number, number], [x1, y1]: [number, number]): void {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
  for (let i = 0; i <= steps; i++) {
    const column = Math.round(x0 + ((x1 - x0) * i) / steps);
    const row = Math.round(y0 + ((y1 - y0) * i) / steps);
    for (const below of [0, 1]) image.data.set(line, ((row + below) * image.width + column) * 3);
  }
}
