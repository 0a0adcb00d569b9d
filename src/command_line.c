#include "command_line.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_LOG = 'l' };

const char command_line_usage[] =
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

int command_line_read(struct command *cmd, int argc, char *const *argv)
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
            return EINVAL;
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
        return EINVAL;
    }
    if (optind == argc)
        return 0;
    fprintf(stderr, "jigate: expected options only, got \"%s\"\n",
            argv[optind]);
    return EINVAL;
}
