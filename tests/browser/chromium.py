"""Headless Chromium as a decoder, driven through the pipes of its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/; no socket is opened.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from PIL import Image

from tests.imaging.second_decoders import Shown

PROGRAM = "chromium"
# Chromium reads commands from descriptor 3, and writes answers to descriptor 4.
WITH_PIPES = 'exec "${@:3}" 3<&"$1" 4>&"$2"'
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # it cannot be set up by root, and the sources are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--no-first-run",
    "--remote-debugging-pipe",
)
CHUNK_BYTES = 1 << 16
SECONDS_TO_CLOSE = 20
MIME = {name: f"image/{name}" for name in ("avif", "bmp", "gif", "jpeg", "png", "webp")}
# An <img> is what readers see: with orientation, and of an animation the first frame.
# ImageDecoder has the frames and durations: https://www.w3.org/TR/webcodecs/#image-decoding
DECODE = """
async (encoded, type) => {
  const bytes = Uint8Array.from(atob(encoded), each => each.charCodeAt(0));
  const pixels = (source, width, height) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d', {colorSpace: 'srgb', willReadFrequently: true});
    context.drawImage(source, 0, 0);
    const held = context.getImageData(0, 0, width, height).data;
    let text = '';
    for (let at = 0; at < held.length; at += 32768)
      text += String.fromCharCode(...held.subarray(at, at + 32768));
    return {width, height, pixels: btoa(text)};
  };
  const image = new Image();
  await new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = () => reject(new Error('Chromium cannot decode the image.'));
    image.src = URL.createObjectURL(new Blob([bytes], {type}));
  });
  const still = pixels(image, image.naturalWidth, image.naturalHeight);
  const decoder = new ImageDecoder({data: bytes, type});
  await Promise.all([decoder.tracks.ready, decoder.completed]);
  const count = decoder.tracks.selectedTrack.frameCount;
  if (count < 2) return {frames: [still], durations: []};
  const frames = [], durations = [];
  for (let frameIndex = 0; frameIndex < count; frameIndex++) {
    const {image: frame} = await decoder.decode({frameIndex});
    frames.push(pixels(frame, frame.displayWidth, frame.displayHeight));
    durations.push(frame.duration / 1000);
    frame.close();
  }
  return {frames, durations};
}
"""


class Chromium:
    """One headless browser with one empty page."""

    def __init__(self, *options: str) -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise FileNotFoundError(
                "Expected the program chromium, got none: apt-get install chromium."
            )
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        page = Path(self._folder.name, "page.html")
        page.write_text("<!doctype html><title>decoder</title>")
        its_input, self._commands = os.pipe()
        self._answers, its_output = os.pipe()
        self._process = subprocess.Popen(
            [
                *("bash", "-c", WITH_PIPES, "bash", str(its_input), str(its_output), program),
                *(*OPTIONS, *options, f"--user-data-dir={self._folder.name}/profile"),
            ],
            pass_fds=(its_input, its_output),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_input)
        os.close(its_output)
        self._received, self._number, self._session = b"", 0, ""
        self._events: deque[Mapping[str, Any]] = deque()
        self._session = self._attached()
        # Not opened by an option: the page would replace an empty one at any time.
        self.call("Page.navigate", url=page.as_uri())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the browser, and remove its profile."""
        os.close(self._commands)  # it exits when the pipe closes
        try:
            self._process.wait(SECONDS_TO_CLOSE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._answers)
        self._folder.cleanup()

    @property
    def version(self) -> str:
        """Return the name and the version of the browser."""
        session, self._session = self._session, ""
        try:
            return str(self.call("Browser.getVersion")["product"])
        finally:
            self._session = session

    def shown(self, data: bytes, format_name: str) -> Shown:
        """Return what the browser shows of a file; `ValueError` if it shows nothing."""
        arguments = (base64.b64encode(data).decode(), MIME[format_name])
        answer = self.call(
            "Runtime.evaluate",
            expression=f"({DECODE})(...{json.dumps(arguments)})",
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            raise ValueError(answer["exceptionDetails"]["exception"]["description"])
        value = answer["result"]["value"]
        frames = [
            Image.frombytes(
                "RGBA", (each["width"], each["height"]), base64.b64decode(each["pixels"])
            )
            for each in value["frames"]
        ]
        return Shown(frames, [round(each) for each in value["durations"]])

    def _attached(self) -> str:
        """Return the session of the first page, once the browser has opened it."""
        while True:
            for target in self.call("Target.getTargets")["targetInfos"]:
                if target["type"] == "page":
                    attached = self.call(
                        "Target.attachToTarget", targetId=target["targetId"], flatten=True
                    )
                    return str(attached["sessionId"])

    def call(self, method: str, **parameters: object) -> Mapping[str, Any]:
        """Send a command of the protocol, and return its result; events wait for `next_event`."""
        self._number += 1
        command: dict[str, object] = {
            "id": self._number,
            "method": method,
            "params": parameters,
        }
        if self._session:
            command["sessionId"] = self._session
        message = json.dumps(command).encode() + b"\0"
        while message:
            message = message[os.write(self._commands, message) :]
        while True:
            answer = self._next()
            if "id" not in answer:
                self._events.append(answer)
            elif answer["id"] == self._number:
                if "error" in answer:
                    raise RuntimeError(f"Expected a result of {method}, got {answer['error']}.")
                return dict(answer["result"])

    def forget_events(self) -> None:
        """Forget what has happened so far, such as requests of an earlier page."""
        self._events.clear()

    def next_event(self, *methods: str) -> Mapping[str, Any]:
        """Return the parameters of the next event of these names; earlier others are lost."""
        while True:
            event = self._events.popleft() if self._events else self._next()
            if event.get("method") in methods:
                return dict(event["params"])

    def value(self, script: str) -> Any:  # noqa: ANN401 - any value of JSON
        """Return the value of an expression, also that of a promise."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Remove and return the events that have arrived so far."""
        while self._events:
            yield self._events.popleft()

    def _next(self) -> Mapping[str, Any]:
        """Return the next answer or event; messages end with a zero byte."""
        while b"\0" not in self._received:
            received = os.read(self._answers, CHUNK_BYTES)
            if not received:
                raise EOFError("Chromium has ended.")
            self._received += received
        message, _, self._received = self._received.partition(b"\0")
        return dict(json.loads(message))
