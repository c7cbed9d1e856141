// Calls of Pixfleet's API.

const ATTEMPTS = 5;
// The gateway answers these before the request reaches the API, without a Retry-After.
const WORTH_REPEATING = new Set([429, 503]);

/** An answer that is not a success; the message says what to do. */
export class Refused extends Error {
  constructor(status, document) {
    // `detail` comes from the API, `message` from API Gateway, which has no problem details.
    super(document.detail ?? document.message ?? `The API answered ${status}.`);
    this.status = status;
    this.cause = document.cause;
    // Uppy 5 looks for the status here, and does not repeat a call that was refused.
    this.source = { status };
  }
}

export class Pixfleet {
  /** `token` returns the token of the person who has signed in. */
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /** Sign the upload of one file; without `method` the API chooses between POST and MULTIPART. */
  sign(key, file, method) {
    return this.#json("POST", "/v1/uploads", { key, bytes: file.size, type: file.type, method });
  }

  signPart(uploadId, number) {
    return this.#json("POST", `/v1/uploads/${uploadId}/parts/${number}`);
  }

  parts(uploadId) {
    return this.#json("GET", `/v1/uploads/${uploadId}/parts`);
  }

  complete(uploadId) {
    return this.#json("POST", `/v1/uploads/${uploadId}/complete`);
  }

  abort(uploadId) {
    return this.#json("DELETE", `/v1/uploads/${uploadId}`);
  }

  delete(key) {
    return this.#json("DELETE", `/v1/image?${new URLSearchParams({ key })}`);
  }

  /** Return the record of an image once it is ready; `Refused` with a `cause` if it never will be. */
  async ready(key) {
    const path = `/v1/image?${new URLSearchParams({ key, wait: 20 })}`;
    for (;;) {
      const answer = await this.#send("GET", path);
      if (answer.status !== 202) return await answer.json();
      await pause(answer);
    }
  }

  async #json(method, path, body) {
    const answer = await this.#send(method, path, body);
    return answer.status === 204 ? null : await answer.json();
  }

  async #send(method, path, body) {
    const headers = { Authorization: `Bearer ${this.token()}` };
    if (body) headers["Content-Type"] = "application/json";
    const request = { method, headers, body: body && JSON.stringify(body) };
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(this.url + path, request);
      if (answer.ok) return answer;
      if (!WORTH_REPEATING.has(answer.status) || attempt === ATTEMPTS) {
        throw new Refused(answer.status, await answer.json().catch(() => ({})));
      }
      await pause(answer, attempt);
    }
  }
}

function pause(answer, seconds = 1) {
  const asked = Number(answer.headers.get("Retry-After") ?? seconds);
  return new Promise((next) => setTimeout(next, 1000 * asked));
}
