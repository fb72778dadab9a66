#define _GNU_SOURCE
#include "chost.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>


static int open_master(uint16_t rows, uint16_t cols, char *slave, size_t length) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0) return -1;
#ifdef __APPLE__
  const char *name;
  if (grantpt(master) || unlockpt(master) || !(name = ptsname(master))) goto failed;
  strlcpy(slave, name, length);
#else
  if (grantpt(master) || unlockpt(master) || ptsname_r(master, slave, length)) goto failed;
#endif
  struct winsize size = {.ws_row = rows, .ws_col = cols};
  ioctl(master, TIOCSWINSZ, &size);
  struct termios settings;
  if (tcgetattr(master, &settings) == 0) {
    settings.c_iflag |= IUTF8;  // so that erasing a character in cooked mode erases all its bytes
    tcsetattr(master, TCSANOW, &settings);
  }
  return master;
failed:;
  int error = errno;
  close(master);
  errno = error;
  return -1;
}

static void reset_signals(posix_spawnattr_t *attributes) {
  sigset_t all, none;
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  sigemptyset(&none);
  short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
#ifdef __APPLE__
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
  posix_spawnattr_setflags(attributes, flags);
  posix_spawnattr_setsigdefault(attributes, &all);
  posix_spawnattr_setsigmask(attributes, &none);
}

static int spawn(const char *path, char *const argv[], char *const envp[], const char *cwd,
                 posix_spawn_file_actions_t *actions, int search, pid_t *pid) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  reset_signals(&attributes);
  if (cwd) posix_spawn_file_actions_addchdir_np(actions, cwd);
#ifndef __APPLE__
  posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
  int error = search ? posix_spawnp(pid, path, actions, &attributes, argv, envp)
                     : posix_spawn(pid, path, actions, &attributes, argv, envp);
  posix_spawnattr_destroy(&attributes);
  return error;
}

int chost_spawn_pty(const char *path, char *const argv[], char *const envp[], const char *cwd, uint16_t rows,
                    uint16_t cols, int *master, pid_t *pid) {
  char slave[128];
  int fd = open_master(rows, cols, slave, sizeof slave);
  if (fd < 0) return errno;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // The session leader's first terminal without O_NOCTTY becomes its controlling terminal; SETSID comes before this.
  posix_spawn_file_actions_addopen(&actions, 0, slave, O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, 0, 1);
  posix_spawn_file_actions_adddup2(&actions, 0, 2);
  int error = spawn(path, argv, envp, cwd, &actions, 0, pid);
  posix_spawn_file_actions_destroy(&actions);
  if (error) close(fd);
  else *master = fd;
  return error;
}

int chost_spawn(const char *path, char *const argv[], char *const envp[], const char *cwd, const int fds[3],
                pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int i = 0; i < 3; i++) posix_spawn_file_actions_adddup2(&actions, fds[i], i);
  int error = spawn(path, argv, envp, cwd, &actions, 1, pid);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

int chost_resize(int master, uint16_t rows, uint16_t cols) {
  struct winsize size = {.ws_row = rows, .ws_col = cols};
  return ioctl(master, TIOCSWINSZ, &size) ? errno : 0;
}

pid_t chost_foreground(int master) { return tcgetpgrp(master); }

int chost_peer_uid(int fd, uint32_t *uid) {
#ifdef __APPLE__
  uid_t user;
  gid_t group;
  if (getpeereid(fd, &user, &group)) return errno;
  *uid = user;
#else
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length)) return errno;
  *uid = peer.uid;
#endif
  return 0;
}

int chost_wait(pid_t pid, int *code, int *signal) {
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return errno;
  *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return 0;
}

int chost_pipe(int fds[2]) {
#ifdef __APPLE__
  if (pipe(fds)) return errno;
  fcntl(fds[0], F_SETFD, FD_CLOEXEC);
  fcntl(fds[1], F_SETFD, FD_CLOEXEC);
  return 0;
#else
  return pipe2(fds, O_CLOEXEC) ? errno : 0;
#endif
}

int chost_open(const char *path, int create, int *fd) {
  int flags = O_CLOEXEC | O_NOCTTY | (create ? O_RDWR | O_CREAT | O_APPEND : O_RDWR);
  *fd = open(path, flags, 0600);
  return *fd < 0 ? errno : 0;
}

int chost_lock(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(fd, F_OFD_SETLK, &lock) ? errno : 0;
}

int chost_is_locked(int fd, int *locked) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(fd, F_OFD_GETLK, &lock)) return errno;
  *locked = lock.l_type != F_UNLCK;
  return 0;
}
