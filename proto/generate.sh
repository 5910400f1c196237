#!/bin/sh
# Generates TypeScript from the .proto files: proto/gen from this folder and from gRPC's own definitions of health and
# reflection, which its packages ship; controlplane/etcd/gen from etcd's API definition, which the etcd3 package ships.
# With --check it writes elsewhere and fails when the result differs.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

out=.
[ "${1:-}" = --check ] && out=$work/out
[ "$out" = . ] && rm -rf proto/gen controlplane/etcd/gen
mkdir -p "$out"

options=outputServices=grpc-js,oneof=unions-value,enumsAsLiterals=true,forceLong=bigint,esModuleInterop=true
options=$options,useReadonlyTypes=true,outputJsonMethods=false,outputPartialMethods=false,importSuffix=.ts,env=node
generate() { # output folder, more options, arguments of buf generate ...
  template="{\"version\":\"v2\",\"plugins\":[{\"local\":\"protoc-gen-ts_proto\",\"out\":\"$out/$1\",\"opt\":\"$options$2\"}]}"
  shift 2
  buf generate --template "$template" "$@"
}

generate proto/gen "" proto

# Under the names that the files have wherever gRPC is spoken.
grpc=$work/grpc/grpc
mkdir -p "$grpc/health/v1" "$grpc/reflection/v1" "$grpc/reflection/v1alpha"
cp node_modules/grpc-health-check/proto/health/v1/health.proto "$grpc/health/v1"
for version in v1 v1alpha; do
  cp "node_modules/@grpc/reflection/build/proto/grpc/reflection/$version/reflection.proto" "$grpc/reflection/$version"
done
generate proto/gen ",comments=false" "$work/grpc"

# What reflection tells. Descriptor sets are joined by joining their bytes: each is one repeated field.
{
  printf '/** A google.protobuf.FileDescriptorSet of every service that micro server answers itself, in base64. */\n'
  printf "export const descriptors =\n  '"
  # What nodes tell each other is not for whoever calls a server.
  for input in "proto --exclude-path proto/micro/nodes" "$work/grpc"; do
    # shellcheck disable=SC2086 -- options follow some
    buf build $input --as-file-descriptor-set --exclude-source-info --output -#format=binpb
  done | base64 | tr -d '\n'
  printf "';\n"
} >"$out/proto/gen/descriptors.ts"

# buf refuses the REST annotations, whose definitions the package does not carry; nothing here uses them.
mkdir "$work/etcd"
for file in kv auth rpc; do
  perl -0pe 's/\{\s*option \(google\.api\.http\) = \{.*?\};\s*\}/{}/gs; s{import "\./}{import "}g' \
    "node_modules/etcd3/proto/$file.proto" >"$work/etcd/$file.proto"
done
generate controlplane/etcd/gen ",comments=false" "$work/etcd" \
  --type etcdserverpb.KV --type etcdserverpb.Watch --type etcdserverpb.Lease \
  --type etcdserverpb.Cluster --type etcdserverpb.Maintenance

if [ "$out" != . ]; then
  for folder in proto/gen controlplane/etcd/gen; do
    diff -r "$out/$folder" "$folder" >/dev/null || {
      echo "$folder is older than its .proto files: run 'npm run generate' and commit the result" >&2
      exit 1
    }
  done
fi
