// Proteins that every textbook of cell biology places: gene symbol, accession of UniProt, and the compartments where one
// would look for them. Chosen from memory of the field, before any of them was generated.

export interface TextbookProtein {
  readonly gene: string;
  readonly accession: string;
  /** Compartments that are right; the first is the one that the protein is a marker of. */
  readonly compartments: readonly string[];
}

const proteinsOf = (
  compartment: string,
  ...proteins: readonly (readonly [gene: string, accession: string, ...others: string[]])[]
): TextbookProtein[] =>
  proteins.map(([gene, accession, ...others]) => ({
    gene,
    accession,
    compartments: [compartment, ...others],
  }));

/** Forty proteins, one to four per compartment that the model draws. */
export const textbookProteins: readonly TextbookProtein[] = [
  ...proteinsOf(
    "mitochondria",
    ["TOMM20", "Q15388"],
    ["COX4I1", "P13073"],
    ["VDAC1", "P21796"],
    ["ATP5F1A", "P25705"],
  ),
  ...proteinsOf(
    "nucleoplasm",
    ["TP53", "P04637"],
    ["BRCA1", "P38398"],
    ["HDAC1", "Q13547"],
    ["RB1", "P06400"],
  ),
  ...proteinsOf("nucleolus", ["FBL", "P22087"], ["NPM1", "P06748"], ["NCL", "P19338"], ["NOP56", "O00567"]),
  ...proteinsOf(
    "nuclear_membrane",
    ["LMNB1", "P20700"],
    ["LMNA", "P02545"],
    ["NUP153", "P49790"],
    ["EMD", "P50402"],
  ),
  ...proteinsOf("nuclear_domains", ["COIL", "P38432"], ["SRRM2", "Q9UQ35"], ["PML", "P29590"]),
  ...proteinsOf("ER", ["CANX", "P27824"], ["CALR", "P27797"], ["HSPA5", "P11021"], ["P4HB", "P07237"]),
  ...proteinsOf("Golgi", ["GOLGA2", "Q08379"], ["GORASP2", "Q9H8Y8"], ["B4GALT1", "P15291"]),
  ...proteinsOf(
    "vesicles",
    ["LAMP1", "P11279"],
    ["RAB7A", "P51149"],
    ["RAB5A", "P20339"],
    ["EEA1", "Q15075"],
  ),
  ...proteinsOf(
    "plasma_membrane",
    ["EGFR", "P00533"],
    ["CDH1", "P12830"],
    ["ATP1A1", "P05023"],
    ["SLC2A1", "P11166"],
  ),
  ...proteinsOf(
    "cytoskeleton",
    ["VIM", "P08670"],
    ["ACTB", "P60709", "cytoplasm"],
    ["TUBB", "P07437"],
    ["KRT18", "P05783"],
  ),
  ...proteinsOf("cytoplasm", ["GAPDH", "P04406"]),
  ...proteinsOf("centrosome", ["CETN2", "P41208"]),
];
