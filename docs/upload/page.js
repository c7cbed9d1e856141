// The page: signs in, uploads with Uppy, and shows what became of each picture.

import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import { Pixfleet, Refused } from "./pixfleet.js";
import { signIn } from "./sign_in.js";
import { Unfinished } from "./unfinished.js";
import { optionsFor } from "./uppy.js";

const config = await (await fetch("config.json")).json();
let token = "";
const api = new Pixfleet(config.api, () => token);
const unfinished = new Unfinished(config.api);
const rows = new Map(); // by the id of Uppy's file
const waiting = new Map(); // rows of uploads that were begun before the page was loaded, by key
const element = (id) => document.getElementById(id);

const uppy = new Uppy({ autoProceed: true, restrictions: { allowedFileTypes: ["image/*"] } });
uppy.use(
  AwsS3,
  optionsFor(AwsS3.VERSION, api, (file) => file.meta.key, (file, upload) => unfinished.begun(file.data, upload)),
);

uppy.on("file-added", (file) => {
  const begun = unfinished.of(file.data);
  // The same key at each attempt, and two files of one name do not replace each other.
  const key = begun?.key ?? `${config.folder}/${crypto.randomUUID().slice(0, 8)}-${file.name}`;
  uppy.setFileMeta(file.id, { key });
  // Where the plug-in looks for an upload that has begun; then it asks for the parts that S3 has.
  if (begun) uppy.setFileState(file.id, { s3Multipart: { key, uploadId: begun.uploadId } });
  closeWaiting(key);
  rows.set(file.id, addRow(file));
});

uppy.on("file-removed", (file) => unfinished.forget(file.data));

uppy.on("upload-progress", (file, { bytesUploaded, bytesTotal }) => {
  const percent = Math.floor((100 * bytesUploaded) / bytesTotal);
  rows.get(file.id)?.progress(percent);
});

uppy.on("upload-error", (file, error) => rows.get(file.id)?.failed(error.message));

uppy.on("upload-success", async (file) => {
  const row = rows.get(file.id);
  unfinished.forget(file.data);
  row.stored();
  try {
    row.ready(await api.ready(file.meta.key));
  } catch (error) {
    row.refused(error);
  }
});

element("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { user, password } = Object.fromEntries(new FormData(event.target));
  try {
    token = await signIn(config.sign_in, user, password);
    unfinished.user = user;
    for (const upload of unfinished.all()) waiting.set(upload.key, addWaiting(upload));
    say("");
    element("sign-in").hidden = true;
    element("uploads").hidden = false;
  } catch (error) {
    say(error.message);
  }
});

// Before the listener, the form would send the password in an address.
element("sign-in").querySelector("button").disabled = false;

element("files").addEventListener("change", (event) => {
  addFiles([...event.target.files]);
  event.target.value = ""; // the same file may be chosen again
});
element("drop").addEventListener("dragover", (event) => event.preventDefault());
element("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  addFiles([...event.dataTransfer.files]);
});

async function addFiles(files) {
  for (const file of files) {
    try {
      await forgetIfGone(file);
      uppy.addFile({ name: file.name, type: file.type, data: file });
    } catch (error) {
      say(error.message); // not a picture, or added already
    }
  }
}

/** Forget what was begun for a file if the API does not know it any more: then it begins again. */
async function forgetIfGone(file) {
  const begun = unfinished.of(file);
  if (!begun) return;
  await ifKnown(api.parts(begun.uploadId), () => {
    unfinished.forget(file);
    closeWaiting(begun.key);
  });
}

function closeWaiting(key) {
  waiting.get(key)?.close();
  waiting.delete(key);
}

/** Wait for a call about an upload; `otherwise` is called if it was completed, aborted or too old. */
async function ifKnown(call, otherwise) {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Refused && error.status === 404)) throw error;
    otherwise();
  }
}

function say(text) {
  element("message").textContent = text;
  element("message").hidden = !text;
}

/** Show an upload that was begun before the page was loaded. */
function addWaiting(upload) {
  const row = newRow(upload.name);
  const inside = (selector) => row.querySelector(selector);
  for (const each of ["progress", ".pause", ".retry"]) inside(each).hidden = true;
  row.dataset.state = "unfinished";
  inside(".state").textContent = `${megabytes(upload.size)}: not complete. Choose the file again to go on.`;
  inside(".remove").addEventListener("click", async () => {
    try {
      await ifKnown(api.abort(upload.uploadId), () => {});
      unfinished.forget(upload);
      row.remove();
    } catch (error) {
      say(error.message);
    }
  });
  return { close: () => row.remove() };
}

function newRow(name) {
  const row = element("row").content.firstElementChild.cloneNode(true);
  row.querySelector(".name").textContent = name;
  element("list").append(row);
  return row;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Show a file in the list, and return what changes its row. */
function addRow(file) {
  const row = newRow(file.name);
  const inside = (selector) => row.querySelector(selector);
  const [pause, retry, remove] = [".pause", ".retry", ".remove"].map(inside);
  const show = (state, text) => {
    row.dataset.state = state;
    inside(".state").textContent = text;
    pause.hidden = state !== "uploading" && state !== "paused";
    retry.hidden = state !== "failed";
    inside("progress").hidden = state === "refused" || state === "ready";
  };
  inside("progress").setAttribute("aria-label", `Upload of ${file.name}`);
  show("uploading", `${megabytes(file.size)}: waiting …`);

  pause.addEventListener("click", () => {
    const isPaused = uppy.pauseResume(file.id);
    pause.textContent = isPaused ? "Resume" : "Pause";
    show(isPaused ? "paused" : "uploading", isPaused ? "Paused." : "Resuming …");
  });
  retry.addEventListener("click", () => {
    show("uploading", "Resuming …");
    uppy.retryUpload(file.id);
  });
  remove.addEventListener("click", async () => {
    try {
      if (row.dataset.isStored) await api.delete(uppy.getFile(file.id).meta.key);
      uppy.removeFile(file.id); // aborts an upload that has begun
      row.remove();
    } catch (error) {
      say(error.message);
    }
  });

  return {
    progress(percent) {
      if (row.dataset.state !== "uploading") return;
      inside("progress").value = percent;
      show("uploading", `${megabytes(file.size)}: ${percent} % uploaded`);
    },
    failed: (text) => show("failed", `The upload was interrupted: ${text}`),
    stored() {
      row.dataset.isStored = "true";
      remove.textContent = "Delete";
      inside("progress").removeAttribute("value"); // how long the variants take is not known
      show("stored", "Uploaded; its variants are being made …");
    },
    ready(record) {
      const smallest = record.variants.reduce((one, other) => (other.width < one.width ? other : one));
      const saved = record.savings ? `, ${record.savings.percent} % saved` : "";
      inside("img").src = smallest.url;
      inside("img").hidden = false;
      show("ready", `Ready: ${record.width} × ${record.height}, ${record.variants.length} variants${saved}.`);
    },
    refused: (error) => show("refused", error.cause ? `${error.cause}: ${error.message}` : error.message),
  };
}
