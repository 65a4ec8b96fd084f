#!/usr/bin/env bats
# The checks of the house find what they are there for: each is shown a small tree with one fault.
# A check that never fails would pass for ever.

setup() {
    top=$BATS_TEST_TMPDIR
    aux=$BATS_TEST_DIRNAME/../../build-aux
    mkdir -p "$top"/{build,build-aux,src/{base,linux,spec,runtime},tests,bench}
    write src/base/cup.h '/* A cup. */' '#pragma once' 'int cup_fill(int level);'
    write src/base/cup.c '/* Filling a cup. */' '#include "base/cup.h"' \
        'int cup_fill(int level)' '{' '    return level + 1;' '}'
    write src/linux/tap.h '/* A tap. */' '#pragma once' 'int tap_open(void);'
}

write() { # FILE LINE...
    local file=$top/$1
    shift
    printf '%s\n' "$@" >"$file"
}

compile() { # compiles every file and writes the database that meson would write
    local file rows=()
    for file in $(cd "$top" && find src -name '*.c'); do
        gcc -I"$top/src" -c "$top/$file" -o "$top/build/$(basename "$file").o"
        rows+=("{\"directory\": \"$top/build\", \"file\": \"../$file\", \"output\": \"$(basename "$file").o\"}")
    done
    (IFS=,; echo "[${rows[*]}]") >"$top/build/compile_commands.json"
}

check() { # layers|rails: with the objects
    compile
    run "$aux/check-$1" --top "$top" --build "$top/build"
}

fails_with() {
    [ "$status" -eq 1 ] || { echo "status $status: $output"; false; }
    [[ $output == *"$1"* ]] || { echo "$output"; false; }
}

repeat() { # COUNT TEXT
    local i
    for ((i = 0; i < $1; i++)); do echo "$2"; done
}

