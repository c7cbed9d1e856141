// Viewer request: chooses the stored object. tests/terraform/edge_model.py is a model of it, and one
// table of cases tests both. The runtime is ES 5.1 with const, let and arrow functions:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
// Terraform inserts the recipes and removes these comments: a function may have 10 KB.
const crypto = require('crypto');
// [prefix, suffixes, [[name, width or 0, slots by initial]…]], rungs first and by width.
const recipes = "RECIPES";
// The origins whose scripts may read an answer; a response headers policy covers S3's answers only.
const origins = /ORIGINS/;
const names = { a: 'avif', w: 'webp', f: 'fallback' };
const pixels = /^[1-9][0-9]{0,4}$/;
// Browsers report 1.100000023841858 when a page is zoomed.
const ratio = /^[0-9]{1,2}(\.[0-9]{1,20})?$/;
const parameters = [
  ['w', /^(auto|[1-9][0-9]{0,4})$/, 'w to be a whole number from 1 to 99999, or auto'],
  ['dpr', ratio, 'dpr to be a number such as 2 or 1.5'],
  ['variant', /^[a-z][a-z0-9-]{0,31}$/, 'variant to be a name from a recipe'],
  ['format', /^(avif|webp|fallback|manifest)$/, 'format to be avif, webp, fallback or manifest'],
  ['v', /^[0-9a-f]{12}$/, 'v to be 12 hex digits'],
];

function refuse(status, expected) {
  throw { status: status, text: 'Expected ' + expected + '.' };
}

// In njs `$` matches before a newline at the end as well.
function isWhole(pattern, text) {
  const matched = pattern.exec(text);
  return matched && matched[0] === text;
}

function asked(query) {
  const found = {};
  parameters.forEach((parameter) => {
    const field = query[parameter[0]];
    if (!field) return;
    if ((field.multiValue && field.multiValue.length > 1) || !isWhole(parameter[1], field.value)) {
      refuse(400, parameter[2]);
    }
    found[parameter[0]] = field.value;
  });
  return found;
}

// CloudFront stops a function after about a millisecond. In an interpreter like its own, replacing a thousand
// matches of a pattern takes several; split() and join() take microseconds.
function replaced(text, old, other) {
  return text.split(old).join(other);
}

// The source's key, encoded as in a path, and its length in UTF-8.
function sourceKey(uri) {
  let key = '';
  let path = '';
  try {
    key = decodeURIComponent(uri.slice(1));
    path = encodeURIComponent(key);
  } catch (error) {
    refuse(400, 'a path of percent-encoded UTF-8');
  }
  if (!key) refuse(400, "a source's key in the path");
  const bytes = Buffer.byteLength(key);
  if (!fits(bytes, 'manifest.json') || isUnsupported(key)) refuse(400, 'a key that a source can have');
  return { bytes: bytes, key: key, path: escaped(path, key) };
}

// Browsers remove segments of dots from a path, and XML cannot hold U+FFFE: no source has them.
function isUnsupported(key) {
  // A pattern for the dots would begin anew at each slash.
  const path = '/' + key + '/';
  return path.includes('/./') || path.includes('/../') || /[\x00-\x1f\x7f\ufffe\uffff]/.test(key);
}

// S3 reads a bare + as a space, and rejects the signature unless all characters but RFC 3986's unreserved ones are encoded.
function escaped(path, key) {
  // Slashes first, and only what the key has: each encoded character makes the next search longer.
  let found = key.includes('/') ? replaced(path, '%2F', '/') : path;
  ['!21', "'27", '(28', ')29', '*2A'].forEach((pair) => {
    const bare = pair.charAt(0);
    if (key.includes(bare)) found = replaced(found, bare, '%' + pair.slice(1));
  });
  return found;
}

function fits(bytes, name) {
  // Two digits and two slashes; S3 keys have at most 1,024 bytes.
  return bytes + name.length + 4 <= 1024;
}

function qualities(accept) {
  const found = {};
  // Browsers send about ten ranges in 150 characters.
  const read = accept.slice(0, 1024);
  // Engines disagree about the lower case of characters beyond ASCII, which no media type has.
  if (/[^\x00-\x7f]/.test(read)) return found;
  const ranges = replaced(replaced(read.toLowerCase(), ' ', ''), '\t', '');
  ranges.split(',', 32).forEach((range) => {
    const type = range.split(';', 1)[0];
    const weight = range.indexOf(';q=');
    const said = weight < 0 ? '1' : range.slice(weight + 3).split(';', 1)[0];
    if (found[type] === undefined && /^(0(\.[0-9]{0,3})?|1(\.0{0,3})?)$/.test(said)) {
      found[type] = Number(said);
    }
  });
  return found;
}

// All slots in the client's order of preference (`order`). Those that it accepts come first (`taken`).
function readable(accept) {
  const said = qualities(accept);
  const avif = said['image/avif'] || 0;
  const webp = said['image/webp'];
  let fallback = -1;
  ['image/jpeg', 'image/png', 'image/gif'].forEach((type) => {
    if (said[type] !== undefined) fallback = Math.max(fallback, said[type]);
  });
  // A wildcard does not imply AVIF or WebP: browsers that support neither send it.
  ['image/*', '*/*'].forEach((type) => {
    if (fallback < 0 && said[type] !== undefined) fallback = said[type];
  });
  // Every client can read the fallback, so its weight is above 0, but below any q that a client can send.
  if (fallback < 0) fallback = 0.0005;
  const weights = {
    // The avif slot may hold a WebP.
    a: webp === 0 ? 0 : avif,
    w: webp === undefined ? avif : webp,
    f: fallback,
  };
  const order = ['a', 'w', 'f'];
  const taken = order.filter((slot) => weights[slot] > 0);
  taken.sort((one, other) => weights[other] - weights[one] || order.indexOf(one) - order.indexOf(other));
  const others = ['f', 'w', 'a'].filter((slot) => taken.indexOf(slot) < 0);
  return { order: taken.concat(others), taken: taken };
}

