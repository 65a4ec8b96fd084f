/*
 * Walks the tree of commands: at each level the options of that level, then the name of a child.
 * A level with children stops at its first argument, so that an option belongs to the command
 * it follows.
 */
#include "base/command.h"

#include <errno.h>

#include "base/suggestion.h"

const Command *command_child(const Command *parent, const char *name)
{
    for (const Command *const *c = parent->children; c && *c; c++) {
        if (str_eq((*c)->name, name))
            return *c;
        for (const char *const *alias = (*c)->aliases; alias && *alias; alias++)
            if (str_eq(*alias, name))
                return *c;
    }
    return NULL;
}

static int command_unknown(const Command *parent, const char *path, const char *name, Error *error)
{
    Suggestion suggestion = { .wanted = name };
    for (const Command *const *c = parent->children; c && *c; c++) {
        if ((*c)->hidden)
            continue;
        suggestion_offer(&suggestion, (*c)->name);
        for (const char *const *alias = (*c)->aliases; alias && *alias; alias++)
            suggestion_offer(&suggestion, *alias);
    }
    if (suggestion.best)
        return error_set(error, ERROR_USAGE, EINVAL, "unknown command '%s %s' (did you mean '%s'?)",
                         path, name, suggestion.best);
    return error_set(error, ERROR_USAGE, EINVAL, "unknown command '%s %s' (see '%s --help')", path,
                     name, path);
}

static int command_refused(const Command *command, Error *error)
{
    return error_set(error, ERROR_USAGE, EOPNOTSUPP, "%s", command->refusal);
}

int command_find(const Command *root, char *const *words, size_t count, Arena *arena,
                 CommandCall *ret_call, Error *error)
{
    CommandCall call = { .command = root, .path = root->name, .arena = arena };
    for (size_t i = 0; i < count; i++) {
        const Command *child = command_child(call.command, words[i]);
        if (!child)
            return command_unknown(call.command, call.path, words[i], error);
        call.command = child;
        call.path = arena_printf(arena, "%s %s", call.path, child->name);
        if (child->refusal)
            return command_refused(child, error);
    }
    *ret_call = call;
    return 0;
}

/* In Go's words, which runc's users know. */
static int command_wrong_number(const CommandCall *call, Error *error)
{
    size_t min = call->command->arguments_min, max = call->command->arguments_max;
    bool few = call->argument_count < min;
    const char *word = few ? "a minimum of" : "a maximum of";
    return error_set(error, ERROR_USAGE, EINVAL, "\"%s\" requires %s %zu argument(s)",
                     call->command->name, min == max ? "exactly" : word, few ? min : max);
}

static int command_check_arguments(const CommandCall *call, bool go_spelling, Error *error)
{
    const Command *command = call->command;
    bool fits = call->argument_count >= command->arguments_min &&
                call->argument_count <= command->arguments_max;
    if (!fits && go_spelling)
        return command_wrong_number(call, error);
    const char *shape = command->arguments ? command->arguments : "";
    if (call->argument_count < command->arguments_min)
        return error_set(error, ERROR_USAGE, EINVAL, "an argument is missing (usage: %s%s%s%s)",
                         call->path, command->options ? " [OPTIONS]" : "",
                         command->arguments ? " " : "", shape);
    if (call->argument_count > command->arguments_max)
        return error_set(error, ERROR_USAGE, EINVAL, "unexpected argument '%s' (usage: %s%s%s%s)",
                         call->arguments[command->arguments_max], call->path,
                         command->options ? " [OPTIONS]" : "", command->arguments ? " " : "",
                         shape);
    return 0;
}

/* One level: a struct for its values, its options, its arguments. */
static int command_parse_level(CommandCall *call, OptionLine line, StrList *ret_arguments,
                               Error *error)
{
    const Command *command = call->command;
    call->values = NULL;
    if (command->values_size) {
        call->values = arena_alloc(call->arena, command->values_size);
        if (command->defaults)
            call->values = arena_copy(call->arena, command->defaults, command->values_size);
    }
    line.options = command->options;
    return option_parse(&line, call->values, call->arena, ret_arguments, error);
}

int command_parse(const Command *root, char *const *words, size_t count, Arena *arena,
                  CommandCall *ret_call, Error *error)
{
    CommandCall *call = ret_call;
    *call = (CommandCall){ .command = root, .path = root->name, .arena = arena };
    StrList left = { 0 };
    OptionLine line = {
        .go_spelling = root->go_spelling,
        .words = words + (count > 0),
        .count = count - (count > 0),
    };
    for (;;) {
        line.mode = call->command->children ? OPTION_STOP_AT_ARGUMENT : call->command->mode;
        int r = command_parse_level(call, line, &left, error);
        if (call->command == root)
            call->globals = call->values;
        if (r != 0)
            return r < 0 ? r : COMMAND_HELP;
        if (!call->command->children || (left.count == 0 && call->command->run))
            break;
        if (left.count == 0)
            return COMMAND_HELP;
        const Command *child = command_child(call->command, left.items[0]);
        if (!child &&
            call->command->arguments) { /* `ambit ns 4026531833`, beside `ambit ns keep` */
            line.mode = call->command->mode;
            r = command_parse_level(call, line, &left, error);
            if (r == 0)
                break;
            return r < 0 ? r : COMMAND_HELP;
        }
        if (!child)
            return command_unknown(call->command, call->path, left.items[0], error);
        call->command = child;
        call->path = arena_printf(arena, "%s %s", call->path, child->name);
        if (child->refusal)
            return command_refused(child, error);
        line.words = left.items + 1;
        line.count = left.count - 1;
    }
    static char *const nothing[] = { NULL };
    call->arguments = left.count ? left.items : nothing;
    call->argument_count = left.count;
    return command_check_arguments(call, root->go_spelling, error);
}
