// Runs rounds of work in sharp and reports how long each took.
//
// Requests and answers are JSON, one per line. A request has the images, the files to make of each
// (width, format, options) and the approach:
//   separate: one pipeline per variant from the source's bytes, as sharp's documentation shows
//   clone:    the same by clone() of one instance, as it shows for streams
//   cascade:  what an expert tunes by hand: one decode to raw pixels, each rung from the next larger
// Sources are read before the clock starts, results are written after it has stopped.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import sharp from 'sharp';

const sources = new Map();

const finished = (pipeline, { format, options }) =>
  pipeline.toFormat(format, options).toBuffer({ resolveWithObject: true });

const sized = (pipeline, { width }) => pipeline.resize({ width, withoutEnlargement: true });

const onePipelineEach = (start) => async (bytes, wanted, together) => {
  const pipeline = start(bytes);
  const make = (variant) => finished(sized(pipeline().autoOrient(), variant), variant);
  if (together) return Promise.all(wanted.map(make));
  const made = [];
  for (const variant of wanted) made.push(await make(variant));
  return made;
};

async function cascade(bytes, wanted, together) {
  const made = [];
  let larger = sharp(bytes).autoOrient();
  for (const width of new Set(wanted.map((variant) => variant.width))) {
    const { data, info } = await sized(larger, { width })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const rung = () =>
      sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
    const variants = wanted.filter((variant) => variant.width === width);
    if (together) made.push(...(await Promise.all(variants.map((one) => finished(rung(), one)))));
    else for (const one of variants) made.push(await finished(rung(), one));
    larger = rung();
  }
  return made;
}

const approaches = {
  separate: onePipelineEach((bytes) => () => sharp(bytes)),
  clone: onePipelineEach((bytes) => {
    const shared = sharp(bytes);
    return () => shared.clone();
  }),
  cascade,
};

async function round({ images, approach, concurrency, imagesAtOnce, variantsTogether, keep }) {
  for (const { path } of images) {
    if (!sources.has(path)) sources.set(path, await readFile(path));
  }
  sharp.concurrency(concurrency);
  const results = [];
  let next = 0;
  const work = async () => {
    while (next < images.length) {
      const at = next++;
      const { path, wanted } = images[at];
      results[at] = await approaches[approach](sources.get(path), wanted, variantsTogether);
    }
  };
  const wall = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: imagesAtOnce }, work));
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - wall) / 1000;
  return {
    seconds,
    cpu_seconds: (user + system) / 1e6,
    files: keep ? await stored(keep, results) : [],
  };
}

const stored = (folder, results) =>
  Promise.all(
    results.map((made, image) =>
      Promise.all(
        made.map(async ({ data, info }, at) => {
          const path = join(folder, `${image}-${at}.${info.format}`);
          await writeFile(path, data);
          return { path, width: info.width, height: info.height };
        }),
      ),
    ),
  );

console.log(JSON.stringify({ versions: sharp.versions }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await round(JSON.parse(line))));
}
