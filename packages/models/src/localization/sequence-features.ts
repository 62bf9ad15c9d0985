// Numbers that describe a sequence: what biochemists read off it to guess where a protein goes, since long before language
// models (PSORT, Nakai & Kanehisa 1992, doi:10.1016/S0888-7543(05)80111-9). Residues of the whole and of either end, pairs
// of like residues, hydropathy in windows, membrane spans, charge, short signals, local extremes, and how regularly
// hydrophobic residues return. Small language models do not come to speak of these by themselves.

const residues = "ACDEFGHIKLMNPQRSTVWY";
const residueCodes = Int8Array.from({ length: 128 }, (_, code) =>
  residues.indexOf(String.fromCharCode(code)),
);

/** Kyte & Doolittle 1982 (doi:10.1016/0022-2836(82)90515-0), in the order of `residues`. */
const hydropathyScale = [
  1.8, 2.5, -3.5, -3.5, 2.8, -0.4, -3.2, 4.5, -3.9, 3.8, 1.9, -3.5, -1.6, -3.5, -4.5, -0.8, -0.7, 4.2, -0.9,
  -1.3,
];

/** Residues that stand for each other. */
const kinds = ["LVIMC", "AG", "ST", "P", "FYW", "EDNQ", "KR", "H"];
const kindOfCode = codesOf(kinds);

const startLengths = [12, 25, 45, 80];
const endLengths = [5, 15, 40];
const pairDistances = [1, 3];
const hydropathyWindows = [7, 15, 19, 25];
const spanLength = 19;
/** Mean hydropathy from which 19 residues may span a membrane. */
const spanHydropathy = 1.5;
const mostSpans = 14;

/** Signals of a few residues, counted wherever they stand. */
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

/** Residues whose thickest accumulations are looked for. */
const gathered = ["KR", "DE", "P", "S", "Q", "G", "LIVM", "RS", "C", "H", "N"];
const gatheringWindows = [10, 30];

/** Degrees between neighbours of a helix and of a strand. */
const turns = [100, 170];
const momentWindow = 18;
const heptadResidues = 3.5;
const heptadWindow = 28;
const lastResidues = 3;

/** What is read of a sequence, part by part; letters that are no residue of the twenty are passed over. */
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
  ({ codes }) => oneHot(codes[1], residues.length), // decides how long the first residue stays
];

interface Described {
  /** The residues alone. */
  readonly letters: string;
  /** Their places in `residues`. */
  readonly codes: Uint8Array;
  readonly hydropathy: Float64Array;
  /** 1, 0 or -1. */
  readonly charge: Float64Array;
}

/** [descriptorCount], of a whole sequence of any length. */
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

/** Numbers that `describeSequence` gives. */
export const sequenceFeatureCount: number = computeSequenceFeatures("M").length;

/** The first and the last membrane span, and how many there are: stretches whose hydropathy is high, taken greedily. */
function spans({ codes, hydropathy, charge }: Described): number[] {
  const length = Math.max(1, codes.length);
  const means = windowMeans(hydropathy, spanLength);
  const found: number[] = [];
  while (found.length < mostSpans) {
    const place = placeOfLargest(means);
    if (!(means[place]! >= spanHydropathy)) break;
    found.push(place);
    means.fill(Number.NEGATIVE_INFINITY, Math.max(0, place - spanLength), place + spanLength + 1);
  }
  found.sort((a, b) => a - b);
  const [first, last] = [found[0], found.at(-1)];
  if (first === undefined || last === undefined) return [0, -1, -1, -1, -1, ...new Array<number>(10).fill(0)];
  const inside = codes.subarray(first, first + spanLength);
  const shareOf = (isMember: readonly number[]) =>
    meanOf(Float64Array.from(inside, (code) => isMember[code]!));
  const flanks = (place: number) => [
    sumOf(charge.subarray(Math.max(0, place - 15), place)),
    sumOf(charge.subarray(place + spanLength, place + spanLength + 15)),
    meanOf(hydropathy.subarray(place, place + spanLength)),
  ];
  return [
    ...[found.length, first, codes.length - last, first / length, last / length],
    ...flanks(first),
    ...[leucine, aromatic, slim].map(shareOf),
    stretchAround(hydropathy, Math.min(first + 9, codes.length - 1)),
    ...flanks(last),
  ];
}

