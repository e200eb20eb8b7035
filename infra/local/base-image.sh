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
# Only commands stay that AWS's image is known to have, so that a line which needs another fails here
# too. Its packages are bash, coreutils-single, gawk, glibc-common and grep, and neither findutils,
# diffutils nor gzip (rpm -qa in public.ecr.aws/lambda/python:3.12: amazonlinux/amazon-linux-2023#585;
# aws/aws-lambda-base-images#173 and #196); its parent lacks which (amazon-linux-2023#297). Nothing
# says that sed, tar, ps or useradd are there. Its sh is bash.
kept=$(chroot "$root" dpkg --listfiles bash coreutils grep mawk libc-bin \
  python3-minimal python3.11-minimal python3-pip | sed -n 's|.*/s\?bin/||p')
kept+=$'\nawk\nsh'
for command in "$root"/usr/{bin,sbin}/*; do
  grep -qxF "${command##*/}" <<<"$kept" || rm "$command"
done
ln -sf bash "$root/usr/bin/sh"
# This machine may reach its package index only through a certificate authority of its own.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$root/var/task" "$root/var/runtime"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}

tar -C "$root" -c . | docker import \
  --change 'ENV LAMBDA_TASK_ROOT=/var/task LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin PIP_CERT=/etc/ssl/certs/ca-certificates.crt' \
  --change 'WORKDIR /var/task' - "$tag"
