/*
 * Lets the n-th allocation fail, in a program that knows nothing of it:
 * LD_PRELOAD=libfailing.so. The file named by JIGATE_TEST_FAILING holds a
 * struct failing that is shared with the test; JIGATE_TEST_FAILING_IN names,
 * separated by colons, the programs and libraries whose allocations count,
 * each by the beginning of its file's name.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RANGES_MAX = 64 };

/* As the test reads and writes it. */
struct failing {
    int64_t left;     /* allocations until one fails; 0 or less: none does */
    uint64_t seen;    /* allocations that counted since left was set */
    uint64_t where;   /* address in the file of the caller that failed … */
    char object[104]; /* … and that file */
};

struct range {
    uintptr_t begin;
    uintptr_t end;
    uintptr_t base;
    char name[64];
};

static struct failing *shared;
static struct range ranges[RANGES_MAX];
static size_t n_ranges;

static int wanted(const char *name)
{
    const char *list = getenv("JIGATE_TEST_FAILING_IN");

    while (list && *list) {
        size_t n = strcspn(list, ":");

        if (n && strncmp(name, list, n) == 0)
            return 1;
        list += n + (list[n] == ':');
    }
    return 0;
}

static int object_h(struct dl_phdr_info *info, size_t size, void *arg)
{
    const char *path = *info->dlpi_name ? info->dlpi_name : "/jigate";
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    for (int i = 0; i < info->dlpi_phnum && wanted(name); i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        struct range *r = &ranges[n_ranges];

        if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) ||
            n_ranges == RANGES_MAX)
            continue;
        r->base = info->dlpi_addr;
        r->begin = r->base + p->p_vaddr;
        r->end = r->begin + p->p_memsz;
        snprintf(r->name, sizeof(r->name), "%s", name);
        n_ranges++;
    }
    return 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("JIGATE_TEST_FAILING");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p;

    if (fd < 0)
        return;
    dl_iterate_phdr(object_h, NULL);
    p = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p != MAP_FAILED)
        shared = p;
}

static int fails(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;

    if (!shared || __atomic_load_n(&shared->left, __ATOMIC_RELAXED) <= 0)
        return 0;
    for (size_t i = 0; i < n_ranges; i++) {
        const struct range *r = &ranges[i];

        if (at < r->begin || at >= r->end)
            continue;
        __atomic_add_fetch(&shared->seen, 1, __ATOMIC_RELAXED);
        if (__atomic_sub_fetch(&shared->left, 1, __ATOMIC_RELAXED))
            return 0;
        shared->where = at - r->base;
        memcpy(shared->object, r->name, sizeof(r->name));
        errno = ENOMEM;
        return 1;
    }
    return 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CALLER     __builtin_return_address(0)

void *malloc(size_t size)
{
    static __typeof__(&malloc) next;

    if (!next)
        next = NEXT(malloc);
    return fails(CALLER) ? NULL : next(size);
}

void *calloc(size_t n, size_t size)
{
    static __typeof__(&calloc) next;

    if (!next)
        next = NEXT(calloc);
    return fails(CALLER) ? NULL : next(n, size);
}

void *realloc(void *p, size_t size)
{
    static __typeof__(&realloc) next;

    if (!next)
        next = NEXT(realloc);
    return fails(CALLER) ? NULL : next(p, size);
}

char *strdup(const char *s)
{
    return fails(CALLER) ? NULL : NEXT(strdup)(s);
}

char *strndup(const char *s, size_t n)
{
    return fails(CALLER) ? NULL : NEXT(strndup)(s, n);
}

int vasprintf(char **sp, const char *fmt, va_list ap)
{
    return fails(CALLER) ? -1 : NEXT(vasprintf)(sp, fmt, ap);
}

int asprintf(char **sp, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (fails(CALLER))
        return -1;
    va_start(ap, fmt);
    n = NEXT(vasprintf)(sp, fmt, ap);
    va_end(ap);
    return n;
}
