/* Faults in system calls that change or read files below a folder; loaded with LD_PRELOAD.
 *
 * faults_arm() says which call fails and how. Calls are counted in all threads. A shortened write really writes
 * half of its bytes and says so, which strace's `retval=` can't do. Programs that are linked statically, and
 * writes to mapped memory, aren't reached.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, ONCE, SHORT, FROM_THEN_ON };
enum { READS = 1, CHANGES = 2, GROWS = 4 };

static char folder[PATH_MAX];
static size_t folder_length;
static int mode, failure, which, report = -1;
static long chosen;
static atomic_long counted;

/* Fail the `nth` call (from 1) below a folder whose kind is in `kinds`, with an errno; name calls in `report`. */
void faults_arm(const char *below, int kinds, int how, long nth, int error, int report_to)
{
	strncpy(folder, below, sizeof folder - 1);
	folder_length = strlen(folder);
	which = kinds, mode = how, chosen = nth, failure = error, report = report_to;
	atomic_store(&counted, 0);
}

static int below(const char *path)
{
	return !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

/* Return the fault for a call on an absolute path: 0 none, 1 an error, -1 a shortened write. */
static int fault(const char *call, int kinds, const char *path)
{
	char line[PATH_MAX + 64];
	long number;
	int hit;

	if (!folder_length || !(kinds & which) || !below(path))
		return 0;
	number = atomic_fetch_add(&counted, 1) + 1;
	hit = mode == FROM_THEN_ON ? number >= chosen : mode != COUNT && number == chosen;
	if (mode == COUNT || number == chosen) {
		int length = snprintf(line, sizeof line, "%ld\t%s\t%s\n", number, call, path);
		syscall(SYS_write, report, line, length);
	}
	if (hit && mode == SHORT)
		return -1;
	if (hit)
		errno = failure;
	return hit;
}

static int fault_fd(const char *call, int kinds, int fd)
{
	char link[64], path[PATH_MAX];
	int saved = errno, found;
	ssize_t length;

	if (!folder_length)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
	errno = saved;
	if (length <= 0)
		return 0;
	path[length] = 0;
	found = fault(call, kinds, path);
	return found;
}

static int fault_at(const char *call, int kinds, int at, const char *name)
{
	char link[64], path[2 * PATH_MAX];
	ssize_t length;
	int saved = errno;

	if (!folder_length || !name)
		return 0;
	if (name[0] == '/')
		return fault(call, kinds, name);
	snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
	length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
	errno = saved;
	if (length <= 0)
		return 0;
	snprintf(path + length, PATH_MAX, "/%s", name);
	return fault(call, kinds, path);
}

#define REAL(type, name, ...)                                                   \
	static type (*real)(__VA_ARGS__);                                       \
	if (!real)                                                              \
		real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *data, size_t size)
{
	int found = fault_fd("write", CHANGES | GROWS, fd);
	REAL(ssize_t, "write", int, const void *, size_t);
	if (found > 0)
		return -1;
	return real(fd, data, found < 0 && size > 1 ? size / 2 : size);
}

#define PWRITE(name, offset_type)                                                \
	ssize_t name(int fd, const void *data, size_t size, offset_type at)     \
	{                                                                       \
		int found = fault_fd("pwrite", CHANGES | GROWS, fd);            \
		REAL(ssize_t, #name, int, const void *, size_t, offset_type);   \
		if (found > 0)                                                  \
			return -1;                                              \
		return real(fd, data, found < 0 && size > 1 ? size / 2 : size, at); \
	}
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	int found = fault_fd("writev", CHANGES | GROWS, fd);
	REAL(ssize_t, "writev", int, const struct iovec *, int);
	if (found > 0)
		return -1;
	if (found < 0 && count) {
		struct iovec first = parts[0];
		if (first.iov_len > 1)
			first.iov_len /= 2;
		return real(fd, &first, 1);
	}
	return real(fd, parts, count);
}

