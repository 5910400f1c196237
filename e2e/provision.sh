#!/bin/sh
# Makes sure that what the tests need beside Node is there: a real etcd and its command line client, git, and openssl,
# which makes their certificates.
set -eu
missing=
command -v etcd >/dev/null || missing="$missing etcd-server"
command -v etcdctl >/dev/null || missing="$missing etcd-client"
command -v git >/dev/null || missing="$missing git"
command -v openssl >/dev/null || missing="$missing openssl"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  sudo=
elif sudo -n true 2>/dev/null; then
  sudo=sudo
else
  echo "The tests need$missing. Install with: sudo apt-get install$missing" >&2
  exit 1
fi
# The packages' services must not start: the tests bring their own etcd, on ports of their own.
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
