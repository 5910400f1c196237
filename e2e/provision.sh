#!/bin/sh
# Makes sure that programs which are needed beside Node are there.
#
#   sh e2e/provision.sh [program-or-file=debian-package]…     default: for the tests, a real etcd, its client,
#   git, an ssh server to fetch from, openssl, which makes their certificates, Python's gRPC, which calls them and is called, and
#   what sample services are built with (Go and Rust by way of a C compiler, Python with the wheel of pip that environments
#   start with)
set -eu
[ $# -gt 0 ] || set -- etcd=etcd-server etcdctl=etcd-client git=git /usr/sbin/sshd=openssh-server openssl=openssl \
  python3=python3 /usr/lib/python3/dist-packages/grpc=python3-grpcio /usr/share/python-wheels=python3-venv \
  go=golang-go cargo=cargo gcc=gcc /usr/include/stdlib.h=libc6-dev
missing=
for pair; do
  command -v "${pair%%=*}" >/dev/null || [ -e "${pair%%=*}" ] || missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  sudo=
elif sudo -n true 2>/dev/null; then
  sudo=sudo
else
  echo "These packages are missing:$missing. Install with: sudo apt-get install$missing" >&2
  exit 1
fi
# The packages' services must not start: tests and benchmarks start their own, on ports of their own.
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
