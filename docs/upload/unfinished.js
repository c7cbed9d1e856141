// Uploads in parts that are not complete yet, remembered across reloads of the page.

/**
 * The browser keeps the id of an upload, S3 its parts, and nobody the file: the person chooses it
 * again, and it is known by its name, its length and when it was changed.
 */
export class Unfinished {
  /** `place` separates the uploads of one API from those of another; `user` is set at sign-in. */
  constructor(place, storage = window.localStorage) {
    this.place = place;
    this.storage = storage;
    this.user = "";
  }

  /** Return all uploads that S3 may still have; the others are forgotten. */
  all() {
    const found = JSON.parse(this.storage.getItem(this.#name()) ?? "[]");
    return found.filter((each) => Date.parse(each.until) > Date.now());
  }

  /** Return what was begun for this file; undefined if nothing was. */
  of(file) {
    return this.all().find((each) => isSame(each, file));
  }

  /** Remember an upload that the API has begun. */
  begun(file, upload) {
    const { name, size, lastModified } = file;
    const { key, upload_id: uploadId, expires_at: until } = upload;
    this.#write([...this.#others(file), { name, size, lastModified, key, uploadId, until }]);
  }

  /** Forget an upload that was completed or given up. */
  forget(file) {
    this.#write(this.#others(file));
  }

  #others(file) {
    return this.all().filter((each) => !isSame(each, file));
  }

  #write(uploads) {
    this.storage.setItem(this.#name(), JSON.stringify(uploads));
  }

  #name() {
    return `pixfleet-unfinished ${this.place} ${this.user}`;
  }
}

function isSame(one, other) {
  return ["name", "size", "lastModified"].every((field) => one[field] === other[field]);
}
