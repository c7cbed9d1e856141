// Parts that load again while the tab is visible, thumbnails, forms and the handle.

const TICK_MILLISECONDS = 1000;
const TRIES = 20;
const BUSY = 503;

// htmx sets HTML: only that of the response that it is about to show. Nothing else may.
let shown = "";
document.addEventListener("htmx:beforeSwap", (event) => (shown = event.detail.serverResponse));
const WRAPPED = (html) => `<body><template class="internal-htmx-wrapper">${html}</template></body>`;
globalThis.trustedTypes?.createPolicy("default", { createHTML: (html) => (html === WRAPPED(shown) ? html : null) });

let seconds = 0;
setInterval(() => {
  if (document.hidden) return;
  seconds += 1;
  for (const part of document.querySelectorAll("[data-every]"))
    if (!part.closest("details:not([open])") && seconds % Number(part.dataset.every) === 0) htmx.trigger(part, "tick");
}, TICK_MILLISECONDS);

// A part that cannot be loaded says so; the page around it stays.
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"])
  document.addEventListener(name, ({ detail }) => {
    const said = element("p", wordsOf(detail.xhr?.status));
    const again = element("button", "Try again");
    again.type = "button";
    again.dataset.again = detail.pathInfo.requestPath;
    const problem = element("div");
    problem.className = "problem";
    problem.setAttribute("role", "alert");
    problem.append(said, again);
    detail.target.replaceChildren(problem);
  });

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-again]");
  if (!button) return;
  button.disabled = true;
  const target = button.closest(".part, #result");
  htmx.ajax("GET", button.dataset.again, { target, swap: "innerHTML" });
});

function wordsOf(status) {
  if (status === BUSY) return "The console is busy.";
  return status ? `The console answered ${status}.` : "The console does not answer. Check that it is still running.";
}

function element(name, words = "") {
  const made = document.createElement(name);
  made.textContent = words;
  return made;
}

// Events of images do not bubble, so they are caught on their way down.
document.addEventListener("error", ({ target }) => target.matches?.("img[data-thumbnail]") && replace(target), true);
document.addEventListener("load", ({ target }) => target.matches?.("img[data-thumbnail]") && reveal(target), true);

// One source is rendered at a time: a picture that had to wait too long is requested again.
async function replace(image) {
  const tries = Number(image.dataset.tries ?? 0);
  const response = tries < TRIES ? await fetch(image.src).catch(() => null) : null;
  const words = response?.status === BUSY ? "waiting …" : "no picture";
  reveal(image);
  const said = element("span", words);
  said.className = "missing";
  image.before(said);
  image.hidden = true;
  if (response?.status !== BUSY) return image.remove();
  image.dataset.tries = tries + 1;
  image.loading = "eager"; // a hidden picture is never near the window
  setTimeout(() => (image.src = image.src), Number(response.headers.get("retry-after")) * 1000);
}

function reveal(image) {
  if (image.previousElementSibling?.matches(".missing")) image.previousElementSibling.remove();
  image.hidden = false;
}

// A second click would send a form again.
document.addEventListener("submit", (event) => {
  if (!event.target.matches(".confirm")) return;
  if ("sent" in event.target.dataset) event.preventDefault();
  event.target.dataset.sent = "";
  event.target.querySelector("button").textContent = "Sending …";
});

document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-compare]");
  if (box) box.style.setProperty("--cut", `${event.target.value}%`);
});
