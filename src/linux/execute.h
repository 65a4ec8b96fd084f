/*
 * The program of a command: execve(2) of what a search finds, as execvp(3), with a PATH and an
 * environment that are not the caller's own.
 */
#pragma once

/*
 * args[0] with a '/' is the file; else it is looked for in `path` ("dir:dir"; NULL: the directories
 * that Linux systems have). A directory where no program can be is passed over. Returns on failure
 * only, the errno (positive): ENOENT and ENOTDIR where there is none, EISDIR for a directory,
 * EACCES for what may not be executed.
 */
int execute_command(char *const *args, char *const *environment, const char *path);

/* Whether there is one, with the caller's rights: 0 or an errno as above. What is relative is taken
 * to be there: it is looked up in another working directory later. */
int execute_check(const char *command, const char *path);
