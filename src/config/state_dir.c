#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

/* The gateway makes the folder itself where it may. */
static int try_parent(const char *dir)
{
    char parent[PATH_MAX];
    char *slash;

    snprintf(parent, sizeof(parent), "%s", dir);
    slash = strrchr(parent, '/');
    if (!slash)
        return access(".", W_OK | X_OK) ? errno : 0;
    slash[slash == parent] = '\0';
    return access(parent, W_OK | X_OK) ? errno : 0;
}

int config_state_dir_try(const char *dir)
{
    struct stat st;

    if (stat(dir, &st))
        return errno == ENOENT ? try_parent(dir) : errno;
    if (!S_ISDIR(st.st_mode))
        return ENOTDIR;
    return access(dir, R_OK | W_OK | X_OK) ? errno : 0;
}
