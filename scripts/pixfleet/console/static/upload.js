// Uploads: a few at a time, never over a source that exists unless a person says so.

const PARALLEL = 3;
const POLL_MILLISECONDS = 2000;
// Of the uploads whose outcome is unknown, so many are asked for at a time.
const ASKED = 5;
const MOST_WAIT_MILLISECONDS = 300_000;

const form = document.getElementById("upload");
const waiting = [];
const unfinished = [];
let sending = 0;

if (form) {
  const files = document.getElementById("files");
  const drop = form.querySelector(".drop");
  form.addEventListener("submit", (event) => event.preventDefault());
  files.addEventListener("change", () => {
    add(files.files);
    files.value = "";
  });
  for (const name of ["dragover", "dragleave", "drop"])
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") add(event.dataTransfer.files);
    });
  poll();
}

function add(files) {
  for (const file of files) {
    const row = document.getElementById("one").content.firstElementChild.cloneNode(true);
    const upload = { file, row, key: document.getElementById("prefix").value + file.name };
    row.querySelector(".name").textContent = upload.key;
    row.querySelector("progress").setAttribute("aria-label", `Upload of ${upload.key}`);
    document.getElementById("uploads").append(row);
    if (file.size > Number(form.dataset.max)) {
      end(upload, `The file has more than ${Number(form.dataset.max).toLocaleString("en")} bytes.`);
      continue;
    }
    say(upload, "Waiting for other uploads …");
    waiting.push(upload);
  }
  next();
}

function next() {
  while (sending < PARALLEL && waiting.length) {
    sending += 1;
    send(waiting.shift(), () => {
      sending -= 1;
      next();
    });
  }
}

function send(upload, done) {
  const query = new URLSearchParams({ key: upload.key, ...(upload.replaces && { replace: "1" }) });
  const request = new XMLHttpRequest();
  say(upload, "Uploading …");
  upload.row.querySelector("progress").hidden = false;
  request.open("POST", `/upload?${query}`);
  request.setRequestHeader("x-csrf-token", form.dataset.csrf);
  request.responseType = "json";
  request.upload.onprogress = (event) => (upload.row.querySelector("progress").value = event.loaded / event.total);
  request.onerror = () => end(upload, "The console does not answer. Check that it is still running.");
  request.onload = () => answered(upload, request);
  request.onloadend = done;
  request.send(upload.file);
}

function answered(upload, { response, status }) {
  if (response?.etag) {
    say(upload, "Uploaded. Its variants are being made …");
    unfinished.push({ ...upload, etag: response.etag, until: Date.now() + MOST_WAIT_MILLISECONDS });
  } else if (response?.is_same) {
    link(upload);
    end(upload, "The bucket has this file already. Nothing was changed.");
  } else if (response?.exists) ask(upload);
  else end(upload, response?.problem ?? `The console answered ${status}.`);
}

function ask(upload) {
  say(upload, "The bucket has another file with this key.");
  upload.row.querySelector("progress").hidden = true;
  link(upload);
  const buttons = document.createElement("p");
  buttons.className = "actions";
  for (const [words, act] of [
    ["Replace it", () => waiting.push({ ...upload, replaces: true })],
    ["Keep it", () => end(upload, "Not uploaded. The file of this key was kept.")],
  ]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.setAttribute("aria-label", `${words}: ${upload.key}`);
    button.addEventListener("click", () => {
      buttons.remove();
      act();
      next();
    });
    buttons.append(button);
  }
  upload.row.querySelector(".said").after(buttons);
}

async function poll() {
  if (!document.hidden)
    for (const upload of unfinished.splice(0, ASKED)) {
      const query = new URLSearchParams({ key: upload.key, etag: upload.etag });
      const found = await fetch(`/upload/outcome?${query}`)
        .then((response) => response.json())
        .catch(() => ({ state: "pending" }));
      if (!became(upload, found)) unfinished.push(upload);
    }
  setTimeout(poll, POLL_MILLISECONDS);
}

function became(upload, found) {
  if (found.state === "published") {
    const image = upload.row.querySelector("img");
    image.src = `/small?key=${encodeURIComponent(upload.key)}`;
    image.hidden = false;
    link(upload);
    end(upload, "Published.");
  } else if (found.state === "rejected") {
    link(upload);
    end(upload, `Rejected: ${found.cause}: ${found.detail}${found.do && ` To do: ${found.do}.`}`);
  } else if (Date.now() > upload.until) {
    link(upload);
    end(upload, "It is still waiting. Its page says why.");
  } else return false;
  return true;
}

function link({ row, key }) {
  const made = document.createElement("a");
  made.href = `/image?key=${encodeURIComponent(key)}`;
  made.textContent = key;
  row.querySelector(".name").replaceChildren(made);
}

function say({ row }, words) {
  row.querySelector(".said").textContent = words;
}

function end(upload, words) {
  upload.row.querySelector("progress").remove();
  say(upload, words);
}
