// Short peptides that carry a protein to a compartment when they are fused to it, each with the paper that showed it and
// the protein that it was taken from. They stand in variants as `signal:NAME@N|C|POSITION`.

/** An end of a protein: N, the first residue; C, the last. */
export type Terminus = "N" | "C";

/** A peptide that decides where a protein is. */
export interface NamedSignal {
  readonly name: string;
  /** One-letter residues. */
  readonly residues: string;
  /** The compartment that it leads to, in the words of its field. */
  readonly leadsTo: string;
  /** The only end at which it works; undefined where it works anywhere that is accessible. */
  readonly terminus: Terminus | undefined;
  /** Protein and residues (UniProt), then the paper. */
  readonly source: string;
}

/** All named signals, in the order in which `--help` lists them. */
export const namedSignals: readonly NamedSignal[] = [
  {
    name: "NLS",
    residues: "PKKKRKV",
    leadsTo: "nucleus",
    terminus: undefined,
    source: "SV40 large T antigen, P03070 126-132; Kalderon et al. 1984, doi:10.1016/0092-8674(84)90457-4",
  },
  {
    name: "NLS-bipartite",
    residues: "KRPAATKKAGQAKKKK",
    leadsTo: "nucleus",
    terminus: undefined,
    source: "nucleoplasmin, P05221 155-170; Robbins et al. 1991, doi:10.1016/0092-8674(91)90245-T",
  },
  {
    name: "NES",
    residues: "LQLPPLERLTLD",
    leadsTo: "out of the nucleus",
    terminus: undefined,
    source: "HIV-1 Rev, P04618 73-84; Fischer et al. 1995, doi:10.1016/0092-8674(95)90436-0",
  },
  {
    name: "NES-PKI",
    residues: "LALKLAGLDI",
    leadsTo: "out of the nucleus",
    terminus: undefined,
    source: "PKI alpha, P61925 38-47; Wen et al. 1995, doi:10.1016/0092-8674(95)90435-2",
  },
  {
    name: "MTS",
    residues: "MSVLTPLLLRGLTGSARRLPVPRAK",
    leadsTo: "mitochondrial matrix",
    terminus: "N",
    source: "COX8A, P10176 1-25; Rizzuto et al. 1992, doi:10.1038/358325a0",
  },
  {
    name: "SP",
    residues: "MLLSVPLLLGLLGLAVA",
    leadsTo: "ER and the secretory pathway",
    terminus: "N",
    source: "calreticulin, P27797 1-17 (UniProt, signal peptide)",
  },
  {
    name: "KDEL",
    residues: "KDEL",
    leadsTo: "back to the ER, for a protein with a signal peptide",
    terminus: "C",
    source: "calreticulin, P27797 414-417; Munro & Pelham 1987, doi:10.1016/0092-8674(87)90086-9",
  },
  {
    name: "PTS1",
    residues: "SKL",
    leadsTo: "peroxisome",
    terminus: "C",
    source: "firefly luciferase, P08659 548-550; Gould et al. 1989, doi:10.1083/jcb.108.5.1657",
  },
  {
    name: "CAAX",
    residues: "KKKKKKSKTKCVIM",
    leadsTo: "plasma membrane",
    terminus: "C",
    source: "KRAS4B, P01116-2 175-188; Hancock et al. 1990, doi:10.1016/0092-8674(90)90294-O",
  },
  {
    name: "MYR",
    residues: "MGSSKSKPKDPSQR",
    leadsTo: "plasma membrane",
    terminus: "N",
    source: "Rous sarcoma virus Src, P00526 1-14; Pellman et al. 1985, doi:10.1038/314374a0",
  },
];
