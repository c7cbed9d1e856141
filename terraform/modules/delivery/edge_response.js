// Viewer response: how long a browser may keep it. CloudFront itself keeps every variant until it
// is invalidated. CloudFront's documentation says that this event's request is what the viewer
// sent; should it be what the viewer request made of it, `v` and `format` are there all the same.
const seconds = "SECONDS";

function handler(event) {
  const response = event.response;
  const headers = response.headers;
  const query = event.request.querystring;
  if (response.statusCode < 400 && !(query.format && query.format.value === 'manifest')) {
    const stored = headers['x-amz-meta-pixfleet-version'];
    // While a source is replaced, a new page's URL can meet the old bytes in the cache, and an old
    // page's the new ones. For ever is only what is of the very version that the URL names.
    if (!query.v || !stored || stored.value !== query.v.value) {
      headers['cache-control'] = { value: 'public, max-age=' + seconds };
    }
    if (!query.format) {
      headers.vary = { value: headers.vary ? headers.vary.value + ', Accept' : 'Accept' };
    }
  }
  // What a variant was made from is nobody's business.
  Object.keys(headers).forEach((name) => {
    if (name.startsWith('x-amz-meta-')) delete headers[name];
  });
  return response;
}
