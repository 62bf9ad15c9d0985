// Names without imports: the formats, the sampling methods and the default settings that a command line or a page offers
// before anything is loaded.

/** The kinds of files that a generated cell can be written as. */
export const imageFormats = ["png", "ome-tiff", "ome-zarr", "npy"] as const;
/** One of `imageFormats`. */
export type ImageFormat = (typeof imageFormats)[number];

/** Sampling methods: DDIM (Song et al. 2021), DDPM (Ho et al. 2020), DPM-Solver++ 2M (Lu et al. 2022). */
export const samplerNames = ["ddim", "ddpm", "dpm++"] as const;
/** One of `samplerNames`. */
export type SamplerName = (typeof samplerNames)[number];

/** Default settings of a generation. */
export const generateDefaults = {
  /** Number of images per protein and nucleus, each from other noise. */
  samples: 4,
  steps: 50,
  sampler: "ddim",
  /** Weight of classifier-free guidance: 1 is plain conditioning, 0 ignores the sequence. */
  guidance: 3,
  seed: 0,
} as const satisfies {
  samples: number;
  steps: number;
  sampler: SamplerName;
  guidance: number;
  seed: number;
};
