/*
 * <pixfleet-image src="https://img.example.com/photos/cat.jpg" width="1600" height="1000" alt="A cat"></pixfleet-image>
 *
 * src      the picture's address, percent-encoded, without a query
 * width,   the source's size: only the ratio matters, and reserves the place
 * height
 * alt      alternative text, required: "" for decoration
 * sizes    as of an <img>; the default is the element's own width, where the browser can know it
 * variant  a name of the recipe, such as thumb, instead of the ladder
 * loading  eager for a picture that is seen first; the default is lazy
 *
 * The events `load` and `error` say how it ended. See docs/clients/README.md.
 */

/** @typedef {import("../manifest").Manifest} Manifest */

// Seconds between the requests for a manifest that is not there yet, or for a file that could not be made.
const WAITS = [5, 5, 10, 20, 40, 60, 60];

class PixfleetImage extends HTMLElement {
  static observedAttributes = ["src", "variant", "alt", "sizes", "width", "height"];
  #run = new AbortController();

  connectedCallback() {
    this.#start();
  }

  disconnectedCallback() {
    this.#run.abort();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#start();
  }

  async #start() {
    this.#run.abort();
    const { signal } = (this.#run = new AbortController());
    await null; // several attributes are often set at once
    if (signal.aborted) return;
    try {
      await this.#show(signal);
      this.dispatchEvent(new Event("load"));
    } catch (error) {
      if (signal.aborted) return;
      console.error(`pixfleet-image ${this.getAttribute("src")}: ${/** @type {Error} */ (error).message}`);
      this.replaceChildren(this.getAttribute("alt") ?? "");
      this.dispatchEvent(new Event("error"));
    } finally {
      if (!signal.aborted) this.removeAttribute("aria-busy");
    }
  }

  /** @param {AbortSignal} signal */
  async #show(signal) {
    const alt = this.getAttribute("alt");
    if (alt === null) throw new Error('Expected alt="…", or alt="" for decoration.');
    const [width, height] = ["width", "height"].map((name) => Number(this.getAttribute(name)));
    this.#reserve(width, height);
    this.setAttribute("aria-busy", "true");
    const isLazy = this.getAttribute("loading") !== "eager";
    if (isLazy) await nearby(this, signal);
    const { manifest, address } = await manifestOf(this.getAttribute("src"), signal);
    if (!(width && height)) this.#reserve(manifest.source.width, manifest.source.height);
    const sizes = this.getAttribute("sizes") ?? (isLazy ? "auto, 100vw" : "100vw");
    const image = document.createElement("img");
    image.loading = isLazy ? "lazy" : "eager"; // first, or `sizes=auto` would mean 100vw
    const picture = build(image, manifest, address, sizes, this.getAttribute("variant"));
    image.alt = alt;
    // Through a transparent picture a placeholder would shine for ever.
    const placeholder = manifest.source.has_alpha ? null : manifest.placeholder;
    if (placeholder) image.style.background = `url(${placeholder.data_uri}) 0 0/cover ${placeholder.colour}`;
    const loaded = load(image, signal);
    this.replaceChildren(picture);
    await loaded;
    image.style.background = "";
  }

  /** @param {number} width @param {number} height */
  #reserve(width, height) {
    if (getComputedStyle(this).display === "inline") this.style.display = "block";
    if (width && height) this.style.aspectRatio = `${width} / ${height}`;
  }
}

/** @param {Element} element @param {AbortSignal} signal @returns {Promise<void>} */
function nearby(element, signal) {
  return new Promise((resolve) => {
    const seen = (/** @type {IntersectionObserverEntry[]} */ entries) => {
      if (entries.some((each) => each.isIntersecting)) resolve(observer.disconnect());
    };
    const observer = new IntersectionObserver(seen, { rootMargin: "100%" });
    signal.addEventListener("abort", () => observer.disconnect());
    observer.observe(element);
  });
}

/** @param {string | null} src @param {AbortSignal} signal @returns {Promise<{manifest: Manifest, address: URL}>} */
async function manifestOf(src, signal) {
  if (!src) throw new Error("Expected src.");
  const address = new URL(src, document.baseURI);
  address.search = "format=manifest";
  let said = "no answer";
  for (const seconds of [...WAITS, 0]) {
    const response = await fetch(address, { signal }).catch(() => null);
    signal.throwIfAborted();
    if (response?.ok) {
      const manifest = await response.json();
      if (manifest.schema !== 1) throw new Error(`expected a manifest of schema 1, got ${manifest.schema}.`);
      return { manifest, address };
    }
    const cause = response?.headers.get("x-pixfleet-cause");
    if (response) said = `${response.status} ${cause ?? ""}`;
    // A 404 with a cause is of a source that was rejected.
    if (response?.status === 400 || (response?.status === 404 && cause)) break;
    if (seconds) await pause(Math.max(seconds, Number(response?.headers.get("retry-after")) || 0), signal);
  }
  throw new Error(`there is no picture (${said.trim()}).`);
}

/** @param {HTMLImageElement} image @param {Manifest} manifest @param {URL} address @param {string} sizes @param {string | null} variant */
function build(image, manifest, address, sizes, variant) {
  const { width, height } = manifest.source;
  /** @param {import("../manifest").Variant} one */
  const isShown = (one) => (variant ? one.name === variant : Math.abs(one.height - (one.width * height) / width) <= 1);
  const picture = document.createElement("picture");
  for (const slot of ["avif", "webp", "fallback"]) {
    const files = manifest.variants.filter((one) => one.slot === slot && isShown(one));
    if (!files.length) continue;
    const source = document.createElement("source");
    source.type = `image/${slot}`;
    source.sizes = image.sizes = sizes;
    source.srcset = files.map((one) => `${new URL(one.url, address).href.replaceAll(",", "%2C")} ${one.width}w`).join(", ");
    picture.append(source);
  }
  const last = /** @type {HTMLSourceElement | null} */ (picture.lastChild);
  if (!last) throw new Error(`there is no variant ${variant ?? "of the whole picture"}.`);
  image.srcset = last.srcset; // for browsers that read none of the types before it
  last.replaceWith(image);
  image.style.cssText = "display:block;width:100%;height:100%;object-fit:cover";
  return picture;
}

/** @param {HTMLImageElement} image @param {AbortSignal} signal */
async function load(image, signal) {
  for (const seconds of [...WAITS, 0]) {
    const isLoaded = await new Promise((resolve) => {
      image.onload = () => resolve(true);
      image.onerror = () => resolve(false);
    });
    signal.throwIfAborted();
    if (isLoaded) return image.decode().catch(() => null);
    if (!seconds) break;
    await pause(seconds, signal);
    image.srcset = image.srcset; // asks again
  }
  throw new Error("the picture cannot be loaded.");
}

/** @param {number} seconds @param {AbortSignal} signal @returns {Promise<void>} */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => reject(clearTimeout(timer)));
  });
}

customElements.define("pixfleet-image", PixfleetImage);
