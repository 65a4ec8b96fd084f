/* The C library's threads and programs under filters that refuse clone3. */
#include <pthread.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "denial.h"
#include "linux/syscalls.h"
#include "linux/threads.h"

static void *thread_main(void *context)
{
    return context;
}

static int check_threads(void *context, char text[DENIAL_TEXT_SIZE])
{
    Error error = { 0 };
    pthread_t thread;
    pid_t pid;
    int status;
    static char program[] = "/bin/true";
    char *words[] = { program, NULL };
    DENIAL_CHECK(threads_prepare(&error) == 0);
    DENIAL_CHECK(sys_clone3(NULL, 0) == -1 && errno == (context ? ENOSYS : EINVAL));
    DENIAL_CHECK(pthread_create(&thread, NULL, thread_main, NULL) == 0);
    DENIAL_CHECK(pthread_join(thread, NULL) == 0);
    DENIAL_CHECK(posix_spawn(&pid, words[0], NULL, NULL, words, NULL) == 0);
    DENIAL_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    return 0;
}

static void threads_are_made_whatever_refuses_clone3(void **state)
{
    static char refused[] = "";
    static const char *const rungs[] = { NULL, "clone3=ENOSYS", "clone3=EPERM" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(rungs[i], check_threads, rungs[i] ? refused : NULL, text) < 0)
            fail_msg("%s: %s", rungs[i] ? rungs[i] : "nothing denied", text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_are_made_whatever_refuses_clone3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