#define READ(name)                                                               \
	ssize_t name(int fd, void *data, size_t size)                           \
	{                                                                       \
		int found = fault_fd("read", READS, fd);                        \
		REAL(ssize_t, #name, int, void *, size_t);                      \
		return found > 0 ? -1 : real(fd, data, found < 0 && size > 1 ? size / 2 : size); \
	}
READ(read)

#define PREAD(name, offset_type)                                                 \
	ssize_t name(int fd, void *data, size_t size, offset_type at)           \
	{                                                                       \
		int found = fault_fd("pread", READS, fd);                       \
		REAL(ssize_t, #name, int, void *, size_t, offset_type);         \
		return found > 0 ? -1 : real(fd, data, found < 0 && size > 1 ? size / 2 : size, at); \
	}
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define ON_FD(name, call)                                                        \
	int name(int fd)                                                        \
	{                                                                       \
		int found = fault_fd(call, CHANGES, fd);                        \
		REAL(int, #name, int);                                          \
		return found > 0 ? -1 : real(fd);                               \
	}
ON_FD(fsync, "fsync")
ON_FD(fdatasync, "fdatasync")

#define TRUNCATE(name, length_type)                                              \
	int name(int fd, length_type length)                                    \
	{                                                                       \
		int found = fault_fd("ftruncate", CHANGES, fd);                 \
		REAL(int, #name, int, length_type);                             \
		return found > 0 ? -1 : real(fd, length);                       \
	}
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define POSIX_FALLOCATE(name, offset_type)                                       \
	int name(int fd, offset_type at, offset_type length)                    \
	{                                                                       \
		int saved = errno, found = fault_fd("fallocate", CHANGES | GROWS, fd); \
		REAL(int, #name, int, offset_type, offset_type);                \
		errno = saved;                                                  \
		return found > 0 ? failure : real(fd, at, length);              \
	}
POSIX_FALLOCATE(posix_fallocate, off_t)
POSIX_FALLOCATE(posix_fallocate64, off64_t)

#define FALLOCATE(name, offset_type)                                             \
	int name(int fd, int how, offset_type at, offset_type length)           \
	{                                                                       \
		int found = fault_fd("fallocate", CHANGES | GROWS, fd);         \
		REAL(int, #name, int, int, offset_type, offset_type);           \
		return found > 0 ? -1 : real(fd, how, at, length);              \
	}
FALLOCATE(fallocate, off_t)
FALLOCATE(fallocate64, off64_t)

int flock(int fd, int operation)
{
	int found = fault_fd("flock", CHANGES, fd);
	REAL(int, "flock", int, int);
	return found > 0 ? -1 : real(fd, operation);
}

int fchmod(int fd, mode_t bits)
{
	int found = fault_fd("fchmod", CHANGES, fd);
	REAL(int, "fchmod", int, mode_t);
	return found > 0 ? -1 : real(fd, bits);
}

int chmod(const char *path, mode_t bits)
{
	int found = fault_at("chmod", CHANGES, AT_FDCWD, path);
	REAL(int, "chmod", const char *, mode_t);
	return found > 0 ? -1 : real(path, bits);
}

int chown(const char *path, uid_t user, gid_t group)
{
	int found = fault_at("chown", CHANGES, AT_FDCWD, path);
	REAL(int, "chown", const char *, uid_t, gid_t);
	return found > 0 ? -1 : real(path, user, group);
}

/* What an open does to its file says which kind of call it is. */
static int opening(int flags)
{
	if (flags & O_CREAT)
		return CHANGES | GROWS;
	return flags & (O_WRONLY | O_RDWR | O_TRUNC) ? CHANGES : READS;
}

#define OPEN(name)                                                               \
	int name(const char *path, int flags, ...)                              \
	{                                                                       \
		va_list rest;                                                   \
		mode_t bits;                                                    \
		va_start(rest, flags);                                          \
		bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest);                                                   \
		int found = fault_at("open", opening(flags), AT_FDCWD, path);   \
		REAL(int, #name, const char *, int, ...);                       \
		return found > 0 ? -1 : real(path, flags, bits);                \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                             \
	int name(int at, const char *path, int flags, ...)                      \
	{                                                                       \
		va_list rest;                                                   \
		mode_t bits;                                                    \
		va_start(rest, flags);                                          \
		bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest);                                                   \
		int found = fault_at("open", opening(flags), at, path);         \
		REAL(int, #name, int, const char *, int, ...);                  \
		return found > 0 ? -1 : real(at, path, flags, bits);            \
	}
OPENAT(openat)
OPENAT(openat64)

int mkdir(const char *path, mode_t bits)
{
	int found = fault_at("mkdir", CHANGES | GROWS, AT_FDCWD, path);
	REAL(int, "mkdir", const char *, mode_t);
	return found > 0 ? -1 : real(path, bits);
}

int mkdirat(int at, const char *path, mode_t bits)
{
	int found = fault_at("mkdir", CHANGES | GROWS, at, path);
	REAL(int, "mkdirat", int, const char *, mode_t);
	return found > 0 ? -1 : real(at, path, bits);
}

#define REMOVE(name)                                                             \
	int name(const char *path)                                              \
	{                                                                       \
		int found = fault_at(#name, CHANGES, AT_FDCWD, path);           \
		REAL(int, #name, const char *);                                 \
		return found > 0 ? -1 : real(path);                             \
	}
REMOVE(unlink)
REMOVE(rmdir)

int unlinkat(int at, const char *path, int flags)
{
	int found = fault_at(flags & AT_REMOVEDIR ? "rmdir" : "unlink", CHANGES, at, path);
	REAL(int, "unlinkat", int, const char *, int);
	return found > 0 ? -1 : real(at, path, flags);
}

#define TWO_PATHS(name, call)                                                    \
	int name(const char *from, const char *to)                              \
	{                                                                       \
		int found = fault_at(call, CHANGES | GROWS, AT_FDCWD, to);      \
		REAL(int, #name, const char *, const char *);                   \
		return found > 0 ? -1 : real(from, to);                         \
	}
TWO_PATHS(rename, "rename")
TWO_PATHS(link, "link")
TWO_PATHS(symlink, "symlink")

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	int found = fault_at("rename", CHANGES | GROWS, to_at, to);
	REAL(int, "renameat", int, const char *, int, const char *);
	return found > 0 ? -1 : real(from_at, from, to_at, to);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
	int found = fault_at("link", CHANGES | GROWS, to_at, to);
	REAL(int, "linkat", int, const char *, int, const char *, int);
	return found > 0 ? -1 : real(from_at, from, to_at, to, flags);
}

#define SENDFILE(name, offset_type)                                              \
	ssize_t name(int out, int in, offset_type *at, size_t size)             \
	{                                                                       \
		int found = fault_fd("sendfile", CHANGES | GROWS, out);         \
		REAL(ssize_t, #name, int, int, offset_type *, size_t);          \
		return found > 0 ? -1 : real(out, in, at, found < 0 && size > 1 ? size / 2 : size); \
	}
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t size, unsigned flags)
{
	int found = fault_fd("copy_file_range", CHANGES | GROWS, out);
	REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
	return found > 0 ? -1 : real(in, in_at, out, out_at, found < 0 && size > 1 ? size / 2 : size, flags);
}

static long jump_at;
static long long jump_seconds;
static atomic_long asked;

/* Shift the clock by seconds from the `nth` question for the time on, and return how often it was asked. */
long faults_clock(long nth, long long seconds)
{
	jump_at = nth, jump_seconds = seconds;
	return atomic_exchange(&asked, 0);
}

static long long shift(void)
{
	return jump_at && atomic_fetch_add(&asked, 1) + 1 >= jump_at ? jump_seconds : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	REAL(int, "clock_gettime", clockid_t, struct timespec *);
	int result = real(clock, now);
	if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += shift();
	return result;
}

int gettimeofday(struct timeval *now, void *zone)
{
	REAL(int, "gettimeofday", struct timeval *, void *);
	int result = real(now, zone);
	if (!result)
		now->tv_sec += shift();
	return result;
}

time_t time(time_t *now)
{
	REAL(time_t, "time", time_t *);
	time_t found = real(NULL) + shift();
	if (now)
		*now = found;
	return found;
}
