// Sequence features: numbers from which biochemists predicted localization long before language models (PSORT, Nakai &
// Kanehisa 1992, doi:10.1016/S0888-7543(05)80111-9). They are the composition of the whole sequence and of either end,
// pairs of residue classes, hydropathy in windows, membrane spans, charge, sorting motifs, local extremes, and periods of
// hydrophobic residues. Small language models do not learn these by themselves.

const residues = "ACDEFGHIKLMNPQRSTVWY";
const residueCodes = Int8Array.from({ length: 128 }, (_, code) =>
  residues.indexOf(String.fromCharCode(code)),
);

/** Kyte & Doolittle 1982 (doi:10.1016/0022-2836(82)90515-0), in the order of `residues`. */
const hydropathyScale = [
  1.8, 2.5, -3.5, -3.5, 2.8, -0.4, -3.2, 4.5, -3.9, 3.8, 1.9, -3.5, -1.6, -3.5, -4.5, -0.8, -0.7, 4.2, -0.9,
  -1.3,
];

/** Classes of similar residues. */
const kinds = ["LVIMC", "AG", "ST", "P", "FYW", "EDNQ", "KR", "H"];
const kindOfCode = codesOf(kinds);

const startLengths = [12, 25, 45, 80];
const endLengths = [5, 15, 40];
const pairDistances = [1, 3];
const hydropathyWindows = [7, 15, 19, 25];
const spanLength = 19;
/** Mean hydropathy from which 19 residues count as a membrane span. */
const spanHydropathy = 1.5;
const mostSpans = 14;

/** Sorting and functional motifs, counted at any position. */
const motifs: readonly RegExp[] = [
  /N[^P][ST][^P]/g, // N-glycosylation
  /C..C/g,
  /C..C.{10,16}C..C/g, // zinc fingers
  /H...HTGEKP/g,
  /[KR]{4}/g, // nuclear localization, in one part and in two
  /[KR][KR].{10,12}[KR]{3}/g,
  /[DE]...L[LI]/g, // sorting to lysosomes: dileucine, tyrosine
  /[DE]..L[LIVM]/g,
  /Y..[LIVMF]/g,
  /NP..Y/g,
  /RGG/g,
  /S[RK]S[RK]/g, // splicing factors
  /R[SR]R[SR]/g,
  /C[AVLI][AVLI].$/g, // prenylation, of Rab proteins by two cysteines
  /C.?C.{0,3}$/g,
  /[KHR]DEL$/g, // retrieval to the ER
  /KK..$/g,
  /[SAC][KRH][LM]$/g, // peroxisomes, by either end
  /R[LIVQ]..[LIVQH][LSGA].[HQ][LA]/g,
  /^M[^DE]{0,25}R/g, // mitochondrial presequence
  /DRY/g,
  /DEAD/g,
  /GTGK[ST]/g, // nucleotides
  /[LIVM]..L.L..N.L..[LIVM]/g, // leucine-rich repeats
];

/** Groups of residues whose densest windows are features. */
const gathered = ["KR", "DE", "P", "S", "Q", "G", "LIVM", "RS", "C", "H", "N"];
const gatheringWindows = [10, 30];

/** Degrees between neighbouring residues of a helix and of a strand. */
const turns = [100, 170];
const momentWindow = 18;
const heptadResidues = 3.5;
const heptadWindow = 28;
const lastResidues = 3;

