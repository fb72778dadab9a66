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

int chost_size(int master, uint16_t *rows, uint16_t *cols);

/// Foreground process group of a terminal, or -1.
pid_t chost_foreground(int master);

/// Signals the foreground process group of a terminal. ESRCH when there is none.
int chost_signal_foreground(int master, int signal);

/// User id at the other end of a connected Unix socket.
int chost_peer_uid(int fd, uint32_t *uid);

/// Waits for a child. `code` is its exit code, or -1 when `signal` ended it.
int chost_wait(pid_t pid, int *code, int *signal);

/// A pipe whose ends are closed on exec.
int chost_pipe(int fds[2]);

/// open(2), which is variadic and so not for Swift. `create` 1: made if need be, 0600, appends; 2: the same, but does not
/// append (posix_fallocate refuses files that do, where the file system leaves the work to it).
int chost_open(const char *path, int create, int *fd);

/// Locks the whole open file (an OFD lock: it ends with the last descriptor of this open). EAGAIN when another open has it.
int chost_lock(int fd);

/// Whether another open of the file has it locked. Takes no lock itself, so that looking disturbs nobody.
int chost_is_locked(int fd, int *locked);

/// Gives a file `size` bytes, all of them on the disk. ENOSPC when there is no room.
int chost_allocate(int fd, int64_t size);

/// Types what a terminal takes at once of some bytes: EAGAIN when it takes none, EIO when nobody has it any more. Moves
/// `mark`, unless NULL, by as many, on Linux within the same system call: whoever reads the mark after this process was
/// killed knows what was typed. From one thread only.
int chost_type(int terminal, const void *bytes, size_t count, int64_t *mark, size_t *typed);

/// Sends bytes, and with the first of them a descriptor (-1: none). Never blocks: EAGAIN when the peer reads nothing.
int chost_send(int fd, const void *bytes, size_t count, int descriptor, size_t *sent);

/// Receives bytes and at most one descriptor (-1: none came). `received` is 0 at the end. EMFILE when a descriptor was
/// sent that we have no room for.
int chost_receive(int fd, void *bytes, size_t count, int *descriptor, size_t *received);

/// Lets go of what starting has brought into memory of the program's own code; it comes back from the file when needed.
void chost_forget_startup(void);

/// A descriptor that becomes readable whenever a child has ended.
int chost_watch_children(int *fd);

/// Looks after one child that has ended: its id, or 0 when none has. `code` and `signal` as in chost_wait.
pid_t chost_reap(int *code, int *signal);

struct chost_watch {
  int fd;
  /// Whether it is to be written; else it is to be read.
  int writes;
  /// Set by chost_await.
  int ready;
};
#define CHOST_MOST_WATCHES 16

/// Waits until a descriptor is ready (or broken). Returns EINTR early, with none ready. `timeout_ms` < 0: for ever.
int chost_await(struct chost_watch *watches, int count, int timeout_ms);

/// The same for reading only; `ready[i]` says which.
int chost_poll(const int *fds, int *ready, int count, int timeout_ms);

/// How many bytes can be read from a pipe, a socket or a file without waiting.
int chost_pending(int fd, int *count);

/// Listens on a Unix socket, 0600. An older socket of that name is replaced.
int chost_listen_unix(const char *path, int *fd);
int chost_accept(int fd, int *accepted);
int chost_connect_unix(const char *path, int *fd);

struct chost_guard_word {
  int kind;
  int value;
};
/// errno; then nothing follows.
#define CHOST_GUARD_FAILED 0
/// The leader's process id, which is the id of its session and group too.
#define CHOST_GUARD_STARTED 1
/// Its exit code.
#define CHOST_GUARD_EXITED 2
/// The number of the signal that ended it.
#define CHOST_GUARD_SIGNALLED 3

/// Forks a guard, which starts `path` with fds[0..2] as its 0, 1, 2, in directory `folder`, as leader of its own session. The
/// guard says what happens as `chost_guard_word`s on `report`, adopts what the command leaves behind (Linux), and ends when
/// `control` comes to its end; if that comes before the leader's, the leader's group is killed. `gentle`: it gets 0.8 s to see
/// the end of its input, then TERM, KILL after 2 s; and what is left of the group is killed also when the leader has ended.
int chost_guard(const char *path, char *const argv[], char *const envp[], int folder, const int fds[3], int control,
                int report, int gentle, pid_t *pid);

// The calls relative to an open directory that are variadic, or that glibc keeps from Swift. `flags`: CHOST_OPEN_….
#define CHOST_OPEN_READ 0
/// A place to begin from: needs no right to read it.
#define CHOST_OPEN_FOLDER 1
/// Made by this call, 0600 less what the umask takes; EEXIST when there is something.
#define CHOST_OPEN_NEW 2
/// To be listed.
#define CHOST_OPEN_LIST 3

/// openat(2), following no link in the last component, never waiting for the other end of a FIFO. `folder` < 0: `name` is
/// absolute.
int chost_open_at(int folder, const char *name, int flags, unsigned mode, int *fd);
