#!/usr/bin/env bats
# timeout: 3600
# long
# image_scale.bats with real numbers: 50,000 small files, Debian, 40 layers, as podman and umoci unpack
# them.

load lib
load registry_lib
load scale_lib

@test "50,000 small files" {
    scale_image files files:50000
    compare_with_peers files
    expect_memory 64 pull -q "$REGISTRY_PLAIN/scale/files:1"
}

@test "40 layers" {
    scale_image layers layers:40
    compare_with_peers layers
}

@test "40 layers that lean on those below" {
    scale_image leaning leaning:40
    compare_with_umoci leaning
}

@test "Debian" {
    require command -v mmdebstrap -- "mmdebstrap is not installed"
    mmdebstrap --variant=minbase bookworm "$TEST_DIR/debian.tar"
    scale_image debian "tar:$TEST_DIR/debian.tar"
    compare_with_peers debian
    expect_memory 64 pull -q "$REGISTRY_PLAIN/scale/debian:1"
    try run --rm --net none "$REGISTRY_PLAIN/scale/debian:1" cat /etc/debian_version
    expect_match '^12'
}
