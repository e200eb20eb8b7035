#!/usr/bin/env bash
# Builds a stand-in for AWS's Lambda base image out of Debian packages, for machines that reach no
# image registry. It is for trying images here, and never shipped.
#
#   infra/local/base-image.sh [TAG]        default: image-classifier-base:local
#   sam build --parameter-overrides BaseImage=image-classifier-base:local
set -euo pipefail

tag=${1:-image-classifier-base:local}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt install debootstrap" >&2; exit 1; }
docker info >/dev/null 2>&1 || { echo "no Docker engine answers" >&2; exit 1; }

debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,ca-certificates \
  bookworm "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}

# As in Lambda's image: python and pip by their plain names, and pip free to install.
rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
ln -sf /usr/bin/python3 "$root/usr/local/bin/python"
ln -sf /usr/bin/pip3 "$root/usr/local/bin/pip"
# This machine may reach its package index only through a certificate authority of its own.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$root/var/task" "$root/var/runtime"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}

tar -C "$root" -c . | docker import \
  --change 'ENV LAMBDA_TASK_ROOT=/var/task LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin PIP_CERT=/etc/ssl/certs/ca-certificates.crt' \
  --change 'WORKDIR /var/task' - "$tag"
