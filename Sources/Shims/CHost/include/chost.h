#pragma once
#include <stdint.h>
#include <sys/types.h>

// The few things that need C: what glibc hides from Swift, and what must not run Swift code in a forked child.
// Every function returns 0, or an errno.

/// Spawns `path` on a new pseudo-terminal, as leader of a session whose controlling terminal it is.
/// Descriptors above 2 are closed, signals and the mask are reset.
int chost_spawn_pty(const char *path, char *const argv[], char *const envp[], const char *cwd, uint16_t rows,
                    uint16_t cols, int *master, pid_t *pid);

/// Spawns `path` (searched in the child's PATH) with fds[0..2] as its 0, 1, 2, as leader of its own session and group.
int chost_spawn(const char *path, char *const argv[], char *const envp[], const char *cwd, const int fds[3],
                pid_t *pid);

int chost_resize(int master, uint16_t rows, uint16_t cols);

/// Foreground process group of a terminal, or -1.
pid_t chost_foreground(int master);

/// User id at the other end of a connected Unix socket.
int chost_peer_uid(int fd, uint32_t *uid);

/// Waits for a child. `code` is its exit code, or -1 when `signal` ended it.
int chost_wait(pid_t pid, int *code, int *signal);

/// A pipe whose ends are closed on exec.
int chost_pipe(int fds[2]);

/// open(2), which is variadic and so not for Swift. `create` makes it append and 0600.
int chost_open(const char *path, int create, int *fd);

/// Locks the whole open file (an OFD lock: it ends with the last descriptor of this open). EAGAIN when another open has it.
int chost_lock(int fd);

/// Whether another open of the file has it locked. Takes no lock itself, so that looking disturbs nobody.
int chost_is_locked(int fd, int *locked);
