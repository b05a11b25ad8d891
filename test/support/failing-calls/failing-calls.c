/*
 * Stands between a program and the C library (LD_PRELOAD), and makes one of its system calls fail: the k-th of a
 * kind on paths that match a pattern, once, or from then on. What the disk then has lost is lost in the file too.
 *
 *   FAILING_CALLS_ROOT   calls on paths below this directory are counted; the others are not looked at
 *   FAILING_CALLS_STATE  a file shared by all processes that have it: counters, and what was written since a sync
 *   FAILING_CALLS_TRACE  a file that gets a line for each counted call: process, kind, path
 *   FAILING_CALLS_FAIL   kind|pattern|k|errno|kinds that fail from then on, with commas|pattern of those
 *
 * errno 0 stands for a write that is cut short. The variables are taken out of the environment at once: whatever the
 * program starts is not affected.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES = 1 << 14 };

/* Bytes of a file that no successful sync has covered. */
struct written {
  dev_t device;
  ino_t inode;
  off_t from, to;
  /* What is before it was on the disk once: a block that is written again keeps it when that fails. */
  off_t kept;
  char path[200];
};

struct state {
  atomic_int lock;
  atomic_uint count; /* of what FAILING_CALLS_FAIL asks for */
  atomic_uint failed;
  struct written files[FILES];
};

static struct state *state;
static char root[PATH_MAX];
static size_t root_length;
static int trace_fd = -1;
static struct {
  char text[PATH_MAX];
  char *kind, *pattern, *then_kinds, *then_pattern;
  unsigned number;
  int error;
} fail;

static long (*next_syscall)(long, ...);

/* Of the library itself, so that nothing here is counted. */
static void raw_close(int fd) { next_syscall(SYS_close, fd); }
static int raw_open(const char *path, int flags) { return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600); }

static void lock(void) {
  int expected = 0;
  while (!atomic_compare_exchange_weak(&state->lock, &expected, 1)) {
    expected = 0;
    sched_yield();
  }
}

static void unlock(void) { atomic_store(&state->lock, 0); }

__attribute__((constructor)) static void begin(void) {
  const char *given_root = getenv("FAILING_CALLS_ROOT"), *file = getenv("FAILING_CALLS_STATE");
  const char *trace = getenv("FAILING_CALLS_TRACE"), *asked = getenv("FAILING_CALLS_FAIL");
  if (given_root != NULL && file != NULL) {
    snprintf(root, sizeof root, "%s", given_root);
    root_length = strlen(root);
    int fd = raw_open(file, O_RDWR | O_CREAT | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_ftruncate, fd, sizeof *state) != 0) abort();
    void *memory = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) abort();
    raw_close(fd);
    if (trace != NULL) trace_fd = raw_open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
    if (asked != NULL && asked[0] != 0) {
      snprintf(fail.text, sizeof fail.text, "%s", asked);
      char *rest = fail.text;
      fail.kind = strsep(&rest, "|");
      fail.pattern = strsep(&rest, "|");
      fail.number = (unsigned)atoi(strsep(&rest, "|"));
      fail.error = atoi(strsep(&rest, "|"));
      fail.then_kinds = strsep(&rest, "|");
      fail.then_pattern = strsep(&rest, "|");
    }
    state = memory;
  }
  const char *mine[] = {"LD_PRELOAD", "FAILING_CALLS_ROOT", "FAILING_CALLS_STATE", "FAILING_CALLS_TRACE",
                        "FAILING_CALLS_FAIL"};
  for (size_t i = 0; i < sizeof mine / sizeof *mine; i++) unsetenv(mine[i]);
}

static bool is_below_root(const char *path) {
  return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static bool path_of(int fd, char path[PATH_MAX]) {
  char name[40];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  long length = syscall(SYS_readlink, name, path, PATH_MAX - 1);
  if (length <= 0) return false;
  path[length] = 0;
  return true;
}

static bool is_listed(const char *kinds, const char *kind) {
  size_t length = strlen(kind);
  for (const char *at = kinds; at != NULL && (at = strstr(at, kind)) != NULL; at += length) {
    bool begins = at == kinds || at[-1] == ',';
    if (begins && (at[length] == ',' || at[length] == 0)) return true;
  }
  return false;
}

/* -1: it is left alone; 0: cut short; else the error it is to fail with. */
static int verdict(const char *kind, const char *path) {
  if (state == NULL || path == NULL || !is_below_root(path)) return -1;
  if (trace_fd >= 0) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%d %s %s\n", (int)getpid(), kind, path + root_length);
    if (length > 0) (void)!syscall(SYS_write, trace_fd, line, length);
  }
  if (fail.kind == NULL) return -1;
  bool fails = atomic_load(&state->failed) > 0 && is_listed(fail.then_kinds, kind) &&
               fnmatch(fail.then_pattern, path + root_length, 0) == 0;
  if (strcmp(kind, fail.kind) == 0 && fnmatch(fail.pattern, path + root_length, 0) == 0)
    if (atomic_fetch_add(&state->count, 1) + 1 == fail.number) fails = true;
  if (!fails) return -1;
  atomic_fetch_add(&state->failed, 1);
  return fail.error;
}

