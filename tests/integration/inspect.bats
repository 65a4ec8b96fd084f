#!/usr/bin/env bats
# What scripts written for docker ask `inspect`: of a container that runs, of one that has ended, of
# an image.

load lib

setup_file() {
    prepare_store
    make_rootfs "$TEST_DIR/service"
    "$ARCHIVE" --name service --entrypoint '/init' --cmd 'say up , pause' --user 7:8 --workdir /srv/data \
        --stop-signal SIGQUIT --env A=1 --more \
        '{"config": {"Volumes": {"/data": {}}, "ExposedPorts": {"80/tcp": {}}, "Labels": {"of.image": "yes"}}}' \
        "$TEST_DIR/service.tar" "$TEST_DIR/service"
    ambit load -q -i "$TEST_DIR/service.tar"
    rm -r "$TEST_DIR/service" "$TEST_DIR/service.tar"
}

about() { # JQ... : what it says of the document
    ambit inspect "${NAME:-box}" | jq -c ".[0] | $1"
}

is() { # JQ VALUE
    local said
    said=$(about "$1")
    [ "$said" = "$2" ] || { echo "$1 is $said, expected $2"; return 1; }
}

@test "a container that runs: state, config, mounts, what was asked for" {
    mkdir -p "$TEST_DIR/host"
    start box -v "$TEST_DIR/host:/host:ro" -v kept:/kept --tmpfs /t:size=1m \
        --mount type=tmpfs,target=/u -e B=2 -l mine=1 -m 64m --cpus 0.5 --pids-limit 50 \
        --cap-drop NET_RAW --cap-add SYS_PTRACE --security-opt no-new-privileges=false \
        --ulimit nofile=100:200 --ulimit core=-1 --read-only --hostname hh --add-host db:10.0.0.5 \
        --dns 10.0.0.1 --shm-size 1m --sysctl net.ipv4.ip_default_ttl=99 --stop-timeout 3 --init service
    is '.State | [.Status, .Running, .Paused, .Dead, .OOMKilled, .ExitCode, .Error]' \
        '["running",true,false,false,false,0,""]'
    is '.State.Pid > 1 and .State.StartedAt > "2020" and .State.FinishedAt == "0001-01-01T00:00:00Z"' true
    is '[.Name, .Path, .Args[0], .Platform, .RestartCount]' '["box","/init","say","linux",0]'
    is '.Config | [.Hostname, .User, .Tty, .OpenStdin, .Image, .WorkingDir, .StopSignal, .StopTimeout]' \
        '["hh","7:8",false,false,"service","/srv/data","SIGQUIT",3]'
    is '.Config | [.Entrypoint, .Cmd, .Volumes, .ExposedPorts, .Labels]' \
        '[["/init"],["say","up",",","pause"],{"/data":{}},{"80/tcp":{}},{"of.image":"yes","mine":"1"}]'
    is '.Config.Env | [index("A=1", "B=2", "PATH=/:/bin") != null] | all' true
    is '[.Mounts[] | [.Type, .Source, .Destination, .RW, .Mode, .Propagation]]' \
        "[[\"bind\",\"$TEST_DIR/host\",\"/host\",false,\"ro\",\"rprivate\"],[\"volume\",\"$TEST_ROOT/volumes/kept/data\",\"/kept\",true,\"\",\"\"],[\"tmpfs\",\"\",\"/u\",true,\"\",\"\"],[\"volume\",$(about '.Mounts[3].Source'),\"/data\",true,\"\",\"\"]]"
    is '.Mounts[1] | [.Name, .Driver]' '["kept","local"]'
    is '[.. | objects | has("AutoRemove")] | map(select(.)) | length' 1 # said in one place
    is '.HostConfig | [.Memory, .NanoCpus, .PidsLimit, .ShmSize, .ReadonlyRootfs, .AutoRemove, .Init, .Privileged]' \
        '[67108864,500000000,50,1048576,true,true,true,false]'
    is '.HostConfig | [.CapAdd, .CapDrop, .SecurityOpt, .ExtraHosts, .Dns, .Sysctls, .Tmpfs]' \
        '[["SYS_PTRACE"],["NET_RAW"],["no-new-privileges=false"],["db:10.0.0.5"],["10.0.0.1"],{"net.ipv4.ip_default_ttl":"99"},{"/t":"size=1m"}]'
    is '.HostConfig.Ulimits' '[{"Name":"nofile","Hard":200,"Soft":100},{"Name":"core","Hard":-1,"Soft":-1}]'
    is '.HostConfig.Binds' "[\"$TEST_DIR/host:/host:ro\",\"kept:/kept\"]"
    is '.HostConfig | [.NetworkMode, .IpcMode, .PidMode, .UsernsMode, .RestartPolicy.Name]' \
        '["none","private","","","no"]'
    is '.NetworkSettings | [.IPAddress, .Ports, .Networks.none.IPAddress]' '["",{},""]'
    try inspect -f '{{index .Config.Labels "of.image"}} {{range .Mounts}}{{.Destination}} {{end}}' box
    expect_output 'yes /host /kept /u /data '
    [ "$(stat -Lc %i "$(ambit inspect -f '{{.NetworkSettings.SandboxKey}}' box)")" = \
        "$(stat -Lc %i "/proc/$(ambit inspect -f '{{.State.Pid}}' box)/ns/net")" ]
    stop box
    rm -r "$TEST_ROOT/volumes/kept"
}

