"use client";

import { url } from "./pixfleet.js";

/**
 * A loader for next/image. `src` is the source's key; `quality` is ignored, because the recipe has it.
 *
 * @param {{src: string, width: number, quality?: number}} image
 * @returns {string}
 */
export default function pixfleetLoader({ src, width }) {
  return url(src, { w: width });
}