static int verdict_fd(const char *kind, int fd, char path[PATH_MAX]) {
  if (state == NULL || !path_of(fd, path)) return -1;
  return verdict(kind, path);
}

/* Null when the file is new here and was not to be added. Under the lock. */
static struct written *entry_of(const struct stat *stats, bool add) {
  for (size_t i = 0, at = stats->st_ino % FILES; i < FILES; i++, at = (at + 1) % FILES) {
    struct written *file = &state->files[at];
    if (file->inode == stats->st_ino && file->device == stats->st_dev) return file;
    if (file->inode != 0) continue;
    if (!add) return NULL;
    file->device = stats->st_dev;
    file->inode = stats->st_ino;
    return file;
  }
  return NULL;
}

static bool stats_of(int fd, struct stat *stats) { return syscall(SYS_fstat, fd, stats) == 0 && S_ISREG(stats->st_mode); }

static void was_written(int fd, const char *path, off_t from, off_t to) {
  struct stat stats;
  if (!stats_of(fd, &stats)) return;
  lock();
  struct written *file = entry_of(&stats, true);
  if (file != NULL) {
    if (from == 0) file->kept = 0;
    if (file->to == file->from) file->from = from, file->to = to;
    if (from < file->from) file->from = from;
    if (to > file->to) file->to = to;
    snprintf(file->path, sizeof file->path, "%s", path);
  }
  unlock();
}

static void keep(struct written *file) {
  if (file->to > file->kept) file->kept = file->to;
  file->from = file->to = 0;
}

static void was_synced(int fd) {
  struct stat stats;
  if (!stats_of(fd, &stats)) return;
  lock();
  struct written *file = entry_of(&stats, false);
  if (file != NULL) keep(file);
  unlock();
}

