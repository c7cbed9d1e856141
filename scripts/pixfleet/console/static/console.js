// Parts that load again while the tab is visible, thumbnails, the handle, and uploads.

const TICK_MILLISECONDS = 1000;
const POLL_MILLISECONDS = 2000;
const POLLS = 150;
const TRIES = 20;

let seconds = 0;
setInterval(() => {
  if (document.hidden) return;
  seconds += 1;
  for (const part of document.querySelectorAll("[data-every]"))
    if (!part.closest("details:not([open])") && seconds % Number(part.dataset.every) === 0) htmx.trigger(part, "tick");
}, TICK_MILLISECONDS);

// A part that cannot be loaded says so; the page around it stays.
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"])
  document.addEventListener(name, (event) => {
    const said = document.createElement("p");
    said.className = "problem";
    said.setAttribute("role", "alert");
    said.textContent = event.detail.xhr?.status
      ? `The console answered ${event.detail.xhr.status}.`
      : "The console does not answer. Is it still running?";
    event.detail.target.replaceChildren(said);
  });

// Events of images do not bubble, so they are caught on their way down.
document.addEventListener(
  "error",
  (event) => {
    const image = event.target;
    if (image.localName !== "img" || !image.hasAttribute("data-thumbnail")) return;
    replace(image);
  },
  true,
);

// One source is rendered at a time: a picture that had to wait too long is requested again.
async function replace(image) {
  const tries = Number(image.dataset.tries ?? 0);
  const response = tries < TRIES ? await fetch(image.src).catch(() => null) : null;
  if (response?.status === 503) {
    image.dataset.tries = tries + 1;
    setTimeout(() => (image.src = image.src), Number(response.headers.get("retry-after")) * 1000);
    return;
  }
  const said = document.createElement("span");
  said.className = "missing";
  said.textContent = "no picture";
  image.replaceWith(said);
}

// A second click would send a form again.
document.addEventListener("submit", (event) => {
  if (!event.target.matches(".confirm")) return;
  if ("sent" in event.target.dataset) event.preventDefault();
  event.target.dataset.sent = "";
});

document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-compare]");
  if (box) box.style.setProperty("--cut", `${event.target.value}%`);
});

const form = document.getElementById("upload");
if (form) {
  const files = document.getElementById("files");
  const drop = form.querySelector(".drop");
  form.addEventListener("submit", (event) => event.preventDefault());
  files.addEventListener("change", () => {
    [...files.files].forEach(send);
    files.value = "";
  });
  for (const name of ["dragover", "dragleave", "drop"])
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") [...event.dataTransfer.files].forEach(send);
    });
}

function send(file) {
  const row = document.getElementById("one").content.firstElementChild.cloneNode(true);
  const key = document.getElementById("prefix").value + file.name;
  const [name, bar, said] = [".name", "progress", ".said"].map((each) => row.querySelector(each));
  name.textContent = key;
  bar.setAttribute("aria-label", `Upload of ${key}`);
  document.getElementById("uploads").prepend(row);
  if (file.size > Number(form.dataset.max)) return ended(row, "The file is over the limit.");
  const request = new XMLHttpRequest();
  request.open("POST", `/upload?key=${encodeURIComponent(key)}`);
  request.setRequestHeader("x-csrf-token", form.dataset.csrf);
  request.responseType = "json";
  request.upload.onprogress = (event) => (bar.value = event.loaded / event.total);
  request.onerror = () => ended(row, "The console does not answer. Is it still running?");
  request.onload = () => {
    if (request.response?.etag) {
      said.textContent = "Uploaded. Its variants are being made …";
      follow(row, key, request.response.etag, POLLS);
    } else ended(row, request.response?.problem ?? `The console answered ${request.status}.`);
  };
  request.send(file);
}

async function follow(row, key, etag, left) {
  const query = new URLSearchParams({ key, etag });
  const found = await fetch(`/upload/outcome?${query}`)
    .then((response) => response.json())
    .catch(() => ({ state: "pending" }));
  if (found.state === "published") return published(row, key);
  if (found.state === "rejected") return ended(row, `Rejected: ${found.cause}: ${found.detail}${found.do && ` To do: ${found.do}.`}`);
  if (!left) return ended(row, "It is still waiting. Its page says why.");
  setTimeout(() => follow(row, key, etag, left - 1), POLL_MILLISECONDS);
}

function published(row, key) {
  const image = row.querySelector("img");
  image.src = `/small?key=${encodeURIComponent(key)}`;
  image.hidden = false;
  const link = document.createElement("a");
  link.href = `/image?key=${encodeURIComponent(key)}`;
  link.textContent = key;
  row.querySelector(".name").replaceChildren(link);
  ended(row, "Published.");
}

function ended(row, words) {
  row.querySelector("progress").remove();
  row.querySelector(".said").textContent = words;
}
