"""The route table: every route of the API, once."""

from worker.api.deletions.delete import (
    Deletion,
    Deletions,
    create_deletions,
    delete_image,
    delete_image_by_key,
)
from worker.api.deletions.purges import Purge, create_purge
from worker.api.deletions.receipts import Receipt, get_deletion
from worker.api.images.listing import Images, list_images
from worker.api.images.record import Image
from worker.api.images.status import get_image, get_image_by_key
from worker.api.problems import (
    AlreadyExists,
    BadKey,
    Forbidden,
    ForgedCursor,
    Gone,
    Incomplete,
    NoRecipe,
    NotConfigured,
    NotFound,
    Rejected,
    TooLarge,
    UnsupportedType,
)
from worker.api.routing import Route
from worker.api.service.description import get_openapi
from worker.api.service.health import Health, get_health
from worker.api.uploads.create import SignedUpload, create_upload
from worker.api.uploads.form import StoredFiles, create_images
from worker.api.uploads.multipart import (
    CompletedUpload,
    Parts,
    SignedPart,
    abort_upload,
    complete_upload,
    list_parts,
    sign_part,
)

KEYED = (BadKey, Forbidden)
WITH_BODY = (*KEYED, TooLarge, UnsupportedType)
OF_UPLOAD = (*KEYED, NotFound)
OF_IMAGE = (*KEYED, NotFound, Gone, Rejected, NoRecipe)
OF_DELETION = (*KEYED, NotFound, NotConfigured)
STATUS = {200: Image, 202: Image, 304: None}


ROUTES = (
    Route(
        "POST",
        "/v1/uploads",
        create_upload,
        answers={201: SignedUpload},
        problems=(*WITH_BODY, AlreadyExists, NoRecipe),
    ),
    Route(
        "POST",
        "/v1/uploads/{upload_id}/parts/{part_number}",
        sign_part,
        answers={200: SignedPart},
        problems=OF_UPLOAD,
    ),
    Route(
        "GET",
        "/v1/uploads/{upload_id}/parts",
        list_parts,
        answers={200: Parts},
        problems=OF_UPLOAD,
    ),
    Route(
        "POST",
        "/v1/uploads/{upload_id}/complete",
        complete_upload,
        answers={200: CompletedUpload},
        problems=(*OF_UPLOAD, AlreadyExists, Incomplete),
    ),
    Route(
        "DELETE",
        "/v1/uploads/{upload_id}",
        abort_upload,
        answers={204: None},
        problems=OF_UPLOAD,
    ),
    Route(
        "POST",
        "/v1/images",
        create_images,
        answers={201: StoredFiles},
        problems=(*WITH_BODY, AlreadyExists, NoRecipe),
    ),
    Route(
        "GET",
        "/v1/images",
        list_images,
        answers={200: Images},
        problems=(*KEYED, ForgedCursor),
    ),
    Route("GET", "/v1/image", get_image, answers=STATUS, problems=OF_IMAGE),
    Route("GET", "/v1/images/{key}", get_image_by_key, answers=STATUS, problems=OF_IMAGE),
    Route("DELETE", "/v1/image", delete_image, answers={202: Deletion}, problems=OF_DELETION),
    Route(
        "DELETE",
        "/v1/images/{key}",
        delete_image_by_key,
        answers={202: Deletion},
        problems=OF_DELETION,
    ),
    Route(
        "POST",
        "/v1/deletions",
        create_deletions,
        answers={202: Deletions},
        problems=(*WITH_BODY, NotConfigured),
    ),
    Route(
        "GET",
        "/v1/deletions/{receipt_id}",
        get_deletion,
        answers={200: Receipt},
        problems=(*KEYED, NotFound),
    ),
    Route(
        "POST",
        "/v1/purge",
        create_purge,
        answers={202: Purge},
        problems=(*WITH_BODY, NotConfigured),
    ),
    Route("GET", "/v1/health", get_health, answers={200: Health}, is_public=True),
    Route("GET", "/v1/openapi.json", get_openapi, answers={200: dict}, is_public=True),
)
