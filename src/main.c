#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "command_line.h"
#include "config/config.h"
#include "doctor/doctor.h"
#include "gateway.h"
#include "http/health.h"
#include "version.h"

enum { EXIT_SETTINGS = 2 }; /* settings or command line not usable */

static int do_help(const struct command *cmd)
{
    fputs(command_line_usage, stdout);
    config_help(stdout);
    return 0;
}

static int do_sample(const struct command *cmd)
{
    config_sample(stdout);
    return 0;
}

static int do_version(const struct command *cmd)
{
    puts("jigate " JIGATE_VERSION);
    return 0;
}

/* Load settings, telling faults to the standard error. */
static int load(struct config *cfg, const struct command *cmd)
{
    int err = config_load(cfg, cmd->file, environ, stderr);

    /* All faults in one go; without memory there may be no settings. */
    if (cfg->keys && gateway_check(cfg, stderr))
        err = EINVAL;
    if (err)
        fputs("jigate: the settings are not usable; \"jigate --help\" "
              "explains them\n",
              stderr);
    return err ? EXIT_SETTINGS : 0;
}

/* No fault of the settings: another user may be allowed to. */
static void check_state_dir(const struct config *cfg)
{
    int err = cfg->engine == CONFIG_ENGINE_EMBEDDED
                  ? config_state_dir_try(cfg->state_dir)
                  : 0;

    if (err)
        fprintf(stderr,
                "warning: JIGATE_STATE_DIR: expected a folder that this user "
                "may write to, got \"%s\": %s; registrations will not "
                "outlive a restart\n",
                cfg->state_dir, strerror(err));
}

static int do_check(const struct command *cmd)
{
    struct config cfg;
    int err = load(&cfg, cmd);

    if (!err) {
        check_state_dir(&cfg);
        puts("jigate: the settings are usable");
    }
    config_reset(&cfg);
    return err;
}

/* Faults do not matter here: secrets may be readable to the service only. */
static int do_health(const struct command *cmd)
{
    struct config cfg;
    FILE *nowhere = fopen("/dev/null", "w");
    int err = 1;

    if (!nowhere)
        return 1;
    config_load(&cfg, cmd->file, environ, nowhere);
    fclose(nowhere);
    if (cfg.rest_address && cfg.rest_port)
        err = health_ask(cfg.rest_address, cfg.rest_port, stderr) ? 1 : 0;
    config_reset(&cfg);
    return err;
}

/* A program without the engine goes on, so that all else is looked at. */
static int examine(const struct config *cfg, const struct command *cmd,
                   const char *notes)
{
    struct doctor_order order = {
        .cfg = cfg,
        .env = environ,
        .file = cmd->file,
        .log = cmd->log,
        .notes = notes,
        .out = stdout,
    };

    return doctor_run(&order) ? EXIT_FAILURE : 0;
}

static int do_doctor(const struct command *cmd)
{
    struct config cfg = {0};
    char *notes = NULL;
    size_t len;
    FILE *told = open_memstream(&notes, &len);
    int err, lacking = 0, status = EXIT_FAILURE;

    if (!told)
        return EXIT_FAILURE;
    err = config_load(&cfg, cmd->file, environ, told);
    if (!err)
        lacking = gateway_check(&cfg, told);
    fclose(told);
    if (err)
        doctor_tell_settings(notes, stdout);
    else
        status = examine(&cfg, cmd, notes);
    if (err || lacking)
        status = EXIT_SETTINGS;
    free(notes);
    config_reset(&cfg);
    return status;
}

/* A call takes four sockets: more than the usual 1024 are wanted. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int do_run(const struct command *cmd)
{
    struct config cfg;
    struct log *log = NULL;
    struct gateway *g = NULL;
    int status = load(&cfg, cmd);

    if (!status) {
        status = EXIT_FAILURE;
        raise_file_limit();
        if (!log_alloc(&log, STDERR_FILENO, cfg.log_level) &&
            !gateway_alloc(&g, &cfg, log)) {
            gateway_run(g);
            status = 0;
        }
    }
    gateway_free(g);
    log_free(log);
    config_reset(&cfg);
    return status;
}

int main(int argc, char **argv)
{
    static int (*const actions[])(const struct command *cmd) = {
        [ACTION_RUN] = do_run,         [ACTION_CHECK] = do_check,
        [ACTION_DOCTOR] = do_doctor,   [ACTION_HEALTH] = do_health,
        [ACTION_HELP] = do_help,       [ACTION_SAMPLE] = do_sample,
        [ACTION_VERSION] = do_version,
    };
    struct command cmd = {.action = ACTION_RUN};

    if (command_line_read(&cmd, argc, argv)) {
        fputs("Try \"jigate --help\".\n", stderr);
        return EXIT_SETTINGS;
    }
    return actions[cmd.action](&cmd);
}
