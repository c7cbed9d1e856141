// The page: signs in, uploads with Uppy, and shows what became of each picture.

import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import { Pixfleet } from "./pixfleet.js";
import { signIn } from "./sign_in.js";
import { optionsFor } from "./uppy.js";

const config = await (await fetch("config.json")).json();
let token = "";
const api = new Pixfleet(config.api, () => token);
const rows = new Map(); // by the id of Uppy's file
const element = (id) => document.getElementById(id);

const uppy = new Uppy({ autoProceed: true, restrictions: { allowedFileTypes: ["image/*"] } });
uppy.use(AwsS3, optionsFor(AwsS3.VERSION, api, (file) => file.meta.key));

uppy.on("file-added", (file) => {
  // The same key at each attempt, and two files of one name do not replace each other.
  const name = `${crypto.randomUUID().slice(0, 8)}-${file.name}`;
  uppy.setFileMeta(file.id, { key: `${config.folder}/${name}` });
  rows.set(file.id, addRow(file));
});

uppy.on("upload-progress", (file, { bytesUploaded, bytesTotal }) => {
  const percent = Math.floor((100 * bytesUploaded) / bytesTotal);
  rows.get(file.id)?.progress(percent);
});

uppy.on("upload-error", (file, error) => rows.get(file.id)?.failed(error.message));

uppy.on("upload-success", async (file) => {
  const row = rows.get(file.id);
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
    say("");
    element("sign-in").hidden = true;
    element("uploads").hidden = false;
  } catch (error) {
    say(error.message);
  }
});

element("files").addEventListener("change", (event) => {
  addFiles(event.target.files);
  event.target.value = ""; // the same file may be chosen again
});
element("drop").addEventListener("dragover", (event) => event.preventDefault());
element("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  addFiles(event.dataTransfer.files);
});

function addFiles(files) {
  for (const file of files) {
    try {
      uppy.addFile({ name: file.name, type: file.type, data: file });
    } catch (error) {
      say(error.message); // not a picture, or added already
    }
  }
}

function say(text) {
  element("message").textContent = text;
  element("message").hidden = !text;
}

/** Show a file in the list, and return what changes its row. */
function addRow(file) {
  const row = element("row").content.firstElementChild.cloneNode(true);
  const inside = (selector) => row.querySelector(selector);
  const [pause, retry, remove] = [".pause", ".retry", ".remove"].map(inside);
  const show = (state, text) => {
    row.dataset.state = state;
    inside(".state").textContent = text;
    pause.hidden = state !== "uploading" && state !== "paused";
    retry.hidden = state !== "failed";
    inside("progress").hidden = state === "refused" || state === "ready";
  };
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  inside(".name").textContent = file.name;
  inside("progress").setAttribute("aria-label", `Upload of ${file.name}`);
  show("uploading", `${megabytes(file.size)}: waiting …`);
  element("list").append(row);

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
