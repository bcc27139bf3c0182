"""Where the bundle starts."""

import os
import sys
from pathlib import Path

from agecam.cli import main

CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine
)
"""Where systems keep the certificates that they trust. OpenSSL would look where the build's system has them."""


def clean_environment() -> None:
    """Undo what PyInstaller has set to find the bundle's libraries and Qt's plug-ins.

    From here on both are found without it. Programs of the system that AgeCam opens, such as the file manager, would
    load the bundle's libraries instead of their own.
    """
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if before is not None:
        os.environ["LD_LIBRARY_PATH"] = before
    for name in ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH"):
        os.environ.pop(name, None)


def trust_the_system() -> None:
    """Let OpenSSL find the certificates of this system."""
    for path in CERTIFICATES:
        if Path(path).is_file():
            os.environ.setdefault("SSL_CERT_FILE", path)
            return


if sys.platform == "linux":
    clean_environment()
    trust_the_system()
sys.exit(main())
