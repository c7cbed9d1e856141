// Viewer response: how long a browser may cache the object. CloudFront's documentation says that this
// event's request is the one that the viewer sent; if it is the one that the viewer request function
// returned, it has `v` and `format` too.
const seconds = "SECONDS";

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
    if (!query.format) {
      headers.vary = { value: headers.vary ? headers.vary.value + ', Accept' : 'Accept' };
    }
  }
  // Metadata about the source must not be public.
  Object.keys(headers).forEach((name) => {
    if (name.startsWith('x-amz-meta-')) delete headers[name];
  });
  return response;
}