/** The groups of features; letters other than the twenty residues are skipped. */
const parts: readonly ((protein: Described) => number[])[] = [
  ({ codes }) => [Math.log(Math.max(1, codes.length))],
  ({ codes }) => shares(codes),
  ({ codes }) => startLengths.flatMap((length) => shares(codes.subarray(0, length))),
  ({ codes }) => endLengths.flatMap((length) => shares(codes.subarray(-length))),
  ({ codes }) => pairDistances.flatMap((distance) => pairShares(codes, distance)),
  ({ hydropathy }) => hydropathyWindows.flatMap((window) => profile(hydropathy, window)),
  spans,
  ({ charge }) => [
    meanOf(charge),
    meanOf(charge.map(Math.abs)),
    ...[charge.subarray(0, 20), charge.subarray(0, 40), charge.subarray(-20)].map(sumOf),
  ],
  ({ letters }) => motifs.map((motif) => letters.match(motif)?.length ?? 0),
  ({ codes }) =>
    gatheredMembers.flatMap((isMember) => {
      const marks = Float64Array.from(codes, (code) => isMember[code]!);
      return gatheringWindows.map((window) => largest(windowMeans(marks, window)));
    }),
  ({ hydropathy }) => turns.flatMap((degrees) => moments(hydropathy, degrees)),
  ({ codes }) => {
    const marks = Float64Array.from(codes, (code) => coilMembers[code]! - 0.3);
    const coil = resonance(marks, 360 / heptadResidues, heptadWindow);
    return [largest(coil), meanOf(coil), shareAbove(coil, 0.2)];
  },
  ({ codes }) =>
    Array.from({ length: lastResidues }, (_, back) =>
      oneHot(codes[codes.length - 1 - back], residues.length),
    ).flat(),
  ({ codes }) => oneHot(codes[1], residues.length), // determines whether the first methionine is removed
];

interface Described {
  /** The residues as letters. */
  readonly letters: string;
  /** The residues as indices in `residues`. */
  readonly codes: Uint8Array;
  readonly hydropathy: Float64Array;
  /** Charge of each residue: 1, 0 or -1. */
  readonly charge: Float64Array;
}

/** The features of a whole sequence of any length, [sequenceFeatureCount]. */
export function computeSequenceFeatures(sequence: string): Float32Array {
  const letters = Array.from(sequence, (letter) =>
    (residueCodes[letter.charCodeAt(0)] ?? -1) < 0 ? "" : letter,
  ).join("");
  const codes = Uint8Array.from(letters, (letter) => residueCodes[letter.charCodeAt(0)]!);
  const hydropathy = Float64Array.from(codes, (code) => hydropathyScale[code]!);
  const charge = Float64Array.from(codes, (code) => chargeOfCode[code]!);
  return Float32Array.from(parts.flatMap((part) => part({ letters, codes, hydropathy, charge })));
}

const chargeOfCode = Array.from(residues, (letter) =>
  "KR".includes(letter) ? 1 : "DE".includes(letter) ? -1 : 0,
);
const gatheredMembers = gathered.map(membersOf);
const coilMembers = membersOf("LIVMA");
const [leucine, aromatic, slim] = ["L", "FYW", "VIAG"].map(membersOf) as [number[], number[], number[]];

/** The number of features that `computeSequenceFeatures` gives. */
export const sequenceFeatureCount: number = computeSequenceFeatures("M").length;

/** The number of membrane spans, and features of the first and the last: stretches of high hydropathy, chosen greedily. */
function spans({ codes, hydropathy, charge }: Described): number[] {
  const length = Math.max(1, codes.length);
  const means = windowMeans(hydropathy, spanLength);
  const found: number[] = [];
  while (found.length < mostSpans) {
    const index = indexOfLargest(means);
    if (!(means[index]! >= spanHydropathy)) break;
    found.push(index);
    means.fill(Number.NEGATIVE_INFINITY, Math.max(0, index - spanLength), index + spanLength + 1);
  }
  found.sort((a, b) => a - b);
  const [first, last] = [found[0], found.at(-1)];
  if (first === undefined || last === undefined) return [0, -1, -1, -1, -1, ...new Array<number>(10).fill(0)];
  const inside = codes.subarray(first, first + spanLength);
  const shareOf = (isMember: readonly number[]) =>
    meanOf(Float64Array.from(inside, (code) => isMember[code]!));
  const flanks = (start: number) => [
    sumOf(charge.subarray(Math.max(0, start - 15), start)),
    sumOf(charge.subarray(start + spanLength, start + spanLength + 15)),
    meanOf(hydropathy.subarray(start, start + spanLength)),
  ];
  return [
    ...[found.length, first, codes.length - last, first / length, last / length],
    ...flanks(first),
    ...[leucine, aromatic, slim].map(shareOf),
    stretchAround(hydropathy, Math.min(first + 9, codes.length - 1)),
    ...flanks(last),
  ];
}

