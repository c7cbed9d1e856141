// Made by `python -m scripts.manifest` from the types of shared/model: do not edit.

/**
 * The manifest of one source: all that a page needs to show it.
 *
 * Later versions may add fields, and words to `still` and `limit`.
 */
export interface Manifest {
  /** The version of this form. */
  schema: 1;
  /** 12 hex digits that change with source, recipe or engine. */
  version: string;
  /** The name of the recipe. */
  recipe: string;
  source: Source;
  /** Why an animated source's variants show its first frame only. */
  still: Still | null;
  /** Null if the recipe makes none. */
  placeholder: Placeholder | null;
  /** In the recipe's order, best slot first. */
  variants: ReadonlyArray<Variant>;
}

/** What a page shows while an opaque picture loads. */
export interface Placeholder {
  /** A WebP of at most 16 by 16 pixels, as a data URI. */
  data_uri: string;
  /** The average colour, such as #a0b0c0. */
  colour: string;
}

/** The source of the variants. Width and height are upright, of one frame. */
export interface Source {
  /** The key of the source in its bucket, not percent-encoded. */
  key: string;
  /** The ETag of the source, without quotation marks. */
  etag: string;
  /** The size of the source's file. */
  bytes: number;
  /** What the source's bytes are, such as jpeg or heic. */
  format: string;
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** The number of frames: 1 unless the source is animated. */
  frames: number;
  /** Whether a pixel may be transparent. */
  has_alpha: boolean;
}

/** Why only the first frame of an animation is rendered. */
export type Still = "format" | "frames" | "memory" | "pixels" | "recipe";

/** One file, stored or made at the first request. Width and height are of one frame. */
export interface Variant {
  /** The variant's name in the recipe: w640 for a rung, or such as thumb. */
  name: string;
  /** Which browsers can show it. */
  slot: Slot;
  /** The file's Content-Type, which may be of another codec than the slot. */
  type: string;
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** The size of the file; null if it is made at the first request. */
  bytes: number | null;
  /** Path and query on the distribution, with the version; ready for use. */
  url: string;
  /** Why the slot cannot have a file of its own codec. */
  limit?: SlotLimit;
}

/** Why a slot cannot have a file of its own codec. */
export type SlotLimit = "memory" | "side";

/** What a browser can read, best first. The file in a slot may have another codec. */
export type Slot = "avif" | "fallback" | "webp";
