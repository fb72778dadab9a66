#define _GNU_SOURCE
#include "chost.h"
#include "spawning.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

void chost_reset_signals(posix_spawnattr_t *attributes) {
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
  chost_reset_signals(&attributes);
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

int chost_size(int master, uint16_t *rows, uint16_t *cols) {
  struct winsize size;
  if (ioctl(master, TIOCGWINSZ, &size)) return errno;
  *rows = size.ws_row;
  *cols = size.ws_col;
  return 0;
}

pid_t chost_foreground(int master) { return tcgetpgrp(master); }

int chost_signal_foreground(int master, int signal) {
  // The kernel looks up the group and signals it in one step; Linux does so for INT, QUIT and TSTP only.
  if (ioctl(master, TIOCSIG, signal) == 0) return 0;
  pid_t group = tcgetpgrp(master);
  if (group <= 1) return ESRCH;
  return kill(-group, signal) ? errno : 0;
}

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
  int flags = O_CLOEXEC | O_NOCTTY | O_RDWR | (create ? O_CREAT : 0) | (create == 1 ? O_APPEND : 0);
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

int chost_allocate(int fd, int64_t size) {
#ifdef __APPLE__
  struct stat facts;
  if (fstat(fd, &facts)) return errno;
  fstore_t store = {.fst_flags = F_ALLOCATEALL, .fst_posmode = F_PEOFPOSMODE, .fst_length = size - facts.st_size};
  if (fcntl(fd, F_PREALLOCATE, &store)) return errno;
  return ftruncate(fd, size) ? errno : 0;
#else
  int error;
  do error = posix_fallocate(fd, 0, size);
  while (error == EINTR);
  return error;
#endif
}

#ifdef __APPLE__
#define MSG_NOSIGNAL 0
#define MSG_CMSG_CLOEXEC 0
#endif

int chost_send(int fd, const void *bytes, size_t count, int descriptor, size_t *sent) {
  struct iovec piece = {.iov_base = (void *)bytes, .iov_len = count};
  union { char space[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  if (descriptor >= 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = control.space;
    message.msg_controllen = sizeof control.space;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &descriptor, sizeof(int));
  }
  ssize_t done;
  do done = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (done < 0 && errno == EINTR);
  if (done < 0) return errno;
  *sent = (size_t)done;
  return 0;
}

int chost_receive(int fd, void *bytes, size_t count, int *descriptor, size_t *received) {
  struct iovec piece = {.iov_base = bytes, .iov_len = count};
  // Room for several, so that what a peer sends beyond the one is closed by us and not leaked by the kernel's count.
  union { char space[CMSG_SPACE(8 * sizeof(int))]; struct cmsghdr align; } control;
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
  ssize_t done;
  do done = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  while (done < 0 && errno == EINTR);
  if (done < 0) return errno;
  *descriptor = -1;
  for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    size_t fds = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < fds; i++) {
      int got;
      memcpy(&got, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
      if (*descriptor < 0) *descriptor = got;
      else close(got);
    }
  }
#ifdef __APPLE__
  if (*descriptor >= 0) fcntl(*descriptor, F_SETFD, FD_CLOEXEC);
#endif
  if (message.msg_flags & MSG_CTRUNC) {
    // A descriptor was sent and is lost, as a rule because we have too many: the next one must not be taken for it.
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
    return EMFILE;
  }
  *received = (size_t)done;
  return 0;
}

void chost_forget_startup(void) {
#ifdef __linux__
  // Relocating and initialising a large program has brought in megabytes of its file that a small role never needs again.
  extern const char __executable_start[], etext[];
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = ((uintptr_t)__executable_start + page - 1) & -page;
  madvise((void *)start, ((uintptr_t)etext & -page) - start, MADV_DONTNEED);
#endif
}

static int child_pipe[2] = {-1, -1};

static void child_ended(int number) {
  (void)number;
  int before = errno;
  char byte = 1;
  ssize_t ignored = write(child_pipe[1], &byte, 1);  // a full pipe is readable already
  (void)ignored;
  errno = before;
}

int chost_watch_children(int *fd) {
  int error = chost_pipe(child_pipe);
  if (error) return error;
  for (int i = 0; i < 2; i++) fcntl(child_pipe[i], F_SETFL, O_NONBLOCK);
  struct sigaction action = {.sa_handler = child_ended, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
  if (sigaction(SIGCHLD, &action, NULL)) return errno;
  *fd = child_pipe[0];
  return 0;
}

pid_t chost_reap(int *code, int *signal) {
  char bytes[64];
  while (read(child_pipe[0], bytes, sizeof bytes) > 0) {}
  int status;
  pid_t pid = waitpid(-1, &status, WNOHANG);
  if (pid <= 0) return 0;
  *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return pid;
}

int chost_poll(const int *fds, int *ready, int count, int timeout_ms) {
  struct chost_watch watches[CHOST_MOST_WATCHES];
  if (count > CHOST_MOST_WATCHES) return EINVAL;
  for (int i = 0; i < count; i++) watches[i] = (struct chost_watch){.fd = fds[i]};
  int error = chost_await(watches, count, timeout_ms);
  for (int i = 0; i < count; i++) ready[i] = watches[i].ready;
  return error == EINTR ? 0 : error;
}

int chost_pending(int fd, int *count) { return ioctl(fd, FIONREAD, count) == 0 ? 0 : errno; }

int chost_await(struct chost_watch *watches, int count, int timeout_ms) {
  struct pollfd polls[CHOST_MOST_WATCHES];
  if (count > CHOST_MOST_WATCHES) return EINVAL;
  for (int i = 0; i < count; i++)
    polls[i] = (struct pollfd){.fd = watches[i].fd, .events = watches[i].writes ? POLLOUT : POLLIN};
  int failed = poll(polls, (nfds_t)count, timeout_ms) < 0;
  for (int i = 0; i < count; i++)
    watches[i].ready = !failed && (polls[i].revents & (polls[i].events | POLLHUP | POLLERR | POLLNVAL)) != 0;
  return failed ? errno : 0;
}

static int unix_socket(const char *path, struct sockaddr_un *address) {
  if (strlen(path) >= sizeof address->sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  strcpy(address->sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

int chost_listen_unix(const char *path, int *fd) {
  struct sockaddr_un address;
  *fd = unix_socket(path, &address);
  if (*fd < 0) return errno;
  unlink(path);
  mode_t before = umask(0177);
  int failed = bind(*fd, (struct sockaddr *)&address, sizeof address) || listen(*fd, 16);
  int error = failed ? errno : 0;
  umask(before);
  if (error) close(*fd);
  return error;
}

int chost_accept(int fd, int *accepted) {
  *accepted = accept(fd, NULL, NULL);
  if (*accepted < 0) return errno;
  fcntl(*accepted, F_SETFD, FD_CLOEXEC);
  return 0;
}

int chost_connect_unix(const char *path, int *fd) {
  struct sockaddr_un address;
  *fd = unix_socket(path, &address);
  if (*fd < 0) return errno;
  // A Unix socket connects at once or not at all: EAGAIN when too many wait to be accepted. Afterwards it may block.
  int flags = fcntl(*fd, F_GETFL);
  fcntl(*fd, F_SETFL, flags | O_NONBLOCK);
  if (connect(*fd, (struct sockaddr *)&address, sizeof address) == 0) {
    fcntl(*fd, F_SETFL, flags);
    return 0;
  }
  int error = errno;
  close(*fd);
  return error;
}

int chost_open_at(int folder, const char *name, int flags, unsigned mode, int *fd) {
  int how = O_CLOEXEC | O_NOFOLLOW;
  switch (flags) {
#ifdef __APPLE__
    case CHOST_OPEN_FOLDER: how |= O_SEARCH | O_DIRECTORY; break;
#else
    case CHOST_OPEN_FOLDER: how |= O_PATH | O_DIRECTORY; break;
#endif
    case CHOST_OPEN_NEW: how |= O_WRONLY | O_CREAT | O_EXCL; break;
    case CHOST_OPEN_LIST: how |= O_RDONLY | O_DIRECTORY; break;
    default: how |= O_RDONLY | O_NONBLOCK | O_NOCTTY;
  }
  do *fd = openat(folder < 0 ? AT_FDCWD : folder, name, how, (mode_t)mode);
  while (*fd < 0 && errno == EINTR);
  return *fd < 0 ? errno : 0;
}