@test "a tree without faults passes" {
    check layers
    [ "$status" -eq 0 ] || { echo "$output"; false; }
    check rails
    [ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "layers: an upward include" {
    write src/base/jug.c '/* A jug. */' '#include "linux/tap.h"'
    check layers
    fails_with "src/base/jug.c: includes linux/tap.h: upward"
}

@test "layers: a sibling's include" {
    write src/spec/jug.c '/* A jug. */' '#include "linux/tap.h"'
    check layers
    fails_with "linux is a sibling of spec"
}

@test "layers: a folder that is no layer" {
    mkdir "$top/src/attic"
    write src/attic/jug.h '/* A jug. */' '#pragma once'
    check layers
    fails_with "no layer called attic"
}

@test "layers: an include ring through two modules" {
    write src/base/jug.h '/* A jug. */' '#pragma once'
    write src/base/jug.c '/* A jug. */' '#include "base/jug.h"' '#include "base/cup.h"'
    write src/base/cup.c '/* A cup. */' '#include "base/cup.h"' '#include "base/jug.h"'
    check layers
    fails_with "include ring: src/base/cup -> src/base/jug -> src/base/cup"
}

@test "layers: a visible name without its noun" {
    write src/base/jug.c '/* A jug. */' 'int pour(void);' 'int pour(void)' '{' '    return 1;' '}'
    check layers
    fails_with "pour is visible outside and does not begin with jug_"
}

@test "layers: a visible variable without its noun" {
    write src/base/jug.c '/* A jug. */' 'const int weight = 3;'
    check layers
    fails_with "weight is visible outside"
}

@test "layers: a type of the own header, a family or a plural may give the name" {
    write src/base/jug.h '/* A jug. */' '#pragma once' 'typedef struct BigJug {' '    int a;' '} BigJug;' 'int big_jug_pour(void);'
    write src/base/jug.c '/* A jug. */' '#include "base/jug.h"' 'int big_jug_pour(void)' '{' '    return 1;' '}'
    write src/base/cups.c '/* Many. */' 'int cup_stack(void);' 'int cup_stack(void)' '{' '    return 1;' '}'
    write src/base/jug_lid.c '/* Its lid. */' 'int jug_close(void);' 'int jug_close(void)' '{' '    return 1;' '}'
    check layers
    [ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "layers: no opening comment" {
    write src/base/jug.c 'static int x;' 'int jug_x(void);' 'int jug_x(void)' '{' '    return x;' '}'
    check layers
    fails_with "src/base/jug.c: no opening comment"
    write src/base/jug.c '/* A jug. */'
    write src/base/jug.h '#pragma once'
    check layers
    fails_with "src/base/jug.h: no opening comment"
}

@test "layers: a header without include guard, own header not first" {
    write src/base/jug.h '/* A jug. */'
    write src/base/jug.c '/* A jug. */' '#include "base/cup.h"' '#include "base/jug.h"'
    check layers
    fails_with "src/base/jug.h: no #pragma once"
    fails_with "does not include its own header first"
}

@test "rails: file over 1,000 lines; over 500 is only told" {
    { echo '/* Long. */'; repeat 1001 '/* x */'; } >"$top/src/base/jug.h"
    check rails
    fails_with "src/base/jug.h: 1002 lines"
    { echo '/* Long. */'; repeat 600 '/* x */'; } >"$top/src/base/jug.h"
    check rails
    [ "$status" -eq 0 ]
    [[ $output == *"soft: src/base/jug.h: 601 lines"* ]]
}

@test "rails: function over 80 lines; over 40 is only told" {
    { echo '/* Long. */'; echo 'static inline int jug_a(int a)'; echo '{'; repeat 80 '    a++;'; echo '    return a;'; echo '}'; } >"$top/src/base/jug.h"
    check rails
    fails_with "jug_a: 84 lines"
    { echo '/* Long. */'; echo 'static inline int jug_a(int a)'; echo '{'; repeat 50 '    a++;'; echo '    return a;'; echo '}'; } >"$top/src/base/jug.h"
    check rails
    [ "$status" -eq 0 ]
    [[ $output == *"soft: src/base/jug.h: jug_a: 54 lines"* ]]
}

@test "rails: seven parameters, a function pointer counting as one" {
    write src/base/jug.h '/* A jug. */' 'static inline int jug_a(int a, int b, int c, int d, int e, int f, int g)' '{' '    return a + b + c + d + e + f + g;' '}'
    check rails
    fails_with "jug_a: 7 parameters"
    write src/base/jug.h '/* A jug. */' 'static inline int jug_a(int a, int b, int c, int d, int e, int (*f)(int, int))' '{' '    return f(a, b + c + d + e);' '}'
    check rails
    [ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "rails: mutable globals, hidden ones too; constant tables are none" {
    write src/base/jug.c '/* A jug. */' 'int jug_level;'
    check rails
    fails_with "jug_level is a mutable global"
    write src/base/jug.c '/* A jug. */' 'int jug_next(void);' 'int jug_next(void)' '{' '    static int next = 4;' '    return next++;' '}'
    check rails
    fails_with "next is a mutable global"
    write src/base/jug.c '/* A jug. */' 'extern const char *const jug_names[2];' 'const char *const jug_names[2] = { "a", "b" };'
    check rails
    [ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "rails: a file that is no noun" {
    write src/base/utils.h '/* Things. */'
    check rails
    fails_with "'utils' is no noun"
}

@test "rails: a banned function, but not its name in a comment, a string or another name" {
    write src/base/jug.h '/* strcpy(a, b) */' 'static inline const char *jug_a(void)' '{' '    return "strcpy(a, b)";' '}'
    check rails
    [ "$status" -eq 0 ] || { echo "$output"; false; }
    write src/base/jug.h '/* A jug. */' 'static inline void jug_a(char *a)' '{' '    strcpy(a, "b");' '}'
    check rails
    fails_with "src/base/jug.h:4: strcpy is banned"
}

@test "rails: an exception is borne, a stale one is not" {
    write src/base/jug.c '/* A jug. */' 'int jug_level;'
    write build-aux/exceptions.list 'global src/base/jug.c jug_level'
    check rails
    [ "$status" -eq 0 ] || { echo "$output"; false; }
    write src/base/jug.c '/* A jug. */'
    check rails
    fails_with "no longer needed: global src/base/jug.c jug_level"
}