/* A failed write-back: the kernel calls the pages clean, and the disk does not have them. Under the lock. */
static void lose(struct written *file) {
  static const char zeros[1 << 16];
  int fd = raw_open(file->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat stats;
  if (fd >= 0 && stats_of(fd, &stats) && stats.st_ino == file->inode)
    for (off_t at = file->from > file->kept ? file->from : file->kept; at < file->to && at < stats.st_size;) {
      off_t end = file->to < stats.st_size ? file->to : stats.st_size;
      size_t length = end - at < (off_t)sizeof zeros ? (size_t)(end - at) : sizeof zeros;
      long done = syscall(SYS_pwrite64, fd, zeros, length, at);
      if (done <= 0) break;
      at += done;
    }
  if (fd >= 0) raw_close(fd);
  file->from = file->to = 0;
}

static void lose_file(int fd) {
  struct stat stats;
  if (!stats_of(fd, &stats)) return;
  lock();
  struct written *file = entry_of(&stats, false);
  if (file != NULL && file->to > file->from) lose(file);
  unlock();
}

static void each_file(void (*action)(struct written *)) {
  lock();
  for (size_t i = 0; i < FILES; i++)
    if (state->files[i].to > state->files[i].from) action(&state->files[i]);
  unlock();
}

#define NEXT(type, name, ...)                                       \
  static type (*next)(__VA_ARGS__);                                 \
  if (next == NULL) next = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define REFUSE_IF(error) \
  do {                   \
    int e = (error);     \
    if (e > 0) {         \
      errno = e;         \
      return -1;         \
    }                    \
  } while (0)

/* Paths: odo's are absolute. */
#define ON_PATH(name, kind, parameters, path, call, ...) \
  int name parameters {                                  \
    NEXT(int, name, __VA_ARGS__);                        \
    REFUSE_IF(verdict(kind, path));                      \
    return next call;                                    \
  }

#define OPEN(name)                                                        \
  int name(const char *path, int flags, ...) {                            \
    NEXT(int, name, const char *, int, ...);                              \
    va_list more;                                                         \
    va_start(more, flags);                                                \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
    va_end(more);                                                         \
    REFUSE_IF(verdict((flags & O_CREAT) ? "create" : "open", path));      \
    int fd = next(path, flags, mode);                                     \
    if (fd >= 0 && (flags & O_EXCL) && state != NULL && is_below_root(path)) was_synced(fd); \
    return fd;                                                            \
  }

OPEN(open)
OPEN(open64)

ON_PATH(rename, "rename", (const char *from, const char *to), to, (from, to), const char *, const char *)
ON_PATH(link, "link", (const char *from, const char *to), to, (from, to), const char *, const char *)
ON_PATH(symlink, "symlink", (const char *target, const char *path), path, (target, path), const char *, const char *)
ON_PATH(mkdir, "mkdir", (const char *path, mode_t mode), path, (path, mode), const char *, mode_t)
ON_PATH(unlink, "unlink", (const char *path), path, (path), const char *)
ON_PATH(rmdir, "rmdir", (const char *path), path, (path), const char *)
ON_PATH(chmod, "chmod", (const char *path, mode_t mode), path, (path, mode), const char *, mode_t)
ON_PATH(chown, "chown", (const char *path, uid_t u, gid_t g), path, (path, u, g), const char *, uid_t, gid_t)
ON_PATH(lchown, "chown", (const char *path, uid_t u, gid_t g), path, (path, u, g), const char *, uid_t, gid_t)
ON_PATH(stat64, "stat", (const char *path, struct stat64 *to), path, (path, to), const char *, struct stat64 *)
ON_PATH(lstat64, "stat", (const char *path, struct stat64 *to), path, (path, to), const char *, struct stat64 *)

#define ON_FD(name, kind, parameters, fd, call, ...) \
  int name parameters {                              \
    NEXT(int, name, __VA_ARGS__);                    \
    char path[PATH_MAX];                             \
    REFUSE_IF(verdict_fd(kind, fd, path));           \
    return next call;                                \
  }

ON_FD(fchmod, "chmod", (int fd, mode_t mode), fd, (fd, mode), int, mode_t)
ON_FD(fchown, "chown", (int fd, uid_t u, gid_t g), fd, (fd, u, g), int, uid_t, gid_t)
ON_FD(ftruncate64, "truncate", (int fd, off64_t size), fd, (fd, size), int, off64_t)
ON_FD(fstat64, "stat", (int fd, struct stat64 *to), fd, (fd, to), int, struct stat64 *)

/* A sync that a signal interrupts has lost nothing. */
#define SYNC(name, of_all)                     \
  int name(int fd) {                           \
    NEXT(int, name, int);                      \
    char path[PATH_MAX];                       \
    int error = verdict_fd(#name, fd, path);   \
    if (error > 0 && error != EINTR) {         \
      if (of_all) each_file(lose);             \
      else lose_file(fd);                      \
    }                                          \
    REFUSE_IF(error);                          \
    int result = next(fd);                     \
    if (result == 0 && state != NULL) {        \
      if (of_all) each_file(keep);           \
      else was_synced(fd);                     \
    }                                          \
    return result;                             \
  }

SYNC(fsync, false)
SYNC(fdatasync, false)
SYNC(syncfs, true)

/* The descriptor is gone also when close fails (close(2)). */
int close(int fd) {
  NEXT(int, close, int);
  char path[PATH_MAX];
  int error = verdict_fd("close", fd, path), result = next(fd);
  REFUSE_IF(error);
  return result;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  NEXT(ssize_t, pwrite64, int, const void *, size_t, off64_t);
  char path[PATH_MAX];
  path[0] = 0;
  int error = verdict_fd("write", fd, path);
  REFUSE_IF(error);
  ssize_t done = next(fd, bytes, error == 0 && length > 1 ? length / 2 : length, at);
  if (done > 0 && state != NULL && is_below_root(path)) was_written(fd, path, at, at + done);
  return done;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  NEXT(ssize_t, write, int, const void *, size_t);
  char path[PATH_MAX];
  path[0] = 0;
  int error = verdict_fd("write", fd, path);
  REFUSE_IF(error);
  ssize_t done = next(fd, bytes, error == 0 && length > 1 ? length / 2 : length);
  if (done > 0 && state != NULL && is_below_root(path)) {
    off_t end = (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    was_written(fd, path, end - done, end);
  }
  return done;
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
  NEXT(ssize_t, pread64, int, void *, size_t, off64_t);
  char path[PATH_MAX];
  REFUSE_IF(verdict_fd("read", fd, path));
  return next(fd, bytes, length, at);
}

ssize_t read(int fd, void *bytes, size_t length) {
  NEXT(ssize_t, read, int, void *, size_t);
  char path[PATH_MAX];
  REFUSE_IF(verdict_fd("read", fd, path));
  return next(fd, bytes, length);
}

int scandir64(const char *path, struct dirent64 ***names, int (*filter)(const struct dirent64 *),
              int (*compare)(const struct dirent64 **, const struct dirent64 **)) {
  NEXT(int, scandir64, const char *, struct dirent64 ***, int (*)(const struct dirent64 *),
       int (*)(const struct dirent64 **, const struct dirent64 **));
  REFUSE_IF(verdict("list", path));
  return next(path, names, filter, compare);
}

DIR *opendir(const char *path) {
  NEXT(DIR *, opendir, const char *);
  int error = verdict("list", path);
  if (error > 0) {
    errno = error;
    return NULL;
  }
  return next(path);
}

/* libuv asks for statx this way, and closes. */
long syscall(long number, ...) {
  if (next_syscall == NULL) next_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  va_list more;
  va_start(more, number);
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = va_arg(more, long);
  va_end(more);
  if (number == SYS_statx && state != NULL) {
    const char *name = (const char *)a[1];
    char path[PATH_MAX];
    bool is_fd = name[0] == 0;
    if (!is_fd || path_of((int)a[0], path)) REFUSE_IF(verdict("stat", is_fd ? path : name));
  }
  if (number == SYS_close && state != NULL) return close((int)a[0]);
  return next_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
