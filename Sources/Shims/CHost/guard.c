#define _GNU_SOURCE
#include "chost.h"
#include "spawning.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

// The guard is a fork of this process that runs nothing but this file: all that it needs was made before the fork, and what
// it calls may be called between fork and exec. It adopts what the command orphans, so that nothing of it is ever lost from
// sight, and leaves the dead leader unburied, so that its number stays nobody else's while its group is signalled.

enum { INPUT, OUTPUT, ERRORS, FOLDER, CONTROL, REPORT, FDS };

struct launch {
  const char *path;
  char *const *argv, *const *envp;
  int fds[FDS];
  /// Its end comes in order, and its group has no other master that would end it.
  int gentle;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  /// Where this process's arguments lie in memory.
  unsigned long arguments, arguments_end;
};

static void child_changed(int number) { (void)number; }

static void say(int fd, int kind, int value) {
  struct chost_guard_word word = {.kind = kind, .value = value};
  ssize_t ignored = write(fd, &word, sizeof word);  // less than PIPE_BUF: whole or not at all
  (void)ignored;
}

static void close_from(int first) {
#ifdef __APPLE__
  for (int fd = first; fd < getdtablesize(); fd++) close(fd);
#else
  closefrom(first);
#endif
}

// Lets go of everything that is not ours: as long as we hold a copy of somebody's pipe, its reader waits for its end.
// `fds` are above 2, as in any process of ours. Returns with them as 3, 4, ….
static void keep_only(int *fds, int count) {
  for (int i = 0; i < count; i++) {
    // Somebody else's place may be one of ours that is still to be moved.
    for (int j = i + 1; j < count; j++)
      if (fds[j] == 3 + i) fds[j] = fcntl(fds[j], F_DUPFD_CLOEXEC, 3 + count);
    if (fds[i] != 3 + i) dup2(fds[i], 3 + i);
    fcntl(3 + i, F_SETFD, FD_CLOEXEC);
    fds[i] = 3 + i;
  }
  close_from(3 + count);
}

static int has_ended(pid_t leader, int milliseconds) {
  for (int left = milliseconds; left > 0; left -= 20) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid(P_PID, (id_t)leader, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == leader) return 1;
    struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    nanosleep(&pause, NULL);
  }
  return 0;
}

// In place of a master that was killed, and as it would have done it (StdioLink): the input has ended with the master.
static void end_gently(pid_t leader) {
  if (has_ended(leader, 800)) return;
  kill(-leader, SIGTERM);
  kill(-leader, SIGCONT);
  has_ended(leader, 2000);
}

// Buries what the command has orphaned; returns once the leader has ended, or our own master is gone.
static void keep_watch(pid_t leader, int gentle, const sigset_t *waiting) {
  for (;;) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    int failed = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
    if (failed && errno == ECHILD) return;
    if (!failed && info.si_pid == leader) {
      say(1, info.si_code == CLD_EXITED ? CHOST_GUARD_EXITED : CHOST_GUARD_SIGNALLED, info.si_status);
      return;
    }
    if (!failed && info.si_pid > 0) {
      waitpid(info.si_pid, NULL, WNOHANG);
      continue;
    }
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(0, &readable);
    // SIGCHLD is let through only while we wait, so that none falls between looking and waiting.
    if (pselect(1, &readable, NULL, NULL, NULL, waiting) > 0) {
      // Nobody is left to whom its end could be told.
      if (gentle) end_gently(leader);
      kill(-leader, SIGKILL);
      return;
    }
  }
}

// In the list of processes it would stand as a second daemon. Its copy of our arguments is its own: it writes over them.
static void take_name(struct launch *launch) {
#ifdef __linux__
  prctl(PR_SET_NAME, "cmdop-guard");
  if (launch->arguments_end > launch->arguments) {
    static const char name[] = "cmdop: guard of a command";
    size_t room = launch->arguments_end - launch->arguments;
    memset((void *)launch->arguments, 0, room);
    memcpy((void *)launch->arguments, name, room < sizeof name ? room - 1 : sizeof name - 1);
  }
#else
  (void)launch;
#endif
}

static void find_arguments(struct launch *launch) {
#ifdef __linux__
  char text[4096];
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  if (count <= 0) return;
  text[count] = 0;
  // proc(5): fields 48 and 49; the second, the name, may hold blanks and ends at the last bracket.
  char *at = strrchr(text, ')');
  for (int field = 2; at && field < 48; field++) at = strchr(at + 1, ' ');
  if (at) sscanf(at, " %lu %lu", &launch->arguments, &launch->arguments_end);
#else
  (void)launch;
#endif
}

static void guard(struct launch *launch) {
  keep_only(launch->fds, FDS);
  setsid();
  take_name(launch);
#ifdef __linux__
  prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
  struct sigaction ignore = {.sa_handler = SIG_IGN}, wake = {.sa_handler = child_changed}, standard = {.sa_handler = SIG_DFL};
  int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU};
  for (int number = 1; number < 32; number++) sigaction(number, &standard, NULL);
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) sigaction(ignored[i], &ignore, NULL);
  sigaction(SIGCHLD, &wake, NULL);
  sigset_t held, waiting;
  sigemptyset(&waiting);
  sigemptyset(&held);
  sigaddset(&held, SIGCHLD);
  sigprocmask(SIG_SETMASK, &held, NULL);

  int error = fchdir(launch->fds[FOLDER]) ? errno : 0;
  pid_t leader = 0;
  if (!error) error = posix_spawn(&leader, launch->path, &launch->actions, &launch->attributes, launch->argv, launch->envp);
  dup2(launch->fds[CONTROL], 0);
  dup2(launch->fds[REPORT], 1);
  close_from(2);
  if (chdir("/")) {}  // a guard holds no file system busy
  if (error) {
    say(1, CHOST_GUARD_FAILED, error);
    _exit(1);
  }
  say(1, CHOST_GUARD_STARTED, leader);
  keep_watch(leader, launch->gentle, &waiting);
  // Until its master has looked at who is left.
  char byte;
  while (read(0, &byte, 1) < 0 && errno == EINTR) {}
  if (launch->gentle) kill(-leader, SIGKILL);
  waitpid(leader, NULL, WNOHANG);
  _exit(0);
}

int chost_guard(const char *path, char *const argv[], char *const envp[], int folder, const int fds[3], int control,
                int report, int gentle, pid_t *pid) {
  struct launch launch = {.path = path, .argv = argv, .envp = envp, .gentle = gentle,
                          .fds = {fds[0], fds[1], fds[2], folder, control, report}};
  find_arguments(&launch);
  sigset_t all, before;
  posix_spawn_file_actions_init(&launch.actions);
  // By the numbers that they have in the guard.
  posix_spawn_file_actions_adddup2(&launch.actions, 3 + INPUT, 0);
  posix_spawn_file_actions_adddup2(&launch.actions, 3 + OUTPUT, 1);
  posix_spawn_file_actions_adddup2(&launch.actions, 3 + ERRORS, 2);
#ifndef __APPLE__
  posix_spawn_file_actions_addclosefrom_np(&launch.actions, 3);
#endif
  posix_spawnattr_init(&launch.attributes);
  chost_reset_signals(&launch.attributes);
  // No handler of ours may run in the guard before it has taken them off.
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pid_t child = fork();
  if (child == 0) guard(&launch);
  int error = child < 0 ? errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  posix_spawnattr_destroy(&launch.attributes);
  posix_spawn_file_actions_destroy(&launch.actions);
  if (!error) *pid = child;
  return error;
}