// Lower-cases A to Z only, as the worker does.
function hasSuffix(key, suffix) {
  return key.slice(-suffix.length).replace(/[A-Z]/g, (capital) => capital.toLowerCase()) === suffix;
}

function accepts(recipe, key) {
  if (key.endsWith('/') || !key.startsWith(recipe[0])) return false;
  return !recipe[1].length || recipe[1].some((suffix) => hasSuffix(key, suffix));
}

// The edge does not know a recipe that a source's metadata names; a manifest's URLs name the variant.
function named(recipe, name, slot) {
  const candidates = (recipe ? [recipe] : []).concat(recipes);
  for (let i = 0; i < candidates.length; i++) {
    const found = candidates[i][2].find((one) => one[0] === name && one[2].includes(slot));
    if (found) return [found];
  }
  return [];
}

function ladder(recipe, slot) {
  const rungs = recipe[2].filter((one) => one[1]);
  return (rungs.length ? rungs : recipe[2]).filter((one) => one[2].includes(slot));
}

// A hint that is no such number is ignored.
function hint(headers, name, pattern) {
  const text = header(headers['sec-ch-' + name]);
  return isWhole(pattern, text) ? Number(text) : 0;
}

// In device pixels.
function wantedWidth(ask, headers) {
  if (!ask.w) return Infinity;
  let width = Number(ask.w);
  let dpr = Number(ask.dpr || '1');
  if (ask.w === 'auto') {
    // The element's width is in device pixels, the viewport's is not:
    // https://wicg.github.io/responsive-image-client-hints/
    const element = hint(headers, 'width', pixels);
    if (element) return element;
    width = hint(headers, 'viewport-width', pixels);
    if (!width) return 960;
    if (!ask.dpr) dpr = hint(headers, 'dpr', ratio) || 1;
  }
  return Math.floor(width * dpr + 0.5);
}

// The first rung that is wide enough, or else the widest, of those that the client accepts.
function rung(rungs, ask, taken, headers) {
  const usable = rungs.filter((one) => taken.some((initial) => one[2].includes(initial)));
  const found = usable.length ? usable : rungs;
  const width = wantedWidth(ask, headers);
  const wide = found.filter((one) => one[1] >= width).length;
  const place = found.length - Math.max(wide, 1);
  const less = ask.w === 'auto' && header(headers['save-data']) === 'on' ? 1 : 0;
  return found[Math.max(place - less, 0)];
}

function objectName(key, ask, headers) {
  if (ask.format === 'manifest') return 'manifest.json';
  const slot = ask.format ? ask.format.charAt(0) : '';
  const recipe = recipes.find((one) => accepts(one, key));
  if (!recipe && !ask.variant) refuse(404, 'a key that a recipe takes');
  const variants = ask.variant ? named(recipe, ask.variant, slot) : ladder(recipe, slot);
  if (!variants.length) refuse(400, 'a variant and a format that a recipe stores together');
  // A format in the URL takes precedence over Accept.
  const reader = slot ? { order: [slot], taken: [slot] } : readable(header(headers.accept));
  const chosen = variants[0][1] ? rung(variants, ask, reader.taken, headers) : variants[0];
  return chosen[0] + '.' + names[reader.order.find((initial) => chosen[2].includes(initial))];
}

function header(field) {
  if (!field) return '';
  if (!field.multiValue) return field.value;
  return field.multiValue.slice(0, 32).map((one) => one.value).join(',');
}

function rewrite(request) {
  const ask = asked(request.querystring);
  const source = sourceKey(request.uri);
  const name = objectName(source.key, ask, request.headers);
  if (!fits(source.bytes, name)) refuse(400, 'a key whose variants fit into 1024 bytes');
  const shard = crypto.createHash('sha256').update(source.key).digest('hex').slice(0, 2);
  request.uri = '/' + shard + '/' + source.path + '/' + name;
  // The cache key is the URI and `v`; the viewer response function needs the others, too.
  request.querystring = {};
  ['v', 'format', 'variant', 'w'].forEach((kept) => {
    if (ask[kept]) request.querystring[kept] = { value: ask[kept] };
  });
  return request;
}

function refusalHeaders(origin) {
  const headers = {
    'cache-control': { value: 'public, max-age=60' },
    'content-type': { value: 'text/plain; charset=utf-8' },
    vary: { value: 'Origin' },
    'x-content-type-options': { value: 'nosniff' },
  };
  // A host name has at most 253 characters: RFC 1035, section 3.1, allows 255 bytes with the lengths of its labels.
  if (origin && origin.length < 280 && origins.test(origin)) {
    headers['access-control-allow-origin'] = { value: origin };
  }
  return headers;
}

function handler(event) {
  try {
    return rewrite(event.request);
  } catch (error) {
    if (!error.status) throw error;
    return {
      statusCode: error.status,
      statusDescription: error.status === 404 ? 'Not Found' : 'Bad Request',
      headers: refusalHeaders(header(event.request.headers.origin)),
      body: error.text + '\n',
    };
  }
}
