"""What the person who uploaded a rejected image can do, for each cause."""

from collections.abc import Mapping

from shared.model.errors import Cause

ADVICE: Mapping[Cause, str] = {
    Cause.BAD_FOCAL: "Upload it again with a focal point as `x,y`, both from 0 to 1.",
    Cause.BAD_MESSAGE: "Tell the operator: the stack could not read the event of this image.",
    Cause.CORRUPT: "Export the picture again and upload that: its pixel data are damaged.",
    Cause.DECODER_CRASH: "Save the picture in another program and upload that: it cannot be read.",
    Cause.DECODE_TIMEOUT: "Upload a smaller or simpler picture: this one takes too long to read.",
    Cause.NOT_AN_IMAGE: "Upload a picture: this file is none.",
    Cause.OWN_OUTPUT: "Upload the original: this file is a variant that this service has made.",
    Cause.SOURCE_ENCRYPTED: "Upload it without your own encryption key (SSE-C).",
    Cause.TOO_COSTLY: "Upload a smaller picture, or a JPEG: this one takes too much memory.",
    Cause.TOO_MANY_BYTES: "Upload a smaller file.",
    Cause.TOO_MANY_FRAMES: "Upload an animation with fewer frames.",
    Cause.TOO_MANY_PIXELS: "Upload a picture with fewer pixels.",
    Cause.TRUNCATED: "Upload the file again: its end is missing.",
    Cause.UNKNOWN_RECIPE: "Upload it without the metadata `recipe`, or with the name of a recipe.",
    Cause.UNSUPPORTED_FORMAT: "Convert it to JPEG, PNG, WebP, AVIF, GIF, TIFF or HEIC.",
    Cause.UNSUPPORTED_KEY: "Choose a shorter key without control characters and '..' segments.",
}
OTHERWISE = "Upload the picture again; if that fails too, tell the operator its key."


def advice_for(cause: str) -> str:
    """Return what to do about a cause, in one sentence."""
    known = {each.value: sentence for each, sentence in ADVICE.items()}
    return known.get(cause, OTHERWISE)
