// The options with which Uppy's S3 plug-in uploads through Pixfleet's API.

// The API signs the length of every part, so Uppy must cut files as the API does.
const PART_BYTES = 8 * 1024 * 1024;
const LARGE_BYTES = 100 * 1024 * 1024;

/**
 * Return the options for the installed version of the plug-in; `keyOf` returns a file's key, and
 * `begun` is called with a file and the API's answer when an upload in parts has begun.
 */
export function optionsFor(version, api, keyOf, begun = () => {}) {
  const kind = Number.parseInt(version, 10) < 6 ? uppy5 : uppy6;
  const options = kind(api, keyOf, begun);
  return {
    shouldUseMultipart: (file) => file.size > LARGE_BYTES,
    getChunkSize: () => PART_BYTES,
    ...options,
  };
}

/** Uppy 5 and before have a function for each step. */
export function uppy5(api, keyOf, begun) {
  return {
    getUploadParameters: (file) => api.sign(keyOf(file), file, "POST"),
    createMultipartUpload: async (file) => {
      const upload = await api.sign(keyOf(file), file, "MULTIPART");
      begun(file, upload);
      return { uploadId: upload.upload_id, key: upload.key };
    },
    signPart: (file, { uploadId, partNumber }) => api.signPart(uploadId, partNumber),
    listParts: async (file, { uploadId }) => (await api.parts(uploadId)).parts,
    completeMultipartUpload: async (file, { uploadId }) => ({
      location: api.url + (await api.complete(uploadId)).image,
    }),
    abortMultipartUpload: (file, { uploadId }) => api.abort(uploadId),
  };
}

/**
 * Uppy 6 has one function, which signs the requests of S3's own protocol. The API begins, lists,
 * completes and aborts an upload itself: it knows the owner, and whether all parts are there. So
 * the function calls the API, and gives Uppy the answer as S3 would write it.
 */
export function uppy6(api, keyOf, begun) {
  const files = new Map(); // by key, because Uppy tells the key only
  const sign = {
    put: (key) => api.sign(key, files.get(key), "POST"),
    part: (key, uploadId, number) => api.signPart(uploadId, number),
    begin: async (key) => {
      const upload = await api.sign(key, files.get(key), "MULTIPART");
      begun(files.get(key), upload);
      return answer("InitiateMultipartUploadResult", { UploadId: upload.upload_id });
    },
    list: async (key, uploadId) => answer("ListPartsResult", await received(api, uploadId)),
    complete: async (key, uploadId) => {
      const done = await api.complete(uploadId);
      const members = { Location: api.url + done.image, Key: done.key };
      return answer("CompleteMultipartUploadResult", members);
    },
    abort: async (key, uploadId) => {
      await api.abort(uploadId);
      return answer("Aborted", {});
    },
  };
  return {
    generateObjectKey: (file) => {
      const key = keyOf(file);
      files.set(key, file);
      return key;
    },
    signRequest: (request) => {
      const { key, uploadId, partNumber } = request;
      return sign[operation(request)](key, uploadId, partNumber);
    },
  };
}

/** Return which operation of S3 Uppy wants to send. */
function operation({ method, uploadId, partNumber }) {
  if (!uploadId) return method === "PUT" ? "put" : "begin";
  if (partNumber) return "part";
  return { GET: "list", POST: "complete", DELETE: "abort" }[method];
}

async function received(api, uploadId) {
  const { parts } = await api.parts(uploadId);
  return { Part: parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })) };
}

/** Return a request whose answer is this document. A `data:` URL answers every method: xhr/data-uri.htm of the web platform tests. */
function answer(name, members) {
  return { url: `data:application/xml,${encodeURIComponent(element(name, members))}` };
}

function element(name, content) {
  if (Array.isArray(content)) return content.map((each) => element(name, each)).join("");
  if (typeof content !== "object") return `<${name}>${escaped(String(content))}</${name}>`;
  const inner = Object.entries(content).map(([inside, value]) => element(inside, value));
  return `<${name}>${inner.join("")}</${name}>`;
}

function escaped(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (each) => entities[each]);
}