/** The number of consecutive residues around an index that are not hydrophilic. */
function stretchAround(hydropathy: Float64Array, index: number): number {
  let [begin, end] = [index, index];
  while (begin > 0 && hydropathy[begin - 1]! > -0.9) begin--;
  while (end < hydropathy.length - 1 && hydropathy[end + 1]! > -0.9) end++;
  return end - begin;
}

/** Features of windows along a sequence: extremes, their positions, extremes at either end, fractions beyond limits. */
function profile(values: Float64Array, window: number): number[] {
  const means = windowMeans(values, window);
  return [
    largest(means),
    indexOfLargest(means) / Math.max(1, values.length),
    -largest(means.map((x) => -x)),
    meanOf(means),
    deviationOf(means),
    largest(means.subarray(0, 40)),
    indexOfLargest(means.subarray(0, 60)),
    largest(means.subarray(-40)),
    ...[1.6, 1.2].map((limit) => shareAbove(means, limit)),
    shareAbove(
      means.map((x) => -x),
      1.8,
    ),
  ];
}

/** The hydrophobic moment of a helix or strand (Eisenberg et al. 1982, doi:10.1038/299371a0). */
function moments(hydropathy: Float64Array, degrees: number): number[] {
  const moment = resonance(hydropathy, degrees, momentWindow);
  return [
    largest(moment),
    meanOf(moment),
    largest(moment.subarray(0, 30)),
    indexOfLargest(moment) / Math.max(1, hydropathy.length),
  ];
}

/** The amplitude of a period in windows along the sequence; `degrees` is the angle per residue. */
function resonance(values: Float64Array, degrees: number, window: number): Float64Array {
  if (values.length < window) return new Float64Array(1);
  const angle = (index: number) => (index * degrees * Math.PI) / 180;
  const real = windowMeans(
    values.map((x, index) => x * Math.cos(angle(index))),
    window,
  );
  const imaginary = windowMeans(
    values.map((x, index) => x * Math.sin(angle(index))),
    window,
  );
  return real.map((x, index) => Math.hypot(x, imaginary[index]!));
}

/** The means of all windows; a sequence that is shorter than a window gives its own mean. */
function windowMeans(values: Float64Array, window: number): Float64Array {
  if (values.length < window) return Float64Array.of(meanOf(values));
  const means = new Float64Array(values.length - window + 1);
  let sum = sumOf(values.subarray(0, window));
  for (let index = 0; index < means.length; index++) {
    means[index] = sum / window;
    sum += (values[index + window] ?? 0) - values[index]!;
  }
  return means;
}

/** The fractions of the twenty residues. */
function shares(codes: Uint8Array): number[] {
  const counts = new Array<number>(residues.length).fill(0);
  for (const code of codes) counts[code]! += 1 / codes.length;
  return counts;
}

/** The fractions of all pairs of residue classes at a distance. */
function pairShares(codes: Uint8Array, distance: number): number[] {
  const counts = new Array<number>(kinds.length ** 2).fill(0);
  for (let index = distance; index < codes.length; index++) {
    const pair = kindOfCode[codes[index - distance]!]! * kinds.length + kindOfCode[codes[index]!]!;
    counts[pair]! += 1 / codes.length;
  }
  return counts;
}

/** The index of each residue's group. */
function codesOf(groups: readonly string[]): number[] {
  return Array.from(residues, (letter) => groups.findIndex((group) => group.includes(letter)));
}

/** 1 for residues of a group and 0 for others, by code. */
function membersOf(group: string): number[] {
  return Array.from(residues, (letter) => (group.includes(letter) ? 1 : 0));
}

function oneHot(index: number | undefined, size: number): number[] {
  return Array.from({ length: size }, (_, i) => (i === index ? 1 : 0));
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, x) => sum + x, 0);
}

function meanOf(values: Float64Array): number {
  return sumOf(values) / Math.max(1, values.length);
}

function deviationOf(values: Float64Array): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((x) => (x - mean) ** 2)));
}

function shareAbove(values: Float64Array, limit: number): number {
  return meanOf(values.map((x) => (x > limit ? 1 : 0)));
}

/** The largest value; 0 where there is none. */
function largest(values: Float64Array): number {
  return values[indexOfLargest(values)] ?? 0;
}

function indexOfLargest(values: Float64Array): number {
  return values.reduce((best, x, index) => (x > values[best]! ? index : best), 0);
}
