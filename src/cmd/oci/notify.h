/*
 * sd_notify(3) for containers, as runc does it: a socket in the container's state directory is
 * shown to the program as $NOTIFY_SOCKET; when the program says READY=1, that, its pid and a
 * barrier go on to the $NOTIFY_SOCKET that we were given. Nothing else does.
 */
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "base/error.h"
#include "spec/spec.h"

/* The service manager's socket, or NULL. */
const char *notify_host(void);

/* Mount and variable for the program; `state` is the container's directory. */
void notify_extend_spec(Spec *spec, const char *state, Arena *arena);
/* What the mount shows, in that directory. */
int notify_make_directory(int state_fd, Error *error) MUST_CHECK;
/* The socket in it; -ENOENT: the container was made without. */
int notify_bind(int state_fd, Error *error) MUST_CHECK;

/* Waits for READY=1 and passes it on with `main_pid`. Ends as well when the container does, or with
 * one of the (blocked) signals, which stays pending; they may be NULL. What the program says later
 * is thrown away as long as the socket is open. */
int notify_forward(int socket, int pidfd, pid_t main_pid, const sigset_t *signals, Error *error)
    MUST_CHECK;