/** How many residues in a row about a place are not hydrophilic. */
function stretchAround(hydropathy: Float64Array, place: number): number {
  let [begin, end] = [place, place];
  while (begin > 0 && hydropathy[begin - 1]! > -0.9) begin--;
  while (end < hydropathy.length - 1 && hydropathy[end + 1]! > -0.9) end++;
  return end - begin;
}

/** Of windows along a sequence: extremes, where they stand, what lies at either end, how much is above or below limits. */
function profile(values: Float64Array, window: number): number[] {
  const means = windowMeans(values, window);
  return [
    largest(means),
    placeOfLargest(means) / Math.max(1, values.length),
    -largest(means.map((x) => -x)),
    meanOf(means),
    deviationOf(means),
    largest(means.subarray(0, 40)),
    placeOfLargest(means.subarray(0, 60)),
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
    placeOfLargest(moment) / Math.max(1, hydropathy.length),
  ];
}

/** How strongly values return with a period, in windows along the sequence. */
function resonance(values: Float64Array, degrees: number, window: number): Float64Array {
  if (values.length < window) return new Float64Array(1);
  const angle = (place: number) => (place * degrees * Math.PI) / 180;
  const real = windowMeans(
    values.map((x, place) => x * Math.cos(angle(place))),
    window,
  );
  const imaginary = windowMeans(
    values.map((x, place) => x * Math.sin(angle(place))),
    window,
  );
  return real.map((x, place) => Math.hypot(x, imaginary[place]!));
}

/** Means of all windows; of a sequence that is shorter than one, its own mean. */
function windowMeans(values: Float64Array, window: number): Float64Array {
  if (values.length < window) return Float64Array.of(meanOf(values));
  const means = new Float64Array(values.length - window + 1);
  let sum = sumOf(values.subarray(0, window));
  for (let place = 0; place < means.length; place++) {
    means[place] = sum / window;
    sum += (values[place + window] ?? 0) - values[place]!;
  }
  return means;
}

/** Shares of the twenty residues. */
function shares(codes: Uint8Array): number[] {
  const counts = new Array<number>(residues.length).fill(0);
  for (const code of codes) counts[code]! += 1 / codes.length;
  return counts;
}

/** Shares of all pairs of kinds of residues at a distance. */
function pairShares(codes: Uint8Array, distance: number): number[] {
  const counts = new Array<number>(kinds.length ** 2).fill(0);
  for (let place = distance; place < codes.length; place++) {
    const pair = kindOfCode[codes[place - distance]!]! * kinds.length + kindOfCode[codes[place]!]!;
    counts[pair]! += 1 / codes.length;
  }
  return counts;
}

/** The place in `groups` of each residue. */
function codesOf(groups: readonly string[]): number[] {
  return Array.from(residues, (letter) => groups.findIndex((group) => group.includes(letter)));
}

/** 1 for residues of a group, 0 for others, by code. */
function membersOf(group: string): number[] {
  return Array.from(residues, (letter) => (group.includes(letter) ? 1 : 0));
}

function oneHot(place: number | undefined, size: number): number[] {
  return Array.from({ length: size }, (_, i) => (i === place ? 1 : 0));
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

/** 0 of none. */
function largest(values: Float64Array): number {
  return values[placeOfLargest(values)] ?? 0;
}

function placeOfLargest(values: Float64Array): number {
  return values.reduce((best, x, place) => (x > values[best]! ? place : best), 0);
}
