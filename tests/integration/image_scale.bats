#!/usr/bin/env bats
# not faulty: it measures
# timeout: 240
# What only shows at scale, in its short form: everything that a layer can say, 40 layers, memory.
# Compared file by file with what podman and umoci unpack from the same image.

load lib
load registry_lib
load scale_lib

@test "everything that a layer can say is unpacked as podman and umoci do" {
    scale_image features features
    compare_with_peers features
}

@test "40 layers are unpacked as umoci does" {
    scale_image layers layers:40
    compare_with_umoci layers
}

@test "layers that lean on those below are unpacked as umoci does" {
    scale_image leaning leaning:8
    compare_with_umoci leaning
}

@test "a pull stays below 64 MiB, whatever the image: 40 layers" {
    expect_memory 64 pull -q "$REGISTRY_PLAIN/scale/layers:1"
}

@test "a pull stays below 64 MiB, whatever the image: wide windows of zstd" {
    scale_image window25 window:25
    expect_memory 64 pull -q "$REGISTRY_PLAIN/scale/window25:1"
    try image verify "$REGISTRY_PLAIN/scale/window25:1"
    expect_status 0
    scale_image window26 window:26
    try pull -q "$REGISTRY_PLAIN/scale/window26:1"
    expect_error 125 'layer 1: the zstd data needs more than 32 MiB of memory'
    expect_memory 64 pull -q "$REGISTRY_PLAIN/scale/window26:1" || [ "$status" = 125 ]
    try system check
    expect_match ' 0 findings'
}

@test "an import stays below 64 MiB: wide windows of xz" {
    local preset
    mkdir -p "$TEST_DIR/zeroes"
    head -c 80000000 /dev/zero >"$TEST_DIR/zeroes/file"
    tar -C "$TEST_DIR/zeroes" -cf "$TEST_DIR/zeroes.tar" file
    for preset in dict=64MiB dict=32MiB; do
        xz -k -f --lzma2="preset=0,$preset" "$TEST_DIR/zeroes.tar"
        expect_memory 64 import "$TEST_DIR/zeroes.tar.xz" zeroes:1 || true
        [ "$preset" = dict=32MiB ] || [ "$status" = 125 ]
    done
    [ "$status" = 0 ]
    rm -r "$TEST_DIR"/zeroes*
}

@test "a manifest of 50 MB, and an index without end, are refused in little memory" {
    start_hostile
    expect_memory 64 pull -q "$HOSTILE/huge:1" || [ "$status" = 125 ]
    expect_memory 64 pull -q --all-platforms "$HOSTILE/whole-parts:1" ||
        [ "$status" = 125 ]
}
