#!/bin/sh
# build.sh BUSYBOX ARCHITECTURE OUTPUT: packs the `base` image as an OCI archive (a tar of an OCI
# image layout) from a static busybox and the files in rootfs/ beside this script.
#
# The same inputs give the same bytes: names are sorted, times are zero, owners are root, gzip
# stores no name. The documents come before the layer, so that one pass over a pipe is enough to
# import it. ARCHITECTURE is the image-spec's word: amd64, arm64, ...
set -eu
export LC_ALL=C
umask 022

busybox=$1
architecture=$2
output=$3
here=$(cd "$(dirname "$0")" && pwd)

if ldd "$busybox" >/dev/null 2>&1; then
    echo "$busybox is not static: install the package busybox-static" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
layout=$work/layout
blobs=$layout/blobs/sha256
mkdir -p "$root" "$blobs"

# pack DIR NAME...: a reproducible tar on stdout, members in the order given.
pack() {
    directory=$1
    shift
    tar -C "$directory" --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 \
        --numeric-owner -cf - "$@"
}

digest() {
    sha256sum "$1" | cut -d' ' -f1
}

# add_blob FILE: moves a file to its place in the layout and prints its digest.
add_blob() {
    blob_digest=$(digest "$1")
    mv "$1" "$blobs/$blob_digest"
    echo "$blob_digest"
}

size() {
    stat -c %s "$1"
}

### The root filesystem: one program, its names, and what programs expect to find.
cp -R "$here/rootfs/." "$root/"
mkdir -p "$root/bin" "$root/dev" "$root/etc" "$root/home" "$root/proc" "$root/root" "$root/run" \
    "$root/sys" "$root/tmp" "$root/usr" "$root/var/tmp"
find "$root" -type d -exec chmod 755 {} +
find "$root" -type f -exec chmod 644 {} +
chmod 755 "$root"/bin/*
chmod 700 "$root/root"
chmod 1777 "$root/tmp" "$root/var/tmp"
cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
for applet in $("$busybox" --list); do
    [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
done
ln -s bin "$root/sbin"
ln -s ../bin "$root/usr/bin"
ln -s ../bin "$root/usr/sbin"
ln -s ../run "$root/var/run"

### The layer.
pack "$root" . >"$work/layer.tar"
diff_id=$(digest "$work/layer.tar")
gzip -n -9 "$work/layer.tar"
layer_size=$(size "$work/layer.tar.gz")
layer=$(add_blob "$work/layer.tar.gz")

### The documents (image-spec config.md, manifest.md, image-index.md, image-layout.md).
cat >"$work/config" <<END
{
  "created": "1970-01-01T00:00:00Z",
  "architecture": "$architecture",
  "os": "linux",
  "config": {
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "Cmd": ["/bin/boundary"],
    "WorkingDir": "/"
  },
  "rootfs": {"type": "layers", "diff_ids": ["sha256:$diff_id"]},
  "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "busybox and /bin/boundary"}]
}
END
config_size=$(size "$work/config")
config=$(add_blob "$work/config")

cat >"$work/manifest" <<END
{
  "schemaVersion": 2,
  "mediaType": "application/vnd.oci.image.manifest.v1+json",
  "config": {
    "mediaType": "application/vnd.oci.image.config.v1+json",
    "digest": "sha256:$config",
    "size": $config_size
  },
  "layers": [
    {
      "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
      "digest": "sha256:$layer",
      "size": $layer_size
    }
  ]
}
END
manifest_size=$(size "$work/manifest")
manifest=$(add_blob "$work/manifest")

cat >"$layout/index.json" <<END
{
  "schemaVersion": 2,
  "mediaType": "application/vnd.oci.image.index.v1+json",
  "manifests": [
    {
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "sha256:$manifest",
      "size": $manifest_size,
      "platform": {"architecture": "$architecture", "os": "linux"},
      "annotations": {"org.opencontainers.image.ref.name": "docker.io/library/base:latest"}
    }
  ]
}
END
printf '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"

pack "$layout" --no-recursion oci-layout index.json blobs blobs/sha256 "blobs/sha256/$manifest" \
    "blobs/sha256/$config" "blobs/sha256/$layer" >"$work/archive"
mv "$work/archive" "$output"
