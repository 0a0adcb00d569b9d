/**
 * What the program is asked to do.
 */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

enum action {
    ACTION_RUN,
    ACTION_CHECK,
    ACTION_DOCTOR,
    ACTION_HEALTH,
    ACTION_HELP,
    ACTION_SAMPLE,
    ACTION_VERSION,
};

/** Texts are of the command line. */
struct command {
    enum action action;
    const char *file; /* settings, NULL for the environment alone */
    const char *log;  /* doctor: of the gateway, "-", or NULL */
};

/** For --help; the settings follow. */
extern const char command_line_usage[];

/**
 * Read options and operands.
 *
 * @param cmd  Begins as what is done without any.
 * @return 0, or EINVAL: told on the standard error.
 */
int command_line_read(struct command *cmd, int argc, char *const *argv);

#endif
