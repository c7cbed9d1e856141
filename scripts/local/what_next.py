"""What `make up` prints at its end: commands that can be typed as they stand."""

from scripts.local.clients import ANY_KEY, REGION
from scripts.local.place import DEFAULT_PORT, Place
from scripts.local.terraform_root import Names

ACCEPT = "image/avif,image/webp,*/*"


def what_next(place: Place, names: Names) -> str:
    """Return what to try with the stack that is up."""
    url = place.endpoint_url
    port = "" if place.port == DEFAULT_PORT else f" PORT={place.port}"
    return f"""\
The whole stack is up at {url}. For the commands below:

  export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID={ANY_KEY} AWS_SECRET_ACCESS_KEY={ANY_KEY} \
AWS_DEFAULT_REGION={REGION}

Drop a picture, by the AWS command or without it:

  aws s3 cp cat.jpg s3://{names.sources_bucket}/
  .venv/bin/python -c 'import boto3; boto3.client("s3").upload_file("cat.jpg", \
"{names.sources_bucket}", "cat.jpg")'

Fetch it seconds later, as a browser does; change Accept to */* for a JPEG:

  curl -o cat.avif -H 'Host: {names.domain_name}' -H 'X-Forwarded-Proto: https' \
-H 'Accept: {ACCEPT}' '{url}/cat.jpg?w=640'

Look into it, change terraform/ or the code and run `make up` again, or take it all down:

  .venv/bin/pixfleet status --endpoint-url {url}
  make up{port}
  make down{port}
"""
