// The cell of the cartoon: for each compartment the shapes that stand for it, in a box of 200 x 160. It is a drawing of our own
// for orientation and shows nothing of the generated image.

/** A shape: an SVG path, filled or as a line of a width. */
export interface CartoonShape {
  readonly path: string;
  /** Width of the line; undefined for a filled shape. */
  readonly line?: number;
}

const circle = (x: number, y: number, r: number): string =>
  `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;

const mitochondrion = (x: number, y: number, angle: number): string => {
  const [dx, dy] = [11 * Math.cos(angle), 11 * Math.sin(angle)];
  return `M${(x - dx).toFixed(1)} ${(y - dy).toFixed(1)}L${(x + dx).toFixed(1)} ${(y + dy).toFixed(1)}`;
};

/** The outline of the cell. */
export const cellOutline =
  "M22 82C18 44 52 14 98 12C146 10 184 36 184 78C185 122 148 150 100 149C54 148 26 122 22 82Z";
/** The outline of the nucleus. */
export const nucleusOutline =
  "M66 78C66 54 84 42 106 43C129 44 143 60 142 82C141 104 124 116 102 115C80 114 66 100 66 78Z";

/** The shapes of each compartment, from the back to the front. */
export const cartoonShapes: Readonly<Record<string, readonly CartoonShape[]>> = {
  cytoplasm: [{ path: `${cellOutline}${nucleusOutline}` }],
  plasma_membrane: [{ path: cellOutline, line: 4 }],
  cytoskeleton: [
    {
      path: "M34 62Q70 28 128 24M30 92Q40 130 92 142M60 132Q120 148 164 118M172 60Q150 28 112 20M176 96Q170 70 150 44",
      line: 2,
    },
  ],
  ER: [
    { path: "M58 60Q46 80 58 104M50 56Q36 82 50 112M150 60Q160 82 148 106M158 54Q172 84 156 114", line: 3 },
  ],
  mitochondria: [
    [40, 96, 0.9],
    [52, 40, -0.7],
    [160, 122, 0.5],
    [166, 48, 1.1],
    [84, 132, 0.2],
    [122, 28, 0.1],
  ].map(([x, y, angle]) => ({ path: mitochondrion(x!, y!, angle!), line: 8 })),
  Golgi: [{ path: "M120 122Q134 118 146 106M124 128Q140 124 152 111M129 134Q146 130 158 116", line: 3.5 }],
  vesicles: [
    [44, 70],
    [70, 30],
    [36, 112],
    [140, 138],
    [172, 76],
    [108, 134],
    [88, 22],
    [168, 100],
  ].map(([x, y]) => ({ path: circle(x!, y!, 3.6) })),
  centrosome: [{ path: "M148 66l8 -5M153 60l-1 9", line: 4 }],
  nucleoplasm: [{ path: nucleusOutline }],
  nuclear_membrane: [{ path: nucleusOutline, line: 4 }],
  nucleolus: [{ path: circle(92, 70, 9) }, { path: circle(118, 90, 7) }],
  nuclear_domains: [
    [84, 94],
    [104, 58],
    [124, 66],
    [104, 104],
    [132, 84],
    [76, 74],
  ].map(([x, y]) => ({ path: circle(x!, y!, 2.8) })),
  extracellular: [
    [10, 24],
    [16, 140],
    [190, 22],
    [192, 142],
    [10, 60],
    [193, 118],
  ].map(([x, y]) => ({ path: circle(x!, y!, 3) })),
};

/** How strongly a compartment is lit: nothing below 2 %, then by the square root, so that small shares are seen. */
export function lightOf(probability: number): number {
  return probability < 0.02 ? 0 : Math.min(1, Math.sqrt(probability));
}
