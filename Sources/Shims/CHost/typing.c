#define _GNU_SOURCE
#include "chost.h"

#include <errno.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/mman.h>
#include <sys/sendfile.h>

_Static_assert(sizeof(off_t) == sizeof(int64_t), "a mark is an offset of the kernel's");

// A file in memory from which the kernel types: the place of a byte in it is its place in the client's stream, so that
// the offset which sendfile(2) moves is the mark itself. Only what is being typed stands there; the rest is a hole.
static int staging(const void *bytes, size_t count, off_t place) {
  static int file = -1;
  if (file < 0) file = memfd_create("typing", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, 0) != 0) return -1;
  return pwrite(file, bytes, count, place) == (ssize_t)count ? file : -1;
}

// A signal that ends a process is acted on when a system call returns, and before it does sendfile has stored the offset:
// no kill comes between typing and taking it down. -1 where it cannot be had: Linux 5.10 had no splicing into terminals.
static ssize_t type_and_mark(int terminal, const void *bytes, size_t count, int64_t *mark) {
  int file = staging(bytes, count, *mark);
  if (file < 0) {
    errno = ENOSYS;
    return -1;
  }
  return sendfile(terminal, file, (off_t *)mark, count);
}
#endif

int chost_type(int terminal, const void *bytes, size_t count, int64_t *mark, size_t *typed) {
  *typed = 0;
  ssize_t done = -1;
#ifdef __linux__
  errno = ENOSYS;
  if (mark != NULL) done = type_and_mark(terminal, bytes, count, mark);
  // Whatever else keeps sendfile from it (a sandbox, an old kernel) does not keep write from it.
  if (done < 0 && (errno == EINTR || errno == EAGAIN || errno == EIO)) return errno == EINTR ? EAGAIN : errno;
#endif
  if (done < 0) {
    done = write(terminal, bytes, count);
    if (done < 0) return errno == EINTR ? EAGAIN : errno;
    if (mark != NULL) *mark += done;
  }
  *typed = (size_t)done;
  return done == 0 && count > 0 ? EAGAIN : 0;
}
