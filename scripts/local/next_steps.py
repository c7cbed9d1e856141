"""The text that `make up` prints at its end: commands to copy."""

import json
from collections.abc import Mapping

from scripts.local.clients import DUMMY_KEY, REGION
from scripts.local.edge.control import PATH
from scripts.local.instance import DEFAULT_PORT, Instance
from scripts.local.terraform_root import StackNames

ACCEPT = "image/avif,image/webp,*/*"
# The user that laptop/api.tf makes.
USER, PASSWORD, FOLDER = "ann", "Upload-1", "users/ann"


def api_steps(instance: Instance, names: StackNames) -> str:
    """Return commands that sign in, sign an upload, send the file and wait for its variants."""
    sign_in = json.dumps(
        {
            "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": USER, "PASSWORD": PASSWORD},
            "ClientId": names.api_client,
        }
    )
    upload = (
        f'{{\\"key\\": \\"{FOLDER}/cat.jpg\\", \\"type\\": \\"image/jpeg\\", '
        '\\"method\\": \\"PUT\\", \\"bytes\\": $(wc -c < cat.jpg)}'
    )
    return f"""\
  TOKEN=$(curl -s {instance.endpoint_url} -H 'Content-Type: application/x-amz-json-1.1' \
-H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' -d '{sign_in}' \
| jq -r .AuthenticationResult.IdToken)
  curl -s {names.api_url}/v1/uploads -H "Authorization: Bearer $TOKEN" \
-H 'Content-Type: application/json' -d "{upload}" > signed.json
  jq -r '.headers | to_entries[] | "\\(.key): \\(.value)"' signed.json > headers.txt
  curl -f -X PUT -H @headers.txt --data-binary @cat.jpg "$(jq -r .url signed.json)"
  curl -s -H "Authorization: Bearer $TOKEN" "{names.api_url}$(jq -r .image signed.json)&wait=20"
"""


def page_config(instance: Instance, names: StackNames) -> Mapping[str, object]:
    """Return the config.json of docs/upload for this stack."""
    return {
        "api": names.api_url,
        "folder": FOLDER,
        "sign_in": {"url": instance.endpoint_url, "client_id": names.api_client},
    }


def next_steps(instance: Instance, names: StackNames) -> str:
    """Return commands to try on the stack."""
    url = instance.endpoint_url
    port = "" if instance.port == DEFAULT_PORT else f" PORT={instance.port}"
    return f"""\
The whole stack is up at {url}. For the commands below:

  export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID={DUMMY_KEY} AWS_SECRET_ACCESS_KEY={DUMMY_KEY} \
AWS_DEFAULT_REGION={REGION}

Upload an image, with the AWS command or without it:

  aws s3 cp cat.jpg s3://{names.sources_bucket}/
  .venv/bin/python -c 'import boto3; boto3.client("s3").upload_file("cat.jpg", \
"{names.sources_bucket}", "cat.jpg")'

Open it in a browser some seconds later, or fetch a variant; change Accept to */* for a JPEG:

  {names.edge_url}/cat.jpg?w=640
  curl -o cat.avif -H 'Accept: {ACCEPT}' '{names.edge_url}/cat.jpg?w=640'

Upload one through the API, without AWS credentials; the user {USER} reaches {FOLDER}/ only:

{api_steps(instance, names)}
Or with a page, http://localhost:8000, as {USER} with the password {PASSWORD}:

  cd docs/upload && npm ci
  echo '{json.dumps(page_config(instance, names))}' > config.json
  npm start

The distribution caches as CloudFront does. Put its clock five minutes forward:

  curl -d '{{"advance_seconds": 300}}' {url}{PATH}

See its status; after a change of terraform/ or the code, update it; destroy it:

  .venv/bin/pixfleet status --endpoint-url {url}
  make up{port}
  make down{port}
"""
