"""An S3 server on this computer."""

from collections.abc import Iterator

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "photos"


@pytest.fixture(scope="session")
def s3_environment() -> Iterator[dict[str, str]]:
    """The variables with which S3 means a server on this computer; it has the bucket `photos`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        environment = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            boto3.client("s3").create_bucket(Bucket=BUCKET)
            yield environment
    finally:
        server.stop()


@pytest.fixture(params=["local", "memory", "s3"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a folder that does not exist yet, on each kind of file system."""
    name = tmp_path_factory.mktemp("out")
    if request.param == "local":
        yield str(name / "data")
    elif request.param == "memory":
        yield f"memory://{name.name}/data"
        fsspec.filesystem("memory").rm(f"/{name.name}", recursive=True)
    else:
        request.getfixturevalue("s3_environment")
        yield f"s3://{BUCKET}/{name.name}/data"
