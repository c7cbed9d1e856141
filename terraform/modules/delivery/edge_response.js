// Viewer response: how long a browser may cache the object. CloudFront's documentation says that this
// event's request is the one that the viewer sent; if it is the one that the viewer request function
// returned, it has the same parameters.
const seconds = "SECONDS";
const hints = ['Sec-CH-DPR', 'Sec-CH-Viewport-Width', 'Sec-CH-Width', 'Save-Data'];

// The request headers that choose the object.
function choosers(query) {
  const isAuto = !query.variant && query.w && query.w.value === 'auto';
  return (query.format ? [] : ['Accept']).concat(isAuto ? hints : []);
}

function handler(event) {
  const response = event.response;
  const headers = response.headers;
  const query = event.request.querystring;
  // Redirects and errors say themselves for how long they may be cached. A 304 updates what a browser has.
  const isObject = response.statusCode < 300 || response.statusCode === 304;
  if (isObject && !(query.format && query.format.value === 'manifest')) {
    const stored = headers['x-amz-meta-pixfleet-version'];
    // While a source is replaced, a new page's URL can get the old bytes from the cache, and an old
    // page's URL the new ones. Only an object of the version that the URL names is cached for ever.
    if (!query.v || !stored || stored.value !== query.v.value) {
      headers['cache-control'] = { value: 'public, max-age=' + seconds };
    }
    const names = (headers.vary ? [headers.vary.value] : []).concat(choosers(query));
    if (names.length) headers.vary = { value: names.join(', ') };
  }
  // Metadata about the source must not be public.
  Object.keys(headers).forEach((name) => {
    if (name.startsWith('x-amz-meta-')) delete headers[name];
  });
  return response;
}
