# Pods and their containers through containerd's CRI, as kubelet makes them; for files whose containerd
# runs where `inside COMMAND...` does, with a busybox image and ambit-oci as the runtime `ambit`.
# $SANDBOX_CONFIG is what kubelet sends of a pod, $pod the pod of the test that runs.
#
#     call METHOD JSON [MEMBER]                  one call: its answer, or one member of it (./cri)
#     container NAME LINUX COMMAND [MEMBERS]     in $pod, started: prints its id
#     execs ID COMMAND                           ExecSync
#     stream METHOD JSON [WORD]                  Exec, Attach, PortForward and what follows (./cri-stream)
#     is_status ID JQ-FILTER                     whether it holds of the container
#     other_pod JQ-FILTER                        in the place of the one that setup made
#
# COMMAND is a JSON array, LINUX a JSON object.

PEERS=$TOP/tests/peers
export OWN_PIDS='{"security_context": {"namespace_options": {"network": 0, "pid": 1, "ipc": 0}}}'

make_pod() {
    pod=$(call RunPodSandbox "{\"config\": $SANDBOX_CONFIG, \"runtime_handler\": \"ambit\"}" pod_sandbox_id)
}

remove_pod() {
    call StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
    call RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
}

setup() {
    make_pod
}

teardown() {
    remove_pod
}

other_pod() {
    remove_pod
    SANDBOX_CONFIG=$(jq -c "$1" <<<"$SANDBOX_CONFIG")
    make_pod
}

call() {
    inside "$PEERS/cri" "$@"
}

container() {
    local id
    id=$(call CreateContainer "{\"pod_sandbox_id\": \"$pod\", \"sandbox_config\": $SANDBOX_CONFIG,
        \"config\": {\"metadata\": {\"name\": \"$1\"}, \"image\": {\"image\": \"docker.io/library/busybox:latest\"},
        \"command\": $3, \"log_path\": \"$1.log\", \"linux\": $2 ${4:-}}}" container_id)
    call StartContainer "{\"container_id\": \"$id\"}" >/dev/null
    echo "$id"
}

execs() {
    call ExecSync "{\"container_id\": \"$1\", \"cmd\": $2, \"timeout\": 20}"
}

stream() {
    local url
    url=$(call "$1" "$2" url)
    inside timeout 60 "$PEERS/cri-stream" "$url" ${3:+"$3"}
}

is_status() {
    call ContainerStatus "{\"container_id\": \"$1\"}" | jq -e ".status | $2"
}

busybox_image() { # FILE
    busybox_rootfs "$TEST_DIR/busybox"
    "$ARCHIVE" --name latest --cmd 'sleep 100000' --env PATH=/bin "$1" "$TEST_DIR/busybox"
    rm -rf "$TEST_DIR/busybox"
}
