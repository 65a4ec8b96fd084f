/*
 * What was built: the commit, with "-dirty" after it for changes of one's own; "" where that is not
 * known (a tarball).
 */
#pragma once

extern const char revision_text[];