@test "a container that has ended still says it; times are in order" {
    try run --name ended -l a.b=c --net host -v "$TEST_DIR:/x:ro,noexec" --entrypoint /init service exit 7
    expect_status 7
    NAME=ended is '.State | [.Status, .Running, .Pid, .ExitCode]' '["exited",false,0,7]'
    NAME=ended is '.State.StartedAt <= .State.FinishedAt and .Created <= .State.StartedAt' true
    NAME=ended is '[.Config.Labels["a.b"], .Config.Entrypoint, .Config.Cmd, .HostConfig.NetworkMode]' \
        '["c",["/init"],["exit","7"],"host"]'
    NAME=ended is '.Mounts | [length, .[0].Destination, .[0].Mode]' '[2,"/x","ro,noexec"]'
    NAME=ended is '[.NetworkSettings.SandboxKey, .Spec]' '["",null]'
    ambit rm ended
}

@test "--expose: said by inspect and ps beside the image's, kept by commit, nothing else" {
    start open --expose 8000-8002 --expose 53/UDP --expose 80/tcp --rm=true service
    NAME=open is '.Config.ExposedPorts | keys' '["53/udp","80/tcp","8000/tcp","8001/tcp","8002/tcp"]'
    NAME=open is '.NetworkSettings.Ports' '{}'
    try ps --format '{{.Ports}}'
    expect_output '80/tcp, 8000-8002/tcp, 53/udp'
    try ps
    expect_match 'NAMES$'
    expect_match ' 80/tcp, 8000-8002/tcp, 53/udp +open$'
    stop open
    ambit run --name open --expose 9 service exit 0
    try ps -a --format '[{{.Ports}}]' # nothing listens there any more
    expect_output '[]'
    ambit commit open opened
    try inspect --type image -f '{{json .Config.ExposedPorts}}' opened
    expect_output '{"80/tcp":{},"9/tcp":{}}'
    ambit rm open
    ambit rmi opened
    for port in 0 65536 9-8 80/x x -1 80- ''; do
        try run --rm --expose "$port" service exit 0
        expect_error 125 "--expose: '$port' is not a port"
    done
}

@test "--type: a container goes before an image; what is neither" {
    ambit run --name service "$IMAGE" /init pid
    [ "$(ambit inspect -f '{{.Path}}' service)" = /init ]
    try inspect --type image -f '{{.Config.User}} {{.Config.StopSignal}}' service
    expect_output '7:8 SIGQUIT'
    ambit rm service
    try inspect -f '{{.Config.User}}' service
    expect_output 7:8
    try inspect -f '{{.Config.User}}{{.Config.WorkingDir}}' "$IMAGE"
    expect_output ''
    try inspect service "$IMAGE"
    [ "$(jq length <<<"$output")" = 2 ]
    try inspect nothing
    expect_error 125 "no such container or image: nothing"
    try inspect --type container service
    expect_error 125 "no such container: service"
    try container inspect service
    expect_error 125 "no such container: service"
    try inspect --type pod service
    expect_error 125 "--type: 'pod' is not one of container, image"
}
