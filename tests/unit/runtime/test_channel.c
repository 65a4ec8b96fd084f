/*
 * The handshake's packets: each kind arrives as it was sent, with its descriptors, and the end and
 * malformed packets are told apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/channel.h"

static void open_pair(int ends[2])
{
    assert_int_equal(channel_open(ends, NULL), 0);
}

static void test_error_travels_whole(void **state)
{
    (void)state;
    int ends[2];
    open_pair(ends);
    Message message = { .kind = MESSAGE_FAILED };
    (void)error_set(&message.error, ERROR_DENIED, 1, "mounts[3]: mount 'proc' on /proc");
    assert_int_equal(channel_send(ends[1], &message, NULL, 0, NULL), 0);
    Error error = { 0 };
    assert_int_equal(channel_expect(ends[0], MESSAGE_MAPPED, &error), -1);
    assert_int_equal(error.kind, ERROR_DENIED);
    assert_string_equal(error.message, "mounts[3]: mount 'proc' on /proc");
    close(ends[0]);
    close(ends[1]);
}

static void test_descriptors_keep_their_slots(void **state)
{
    (void)state;
    int ends[2], pipes[2], fds[FD_PASS_MAX];
    open_pair(ends);
    assert_int_equal(pipe(pipes), 0);
    Message message = { .kind = MESSAGE_SUPPLIED };
    message.slots[0] = 7;
    message.slots[1] = 3;
    assert_int_equal(channel_send(ends[0], &message, pipes, 2, NULL), 0);
    memset(&message, 0, sizeof(message));
    size_t count = FD_PASS_MAX;
    assert_int_equal(channel_receive(ends[1], &message, fds, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_int_equal(message.slots[0], 7);
    assert_int_equal(message.slots[1], 3);
    assert_int_equal(write(fds[1], "x", 1), 1);
    char byte;
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    for (int i = 0; i < 2; i++) {
        close(fds[i]);
        close(pipes[i]);
        close(ends[i]);
    }
}

static void test_end_and_surprises(void **state)
{
    (void)state;
    int ends[2];
    open_pair(ends);
    Error error = { 0 };
    assert_int_equal(channel_tell(ends[0], MESSAGE_START, NULL), 0);
    assert_true(channel_expect(ends[1], MESSAGE_MAPPED, &error) < 0);
    assert_string_equal(error.message, "handshake: expected MAPPED, got START");
    assert_int_equal(send(ends[0], "odd", 3, 0), 3);
    assert_true(channel_expect(ends[1], MESSAGE_MAPPED, &error) < 0);
    assert_string_equal(error.message, "handshake: malformed message");
    close(ends[0]);
    Message message;
    size_t count = 0;
    assert_int_equal(channel_receive(ends[1], &message, NULL, &count, NULL), 0);
    assert_int_equal(message.kind, MESSAGE_END);
    close(ends[1]);
}

static void test_meeting_point(void **state)
{
    (void)state;
    char path[] = "/tmp/test-channel.XXXXXX";
    assert_non_null(mkdtemp(path));
    int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dirfd >= 0);
    int listening = channel_listen(dirfd, "start", NULL);
    assert_true(listening >= 0);
    int near = channel_connect(dirfd, "start", NULL);
    assert_true(near >= 0);
    int far = channel_accept(listening, NULL);
    assert_true(far >= 0);
    assert_int_equal(channel_tell(near, MESSAGE_START, NULL), 0);
    assert_int_equal(channel_expect(far, MESSAGE_START, NULL), 0);
    close(near);
    close(far);
    close(listening);
    assert_int_equal(channel_connect(dirfd, "start", NULL), -ECONNREFUSED);
    assert_int_equal(unlinkat(dirfd, "start", 0), 0);
    assert_int_equal(channel_connect(dirfd, "start", NULL), -ENOENT);
    close(dirfd);
    assert_int_equal(rmdir(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_travels_whole),
        cmocka_unit_test(test_descriptors_keep_their_slots),
        cmocka_unit_test(test_end_and_surprises),
        cmocka_unit_test(test_meeting_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
