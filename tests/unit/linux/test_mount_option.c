/*
 * The words of mount options. The list of the specification is spelled out here once more, so that
 * a row that goes missing shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "linux/mount.h"
#include "linux/syscalls.h"

/* runtime-spec config.md#mounts, "Linux mount options", and runc's acl and noacl */
static const char spec_words[] =
    "async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev "
    "nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow "
    "private ratime rbind rdev rdiratime relatime remount rexec rnoatime rnodev rnodiratime "
    "rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared "
    "rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid "
    "symfollow sync tmpcopyup unbindable idmap ridmap acl noacl";

/* Of crun(1). */
static const char crun_words[] = "copy-symlink dest-nofollow src-nofollow";

static void test_all_words(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList words = strlist_split(&arena, spec_words, ' ');
    StrList more = strlist_split(&arena, crun_words, ' ');
    for (size_t i = 0; i < more.count; i++)
        strlist_append(&arena, &words, more.items[i]);
    const char *const *names = mount_option_names();
    size_t count = 0;
    while (names[count])
        count++;
    assert_int_equal(count, words.count);
    for (size_t i = 0; i < count; i++) {
        if (!strlist_contains(&words, names[i]))
            fail_msg("%s is in no documentation", names[i]);
        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
    }
}

static void assert_word(const char *word, MountOption expect)
{
    MountOption option;
    if (!mount_option_lookup(word, &option))
        fail_msg("%s is unknown", word);
    if (memcmp(&option, &expect, sizeof(option)) != 0)
        fail_msg("%s means something else", word);
}

static void test_meaning(void **state)
{
    (void)state;
    assert_word("ro", (MountOption){ .set = MOUNT_ATTR_RDONLY });
    assert_word("rw", (MountOption){ .clear = MOUNT_ATTR_RDONLY });
    assert_word("rro", (MountOption){ .rec_set = MOUNT_ATTR_RDONLY });
    assert_word("rsuid", (MountOption){ .rec_clear = MOUNT_ATTR_NOSUID });
    assert_word("noatime", (MountOption){ .set = MOUNT_ATTR_NOATIME, .clear = MOUNT_ATTR__ATIME });
    assert_word("relatime", (MountOption){ .clear = MOUNT_ATTR__ATIME });
    assert_word("rstrictatime",
                (MountOption){ .rec_set = MOUNT_ATTR_STRICTATIME, .rec_clear = MOUNT_ATTR__ATIME });
    assert_word("nodiratime", (MountOption){ .set = MOUNT_ATTR_NODIRATIME });
    assert_word("private", (MountOption){ .propagation = MS_PRIVATE });
    assert_word("rslave", (MountOption){ .propagation = MS_SLAVE | MS_REC });
    assert_word("bind", (MountOption){ .extra = MOUNT_OPTION_BIND });
    assert_word("copy-symlink", (MountOption){ .extra = MOUNT_OPTION_COPY_LINK });
    assert_word("rbind", (MountOption){ .extra = MOUNT_OPTION_RBIND });
    assert_word("ridmap", (MountOption){ .extra = MOUNT_OPTION_RIDMAP });
    assert_word("defaults", (MountOption){ 0 });
    assert_word("rnosymfollow", (MountOption){ .rec_set = MOUNT_ATTR_NOSYMFOLLOW });
}

static void test_data(void **state)
{
    (void)state;
    static const char *const data[] = { "mode=755", "size=64k",    "",     "RO", "sync", "lazytime",
                                        "roo",      "nr_inodes=1", "rmode" };
    MountOption option;
    for (size_t i = 0; i < ARRAY_LEN(data); i++)
        assert_false(mount_option_lookup(data[i], &option));
}

static void test_print(void **state)
{
    (void)state;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    mount_attributes_print(0, &text);
    assert_string_equal(strbuf_text(&text), "rw");
    strbuf_clear(&text);
    mount_attributes_print(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                               MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME | MOUNT_ATTR_IDMAP,
                           &text);
    assert_string_equal(strbuf_text(&text), "ro,nosuid,nodev,noexec,noatime,idmap");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_words),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
