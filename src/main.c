#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "doctor/doctor.h"
#include "gateway.h"
#include "http/health.h"
#include "version.h"

enum { EXIT_SETTINGS = 2 }; /* settings or command line not usable */

enum action {
    ACTION_RUN,
    ACTION_CHECK,
    ACTION_DOCTOR,
    ACTION_HEALTH,
    ACTION_HELP,
    ACTION_SAMPLE,
    ACTION_VERSION,
};

struct command {
    enum action action;
    const char *file;
    const char *log;
};

enum { OPTION_LOG = 'l' };

static const char usage[] =
    "Usage: jigate [OPTION]...\n"
    "       jigate doctor [--config FILE] [--log FILE]\n"
    "Jigate lets phones into Jitsi meetings, by way of Jigasi.\n"
    "\n"
    "  -c, --config FILE  read settings from FILE too; the environment wins\n"
    "      --check        check the settings and exit: 0 usable, 2 not\n"
    "      --health       ask the gateway that runs: exit 0 alive, 1 not\n"
    "      --sample       print a commented file of settings for --config\n"
    "  -h, --help         print this\n"
    "  -V, --version      print the version\n"
    "\n"
    "jigate doctor says what will not work in this installation, and what to\n"
    "change: exit 0 no fault, 1 faults, 2 settings not usable. It looks at "
    "the\n"
    "gateway that runs, with the same settings, and changes nothing.\n"
    "\n"
    "      --log FILE     look for refused calls in a log of the gateway, -\n"
    "                     for the standard input\n"
    "\n"
    "Settings are environment variables, or lines NAME=value of FILE.\n";

static int parse(struct command *cmd, int argc, char *const *argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, ACTION_CHECK},
        {"health", no_argument, NULL, ACTION_HEALTH},
        {"help", no_argument, NULL, ACTION_HELP},
        {"log", required_argument, NULL, OPTION_LOG},
        {"sample", no_argument, NULL, ACTION_SAMPLE},
        {"version", no_argument, NULL, ACTION_VERSION},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
        if (c == '?')
            return EXIT_SETTINGS;
        if (c == 'c')
            cmd->file = optarg;
        else if (c == OPTION_LOG)
            cmd->log = optarg;
        else if (c == 'h')
            cmd->action = ACTION_HELP;
        else if (c == 'V')
            cmd->action = ACTION_VERSION;
        else
            cmd->action = (enum action)c;
    }
    if (optind + 1 == argc && strcmp(argv[optind], "doctor") == 0) {
        if (cmd->action == ACTION_RUN)
            cmd->action = ACTION_DOCTOR;
        return 0;
    }
    if (optind == argc && cmd->log) {
        fputs("jigate: --log belongs to \"jigate doctor\"\n", stderr);
        return EXIT_SETTINGS;
    }
    if (optind == argc)
        return 0;
    fprintf(stderr, "jigate: expected options only, got \"%s\"\n",
            argv[optind]);
    return EXIT_SETTINGS;
}

static int do_help(const struct command *cmd)
{
    fputs(usage, stdout);
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

    if (parse(&cmd, argc, argv)) {
        fputs("Try \"jigate --help\".\n", stderr);
        return EXIT_SETTINGS;
    }
    return actions[cmd.action](&cmd);
}
