/*
 * What kind of machine this is (uname(2)).
 */
#pragma once

#include "base/mem.h"

/* Its architecture in the image-spec's words, which are Go's: "amd64", "arm64", "riscv64". */
const char *machine_architecture(Arena *arena);
