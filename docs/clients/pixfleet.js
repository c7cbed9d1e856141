// URLs, srcsets and HTML for pictures of Pixfleet. Copy this file, and set these two.

/** The address of the distribution, without a slash at its end. */
export const base = "https://img.example.com";

/** The widths of the recipe's rungs in pixels: with other widths, several URLs are one file. */
export const widths = [320, 640, 960, 1280, 1920];

/**
 * Return the URL of a picture without a version; browsers keep it for five minutes.
 *
 * @param {string} key the key of the source, not percent-encoded; a slash before it is ignored
 * @param {Record<string, string | number>} [parameters] such as {w: 640} or {variant: "thumb"}
 * @returns {string}
 * @throws {TypeError} without a key, or for an address of the distribution instead of a key
 */
export function url(key, parameters = {}) {
  if (!key || key === "/") throw new TypeError('Expected the key of a source, such as "photos/cat.jpg".');
  if (key.startsWith(`${base}/`)) throw new TypeError(`Expected a key, got an address: ${key}`);
  const path = key.replace(/^\//, "").split("/").map(encodeURIComponent);
  // A second slash is the key's own.
  if (path[0] === "" && path.length > 1) path.splice(0, 2, `%2F${path[1]}`);
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, `${value}`]));
  return `${base}/${path.join("/")}${query.size ? `?${query}` : ""}`;
}

/**
 * Return the HTML of an `<img>` whose format CloudFront chooses for each browser.
 *
 * @param {string} key the key of the source
 * @param {{alt: string, width: number, height: number, sizes?: string, loading?: string}} options
 *   alternative text ("" for decoration); width and height, of which only the ratio matters
 * @returns {string}
 */
export function img(key, { alt, width, height, sizes = "100vw", loading = "lazy" }) {
  return element("img", {
    src: url(key, { w: widths[widths.length - 1] }),
    srcset: widths.map((each) => `${url(key, { w: each })} ${each}w`).join(", "),
    ...shared({ alt, width, height, sizes, loading }),
  });
}

/**
 * Return the HTML of a `<picture>` with the versioned URLs of a manifest, which browsers keep for a year.
 *
 * @param {import("../manifest").Manifest} manifest what `url(key, {format: "manifest"})` answers
 * @param {{alt: string, sizes?: string, loading?: string}} options alternative text ("" for decoration)
 * @returns {string}
 */
export function picture(manifest, { alt, sizes = "100vw", loading = "lazy" }) {
  if (manifest.schema !== 1) throw new TypeError(`Expected a manifest of schema 1, got ${manifest.schema}.`);
  const slots = ["avif", "webp", "fallback"].filter((slot) => ladder(manifest, slot).length);
  if (!slots.length) throw new TypeError("The manifest has no variant of the whole picture.");
  const last = slots[slots.length - 1];
  const { width, height } = manifest.source;
  const image = {
    src: ladder(manifest, last).reduce((best, each) => (each.width > best.width ? each : best)).url,
    srcset: srcset(manifest, last),
    ...shared({ alt, width, height, sizes, loading }),
  };
  const sources = slots.slice(0, -1).map((slot) =>
    element("source", { type: `image/${slot}`, srcset: srcset(manifest, slot), sizes }),
  );
  return `<picture>${sources.join("")}${element("img", image)}</picture>`;
}

/**
 * Return the srcset of one slot of a manifest.
 *
 * @param {import("../manifest").Manifest} manifest
 * @param {string} slot avif, webp or fallback
 * @returns {string}
 */
export function srcset(manifest, slot) {
  return ladder(manifest, slot).map((each) => `${each.url} ${each.width}w`).join(", ");
}

/**
 * Return the files of one slot that show the whole picture: no crops such as `thumb`.
 *
 * @param {import("../manifest").Manifest} manifest
 * @param {string} slot
 */
function ladder(manifest, slot) {
  const { width, height } = manifest.source;
  /** @type {Map<number, {url: string, width: number}>} */
  const files = new Map();
  for (const one of manifest.variants) {
    const isWhole = Math.abs(one.height - (one.width * height) / width) <= 1;
    if (one.slot === slot && isWhole && !files.has(one.width)) {
      // A comma ends a candidate of a srcset.
      files.set(one.width, { url: base + one.url.replaceAll(",", "%2C"), width: one.width });
    }
  }
  return [...files.values()];
}

/** @param {{alt: string, width: number, height: number, sizes: string, loading: string}} options */
function shared({ alt, width, height, sizes, loading }) {
  if (typeof alt !== "string") throw new TypeError('Expected alt, a text that says what is to be seen, or "".');
  const style = "max-width:100%;height:auto";
  return { sizes, width, height, loading, decoding: "async", alt, style };
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function element(name, attributes) {
  const written = Object.entries(attributes).map(([each, value]) => ` ${each}="${escaped(`${value}`)}"`);
  return `<${name}${written.join("")}>`;
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
