import { url } from "./pixfleet.js";

const SLOTS = { avif: "avif", webp: "webp", jpg: "fallback", jpeg: "fallback", png: "fallback", gif: "fallback" };

/**
 * A transformer for unpic's base components, such as those of @unpic/astro/base and @unpic/react/base.
 *
 * `src` is the source's key. A height is ignored: Pixfleet scales the whole picture, and crops are variants
 * of the recipe, such as `operations={{variant: "thumb"}}`. `quality` is ignored, because the recipe has it.
 *
 * @param {string | URL} src
 * @param {{width?: number | string, height?: number | string, format?: string, quality?: number | string, variant?: string}} operations
 * @returns {string}
 */
export function transform(src, { width, format, variant }) {
  /** @type {Record<string, string | number>} */
  const parameters = variant ? { variant } : {};
  if (width && !variant) parameters.w = Math.ceil(Number(width));
  const slot = SLOTS[/** @type {keyof typeof SLOTS} */ (format)];
  if (slot) parameters.format = slot;
  return url(`${src}`, parameters);
}
